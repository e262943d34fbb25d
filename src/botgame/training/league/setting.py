"""What a league run is made from: the one description that `alphastar_league` hands to the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from botgame.game import Game, Policy
from botgame.games import load_game
from botgame.outputs import Check, folder_of, json_of, lines_with
from botgame.policies import load_policy
from botgame.training.alphastar.engine.choice import EngineChoice
from botgame.training.alphastar.engine.processes import processes_for
from botgame.training.alphastar.league.league import PLAYER, League, LeagueConfig
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.league.files import FORMAT, KIND
from botgame.training.rl.free_for_alls import RoyaleShare
from botgame.training.runs.paths import RunPaths, checkpoint_of


@dataclass(frozen=True)
class LeaguePaths:
    """Files of a league beside those of any run. good: folder of learning players from before a flag."""

    run: RunPaths
    state: Path
    matches: Path
    players: Path
    good: Path

    @staticmethod
    def inside(folder: Path) -> LeaguePaths:
        """All in one folder."""
        names = ("league_state.json", "matches.jsonl", "players", "good")
        return LeaguePaths(RunPaths.inside(folder, KIND), *(folder / name for name in names))

    def checkpoints_of(self, league: League, name: str) -> list[Path]:
        """`main.pt` for the first main agent, `main.FACTION.pt` for one that plays a faction alone."""
        first, faction = name == league.mains[0], league.faction(name)
        return [*([self.run.checkpoint] if first else []), *([self.main_of(faction)] if faction else [])]

    def more(self, factions: Iterable[str]) -> dict[Path, Check]:
        """What a league writes beside the files of any run, with the check of its kind."""
        checkpoint = checkpoint_of(KIND)
        mains = [self.main_of(faction) for faction in factions]
        return {
            **dict.fromkeys([*mains, *(path.with_suffix(".best.pt") for path in mains)], checkpoint),
            **dict.fromkeys([self.players, self.good], folder_of(self._player)),
            self.state: json_of(FORMAT),
            self.matches: lines_with("id", "round", "home"),
        }

    @staticmethod
    def _player(path: Path) -> Iterable[Path]:
        """The check of a player's file: it is a league's, and has a name that a league gives."""
        return checkpoint_of(KIND)(path) if PLAYER.fullmatch(path.stem) else [path]

    def main_of(self, faction: str) -> Path:
        """The main agent that plays this faction alone: `main.FACTION.pt`."""
        return self.run.checkpoint.with_suffix(f".{faction}.pt")


@dataclass(frozen=True)
class LeagueSchedule:
    """How long a league is and how often it commits.

    decisions: of the first main agent, after which the league ends though rounds are left; None: never.
    save_every: iterations between two commits.
    """

    rounds: int
    iterations_per_round: int
    decisions: int | None
    save_every: int

    @property
    def iterations(self) -> int:
        """Iterations of all rounds."""
        return self.rounds * self.iterations_per_round


@dataclass(frozen=True)
class EvaluationPlan:
    """Held-out duels: a round against the yardstick and the best version, and against each of so many past selves.

    cross_play_players, cross_play_matches: who meets whom, and how often, after the last round.
    """

    matches: int
    past_selves: int
    past_matches: int
    cross_play_players: int
    cross_play_matches: int


@dataclass(frozen=True)
class LeagueSetting:
    """One league in `game`. bots: fixed players by name, the game's yardstick among them.

    game_name: what `load_game` makes the game from, for other processes.
    opponent_slots: pairings that a player draws for an iteration. players_in_memory: frozen networks kept loaded.
    exploiter_share: an exploiter's share of a main agent's matches. reset_from_main: exploiters start anew from the
    main agent's weights instead of the supervised ones. engine: where it acts.
    """

    game: Game
    config: RLConfig
    league: LeagueConfig
    paths: LeaguePaths
    bots: dict[str, Policy]
    schedule: LeagueSchedule
    evaluation: EvaluationPlan
    duration_ticks: int
    game_name: str
    seed: int = 0
    threads: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    opponent_slots: int = 4
    players_in_memory: int = 24
    exploiter_share: float = 0.25
    reset_from_main: bool = False
    styles: StyleConfig = field(default_factory=StyleConfig)
    royale: RoyaleShare = field(default_factory=RoyaleShare)
    engine: EngineChoice = field(default_factory=EngineChoice)

    @property
    def slots(self) -> int:
        """How many matches of a main agent run at once."""
        return sum(table.slots for table in self.royale.tables(self.config.matches, self.game.seats))

    @property
    def processes(self) -> int:
        """How many processes the league has on one machine."""
        return processes_for(
            self.threads,
            self.slots,
            self.config.batch_size,
            on_cpu=self.device.type == "cpu",
            compiled=self.config.compile,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the game and the bots themselves, for a process that makes them again, on a CPU."""
        names = (each.name for each in fields(self) if each.name != "game")
        return {name: getattr(self, name) for name in names} | {"bots": list(self.bots), "device": torch.device("cpu")}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> LeagueSetting:
        """Inverse of `to_dict`. Raises UserError for a game or a bot that cannot be found."""
        game = load_game(data["game_name"])
        bots = {name: load_policy(game, name, str(data["device"])) for name in data["bots"]}
        return LeagueSetting(**{**data, "game": game, "bots": bots})
