"""One learning player as the league's loop sees it: its trainer, and the opponents that the league's rules choose."""

from __future__ import annotations

from typing import Any

from botgame.game import Ended
from botgame.standings import order_of
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.engine.engine import Engine
from botgame.training.alphastar.league.league import League
from botgame.training.alphastar.league.matchmaking import Pairing
from botgame.training.alphastar.learner.trainer import Iteration, Trainer
from botgame.training.league.files import GameRecord
from botgame.training.league.setting import LeagueSetting
from botgame.training.league.worker import LeagueWorker, Opposition


class Roster:
    """Numbers for player names, as match set-ups want them; 0 is the player that learns."""

    def __init__(self, names: list[str] | None = None) -> None:
        self.names = list(names or [])

    def number(self, name: str) -> int:
        """The number of `name`, a new one if it has none."""
        if name not in self.names:
            self.names.append(name)
        return 1 + self.names.index(name)

    def name(self, number: int) -> str:
        """Inverse of `number`."""
        return self.names[number - 1]


class Seat:
    """Learning player `name` of `league`. `generation` counts how often it started anew."""

    def __init__(
        self,
        name: str,
        setting: LeagueSetting,
        league: League,
        engine: Engine[LeagueWorker],
        roster: Roster,
        state: dict[str, Any] | None = None,
    ) -> None:
        """`roster`: of all learning players together. state: what `restore` gets then."""
        self.name, self.generation = name, int(state["generation"]) if state else 0
        self._setting, self._league, self._engine, self._roster = setting, league, engine, roster
        self._pairings: list[Pairing] = []
        self.trainer = self._begin(state["teacher"] if state else None)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `snapshot`, when all learning players have their seats: its matches may be against any."""
        # Leagues that were begun before 2026-11-29 have a third field.
        self._pairings = [Pairing(home, away) for home, away, *_ in state["pairings"]]
        self._oppose()
        self.trainer.load_state_dict(state["trainer"])

    def iterate(self, progress: float) -> Iteration:
        """Ask the league for this iteration's pairings, then act and learn; `progress`: see `Trainer.iterate`."""
        self._pairings = [self._league.request(self.name) for _ in range(self._setting.opponent_slots)]
        self._oppose()
        return self.trainer.iterate(progress)

    def start_anew(self) -> None:
        """Go on from the weights that the player starts from, which teach it too, with matches and optimiser anew."""
        old = self.trainer
        self.generation += 1
        self.trainer = self._begin()
        self.trainer.learner.steps = old.learner.steps
        self.trainer.episodes, self.trainer.decisions = old.episodes, old.decisions

    def game(self, match: Ended) -> GameRecord:
        """A finished match of this player, with names."""
        players, seed, ticks = match.setup.players, match.setup.seed, match.outcome.ticks
        names = [self._roster.name(number) if number != LEARNER else self.name for number in players]
        if len(players) > 2:
            places = match.outcome.places.tolist()
            return GameRecord(self.name, "", 0, seed, ticks, tuple(zip(names, places, strict=True)))
        own = players.index(LEARNER)
        return GameRecord(self.name, names[1 - own], order_of(match.outcome.places, own, 1 - own), seed, ticks)

    def snapshot(self) -> dict[str, Any]:
        """Everything that decides how this player goes on; the network's weights are in the trainer's."""
        teacher = self._engine.worker.teachers[self.name]
        return {
            "generation": self.generation,
            "pairings": [list(pairing) for pairing in self._pairings],
            "teacher": teacher.state_dict() if self.generation else None,
            "trainer": self.trainer.state_dict(),
        }

    def _begin(self, teacher: Weights | None = None) -> Trainer:
        """A trainer of fresh weights, which are its teacher unless one is given."""
        self._engine.everywhere("enter", self.name, self.generation, teacher)
        worker = self._engine.worker
        parts = self._engine.parts(self.name, worker.size_of(self.name))
        return Trainer(parts, worker.networks[self.name], worker.config(self.name), device=self._setting.device)

    def _oppose(self) -> None:
        """Let every process know the opponents of the present pairings."""
        opponents = [pairing.away for pairing in self._pairings]
        for name in opponents:
            if name != self.name:
                self._roster.number(name)
        factions = {name: self._league.faction(name) for name in (self.name, *opponents)}
        self._engine.everywhere("oppose", self.name, Opposition(opponents, factions, list(self._roster.names)))
