"""The league's rules: its players, who plays whom, when a player is frozen and when it is reset.

After Vinyals et al. (Nature 575, 2019): main agents play everybody and are never reset; main exploiters look for
weaknesses of the live main agents, league exploiters for weaknesses of the whole history. The league knows names,
results and step counts, but no networks: the owner of the weights passes in a `Store`. All state is plain JSON, and
random numbers come from a counter, so a league that is saved and restored goes on with the same bits.

Order matters: a player is frozen *before* it is reset, else the frozen copy would be the fresh network.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from botgame import rng
from botgame.json_reading import converted
from botgame.training.alphastar.league import matchmaking
from botgame.training.alphastar.league.matchmaking import Frozen, Pairing, View
from botgame.training.alphastar.league.payoff import Payoff
from botgame.training.alphastar.league.roles import EXPLOITERS, MAIN, ROLES

SCRIPTED = "scripted"
# What learning players and frozen ones are called.
PLAYER = re.compile(rf"({MAIN}\d+|{MAIN}_[\w-]+|({'|'.join(EXPLOITERS)})\d+)(\.v\d+)?")


class Store(Protocol):
    """The owner of the players' weights."""

    def freeze(self, player: str, frozen: str) -> None:
        """Keep a copy of the weights of learning `player` under the name `frozen`; it is never changed or deleted."""

    def reset(self, player: str) -> None:
        """Set learning `player` back to the weights that it started from."""


