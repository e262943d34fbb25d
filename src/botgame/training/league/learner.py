"""One learning player at work: its trainer, and the stream of matches that the league's rules choose for it.

Each iteration draws a bounded number of pairings and shares the new matches among them in turn, so frozen networks
act in useful batches. A match keeps its opponent to its end. Only the player that asked for a match learns from it:
an exploiter's match never trains the main agent that it plays against. In live self-play both seats are the player.
In a free-for-all the other seats go to the opponents of several pairings in turn. A player of one faction plays that
faction in every seat, no matter which player asked for the match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botgame import rng
from botgame.game import Ended, Policy, Setup
from botgame.setups import drawn_factions
from botgame.standings import order_of
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.actors import matches_taken
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.league.league import League
from botgame.training.alphastar.league.matchmaking import Pairing
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.trainer import Iteration, Trainer
from botgame.training.alphastar.learner.workers import WorkersByKind
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.league.files import GameRecord
from botgame.training.league.players import Players
from botgame.training.league.setting import LeagueSetting
from botgame.training.rl.environment import STYLES, Opponents, make_environment
from botgame.training.rl.free_for_alls import Table

_MATCHES = 0x6C6561677565  # purpose of the training matches' random key
_SEAT = 64  # sub-key of the coin that seats the learner; smaller ones draw factions


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
        config: RLConfig,
        league: League,
        players: Players,
        roster: Roster,
        workers: WorkersByKind,
        state: dict[str, Any] | None = None,
    ) -> None:
        """`config`: the trainer's settings for this player, which are those of `setting` for a main agent."""
        self.name, self.generation = name, int(state["generation"]) if state else 0
        self._setting, self._game, self._config = setting, setting.game, config
        self._league, self._players, self._roster = league, players, roster
        self._workers = workers
        self._pairings = [Pairing(*fields) for fields in state["pairings"]] if state else []
        taken, teacher = (matches_taken(state["trainer"]["actor"]), state["teacher"]) if state else ((), None)
        self.trainer = self._make_trainer(taken, teacher)
        if state:
            self.trainer.load_state_dict(state["trainer"])

    def iterate(self, progress: float) -> Iteration:
        """Ask the league for this iteration's pairings, then act and learn; `progress`: see `Trainer.iterate`."""
        self._pairings = [self._league.request(self.name) for _ in range(self._setting.opponent_slots)]
        return self.trainer.iterate(progress)

    def start_anew(self) -> None:
        """Go on from the weights that the player starts from, which teach it too, with matches and optimiser anew."""
        old = self.trainer
        self.generation += 1
        self.trainer = self._make_trainer()
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
        return {
            "generation": self.generation,
            "pairings": [list(pairing) for pairing in self._pairings],
            "teacher": self._teacher.state_dict() if self.generation else None,
            "trainer": self.trainer.state_dict(),
        }

    def _make_trainer(self, taken: Sequence[int] = (), teacher: Weights | None = None) -> Trainer:
        """A trainer of fresh weights, which are its teacher unless one is given."""
        student = self._players.enter(self.name)
        self._teacher = self._players.teacher(student.state_dict() if teacher is None else teacher)
        player_seed = rng.derive(self._setting.seed, *self.name.encode(), self.generation)
        tables = self._setting.royale.tables(self._config.matches, self._game.seats)
        league, main = self._league, self._league.learners[self.name].is_main
        share = league.config.rules.self_play_share / len(league.mains) if main else 0.0
        styles = self._setting.styles if main else StyleConfig()  # as in AlphaStar, exploiters follow none
        starts = taken or [0] * len(tables)
        environments = [self._environment(player_seed, styles, *each) for each in zip(tables, starts, strict=True)]
        return Trainer(
            environments,
            student,
            self._teacher,
            self._config,
            learning_seats=1.0 + share,
            seed=player_seed,
            workers=self._workers,
            device=self._setting.device,
        )

    def _environment(self, seed: int, styles: StyleConfig, table: Table, taken: int) -> Environment:
        setups, key = self._setups(seed, taken, table.seats), rng.derive(seed, STYLES, table.seats)
        origin, opponents = self._players.origin, Opponents(self._opponent, self._may_wait)
        return make_environment(self._game, table, setups, opponents, origin=origin, styles=styles, seed=key)

    def _setups(self, seed: int, taken: int, seats: int) -> Iterator[Setup]:
        """Endless matches from number `taken` on, each with pairings of the iteration in which it begins."""
        episode, purpose = taken, (_MATCHES,) if seats == self._game.seats else (_MATCHES, seats)
        while True:
            key = rng.derive(seed, *purpose, episode)
            names = [self._turn(episode * (seats - 1) + other) for other in range(seats - 1)]
            names.insert(rng.derive(key, _SEAT) % seats, self.name)
            players = tuple(LEARNER if name == self.name else self._roster.number(name) for name in names)
            draws = [rng.derive(key, seat) for seat in range(seats)]
            factions = drawn_factions(self._game, draws, [self._league.faction(name) for name in names])
            yield Setup(key, players, factions, self._setting.duration_ticks, tag=episode)
            episode += 1

    def _turn(self, number: int) -> str:
        """The opponent of this iteration whose turn it is."""
        return self._pairings[number % len(self._pairings)].away

    def _opponent(self, number: int) -> Policy:
        return self._players.policy(self._roster.name(number))

    def _may_wait(self, number: int) -> bool:
        return self._players.is_network(self._roster.name(number))