@dataclass(frozen=True)
class LeagueConfig:
    """Size of the league and its thresholds. Steps are decisions of the learning player."""

    mains: int = 1
    factions: tuple[str, ...] = ()  # the only faction of each main agent, one for each; (): all play every faction
    exploiters: Mapping[str, int] = field(default_factory=dict)  # how many of each role, none if left out
    scripted: tuple[str, ...] = ()  # bots that count as frozen players from the start
    decay: float = 0.99  # memory of the payoff: about 1 / (1 - decay) games of a pair
    min_phase_steps: int = 2_000_000_000  # a player is frozen this long after the last time at the earliest
    timeout_steps: int = 4_000_000_000  # and this long at the latest, whether or not it beats all
    beats_all: float = 0.7  # win rate that is needed against each opponent to be frozen early
    min_games: float = 8.0  # (decayed) games against each of them before that win rate is trusted
    exploiter_phase: float = 1.0  # exploiters' min_phase_steps and timeout_steps, as a multiple of the main agents'
    forget_on_reset: bool = True  # a reset player has no record; the published league kept the old one
    rules: matchmaking.MatchmakingRules = field(default_factory=matchmaking.MatchmakingRules)  # the published ones

    def __post_init__(self) -> None:
        """Check that such a league can run."""
        if self.mains < 1:
            raise ValueError("a league needs at least one main agent")
        if self.factions and len(set(self.factions)) != self.mains:
            raise ValueError(f"expected a faction of its own for each of {self.mains} main agents, got {self.factions}")
        if not set(self.exploiters) <= set(EXPLOITERS) or min(self.exploiters.values(), default=0) < 0:
            raise ValueError(f"expected a number of 0 or more for roles among {', '.join(EXPLOITERS)}")
        if not 0 < self.min_phase_steps <= self.timeout_steps:
            raise ValueError("expected 0 < min_phase_steps <= timeout_steps")
        if not 0 < self.decay <= 1:
            raise ValueError("expected a payoff decay above 0 and at most 1")
        if not self.exploiter_phase > 0:
            raise ValueError("expected exploiter_phase above 0")

    @property
    def main_factions(self) -> dict[str, str]:
        """The main agents by name, each with its only faction or ""."""
        if self.factions:
            return {f"main_{faction}": faction for faction in self.factions}
        return {f"main{number}": "" for number in range(1, self.mains + 1)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> LeagueConfig:
        """Inverse of `dataclasses.asdict` through JSON. Raises ValueError for foreign data."""
        return converted(data, LeagueConfig)


@dataclass
class LearningPlayer:
    """The counters of a learning player.

    steps: decisions it has learned from; mark: its steps when it was last frozen; copies: number of frozen copies.
    faction: the only one that it plays, "" for a player of every faction.
    """

    name: str
    role: str
    steps: int = 0
    mark: int = 0
    copies: int = 0
    resets: int = 0
    games: int = 0
    faction: str = ""

    @property
    def is_main(self) -> bool:
        """Whether it is one of the agents that the league is for."""
        return self.role == MAIN


@dataclass(frozen=True)
class Review:
    """What `League.review` did: it froze `player` as `frozen` and then, if `reset`, put it back to its start."""

    player: str
    frozen: str
    reset: bool
    beat_all: bool


class League:
    """Players, payoff and random stream of one league. `League.start` makes a new one."""

    def __init__(self, config: LeagueConfig, seed: int) -> None:
        self.config, self.seed = config, seed
        self.payoff = Payoff(config.decay)
        self.learners: dict[str, LearningPlayer] = {}
        self.frozen: list[Frozen] = [Frozen(name, SCRIPTED, "") for name in config.scripted]
        self._draws = 0

    @staticmethod
    def start(config: LeagueConfig, seed: int, store: Store) -> League:
        """A new league in which every main agent's first weights are frozen, so history is never empty."""
        league = League(config, seed)
        for name, faction in config.main_factions.items():
            league.learners[name] = LearningPlayer(name, MAIN, faction=faction)
        for role in EXPLOITERS:
            for number in range(1, config.exploiters.get(role, 0) + 1):
                league.learners[f"{role}{number}"] = LearningPlayer(f"{role}{number}", role)
        for name in league.mains:
            league._freeze(league.learners[name], store)
        return league

    @property
    def mains(self) -> list[str]:
        """Names of the live main agents."""
        return [learner.name for learner in self.learners.values() if learner.is_main]

    @property
    def names(self) -> list[str]:
        """All players: learning ones, then frozen ones, oldest first."""
        return [*self.learners, *(player.name for player in self.frozen)]

    def uniform(self) -> float:
        """The next number in [0, 1) of the league's own stream."""
        key = np.array([rng.derive(self.seed, self._draws)], dtype=np.uint64)
        self._draws += 1
        return float(rng.uniforms(key, 1)[0, 0])

    def request(self, asker: str) -> Pairing:
        """The next match of learning player `asker` by the rules of its role."""
        role = ROLES[self.learners[asker].role]
        return role.opponent(asker, self._view(), self.config.rules, self.uniform)

    def faction(self, name: str) -> str:
        """The only faction that a player plays; "" for one of every faction."""
        if name in self.learners:
            return self.learners[name].faction
        return next((player.faction for player in self.frozen if player.name == name), "")

    def report(self, home: str, orders: Mapping[str, Sequence[int]]) -> None:
        """Count a finished match that `home` asked for.

        orders: for each other player, how the seats of `home` finished against its seats: +1 above, 0 level, -1 below;
        in a duel one result.
        """
        for away, results in orders.items():
            self.payoff.update(home, away, *results)
        self.learners[home].games += 1

    def review(self, name: str, store: Store) -> Review | None:
        """Freeze learning player `name` if it is due, and perhaps reset it. Call it after reporting its matches."""
        learner = self.learners[name]
        scale = 1.0 if learner.is_main else self.config.exploiter_phase
        elapsed = (learner.steps - learner.mark) / scale
        if elapsed < self.config.min_phase_steps:
            return None
        beat_all = self._beats_all(learner)
        if not beat_all and elapsed <= self.config.timeout_steps:
            return None
        frozen = self._freeze(learner, store)
        reset = self._resets(learner)
        if reset:
            store.reset(name)
            learner.resets += 1
            if self.config.forget_on_reset:
                self.payoff.forget(name)
        return Review(name, frozen, reset, beat_all)

    def _beats_all(self, learner: LearningPlayer) -> bool:
        targets = ROLES[learner.role].targets(self._view())
        enough = all(self.payoff.games(learner.name, name) >= self.config.min_games for name in targets)
        return enough and bool(self.payoff.win_rates(learner.name, targets).min() > self.config.beats_all)

    def _resets(self, learner: LearningPlayer) -> bool:
        chance = ROLES[learner.role].reset
        return chance > 0 and (chance >= 1 or self.uniform() < chance)

    def _view(self) -> View:
        return View(self.mains, self.frozen, self.payoff.win_rate)

    def _freeze(self, learner: LearningPlayer, store: Store) -> str:
        name = next(self.following(learner.name))
        store.freeze(learner.name, name)
        self.frozen.append(Frozen(name, learner.role, learner.name, learner.faction))
        learner.copies += 1
        learner.mark = learner.steps
        return name

    def following(self, name: str) -> Iterator[str]:
        """The names that the next frozen copies of learning player `name` will have."""
        return (f"{name}.v{copy}" for copy in itertools.count(self.learners[name].copies))

    def past_selves(self, name: str) -> Sequence[str]:
        """Frozen copies of learning player `name`, oldest first."""
        return [player.name for player in self.frozen if player.parent == name]

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain JSON types."""
        return {
            "seed": self.seed,
            "draws": self._draws,
            "config": asdict(self.config),
            "learners": [asdict(learner) for learner in self.learners.values()],
            "frozen": [player._asdict() for player in self.frozen],
            "payoff": self.payoff.snapshot(),
        }

    @staticmethod
    def restore(snapshot: dict[str, Any]) -> League:
        """Inverse of `snapshot`. Raises KeyError, TypeError or ValueError for foreign data."""
        league = League(LeagueConfig.from_dict(snapshot["config"]), converted(snapshot["seed"], int))
        league._draws = converted(snapshot["draws"], int)
        league.learners = {one.name: one for one in converted(snapshot["learners"], list[LearningPlayer])}
        league.frozen = [_frozen(entry) for entry in snapshot["frozen"]]
        league.payoff = Payoff.restore(snapshot["payoff"])
        return league


def _frozen(entry: dict[str, Any]) -> Frozen:
    return converted([entry[name] for name in Frozen._fields], Frozen)
