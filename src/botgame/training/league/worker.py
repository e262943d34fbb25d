"""What each process of a league holds: the players, and a share of the matches of every learning player.

Each iteration the league's rules give a learning player a bounded number of opponents, and its new matches are shared
among them in turn, so frozen networks act in useful batches. A match keeps its opponent to its end. Only the player
that asked for a match learns from it: an exploiter's match never trains the main agent that it plays against. In live
self-play both seats are the player. In a free-for-all the other seats go to several opponents in turn. A player of one
faction plays that faction in every seat, no matter which player asked for the match.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botgame import rng
from botgame.game import Policy, Setup
from botgame.setups import drawn_factions
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.engine.exchange import Exchange
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.plan import Fetch, ForgottenError, Key, Plan
from botgame.training.alphastar.engine.portions import Place, Table, hand_of
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.league.players import Players
from botgame.training.league.setting import LeagueSetting
from botgame.training.rl.environment import STYLES, Opponents, make_environment
from botgame.training.runs.origin import Origin

_MATCHES = 0x6C6561677565  # purpose of the training matches' random key
_FROZEN, _TEACHER = "frozen", "teacher"  # what keys of plans begin with
_SEAT = 64  # sub-key of the coin that seats the learner; smaller ones draw factions


class Opposition(NamedTuple):
    """Whom a learning player meets: opponents whose turn comes one after another, factions of it and of them.

    A faction is "" for a player of every faction. roster: the names of players 1, 2, ..., earlier opponents among them.
    """

    opponents: list[str]
    factions: dict[str, str]
    roster: list[str]


class Details(NamedTuple):
    """The small values of a plan. generation: of the player; live: the learning players that have to be there."""

    generation: int
    live: tuple[str, ...]
    opposition: Opposition


class LeagueWorker(Worker):
    """All learning players take turns in every process; one with few matches has none in some of them."""

    def __init__(self, setting: LeagueSetting, origin: Origin, place: Place, exchange: Exchange | None = None) -> None:
        self.players = Players(setting, origin)
        super().__init__(self.players.networks, exchange)
        self.teachers: dict[str, Network] = {}
        self._setting, self._place = setting, place
        self._opposition: dict[str, Opposition] = {}
        self._generations: dict[str, int] = {}

    def enter(self, player: str, generation: int, teacher: Weights | None = None) -> None:
        """Begin the work of a learning player, from the weights that it starts from; they teach it too, or others do.

        generation: how often it started anew.
        """
        setting, main = self._setting, player in self._setting.league.main_factions
        student = self.players.enter(player)
        self.teachers[player] = self.players.teacher(student.state_dict() if teacher is None else teacher)
        self._generations[player] = generation
        size = self.size_of(player)
        if self._place.rank >= size:
            return
        hand = hand_of(self._tables(player), self._place._replace(size=size))
        seed = rng.derive(setting.seed, *player.encode(), generation)
        rules, mains = setting.league.rules, len(setting.league.main_factions)
        self.parts[player] = Part(
            [self._environment(player, seed, table) for table in hand.tables],
            student,
            self.teachers[player],
            self.config(player),
            learning_seats=1.0 + (rules.self_play_share / mains if main else 0.0),
            seed=seed,
            rank=self._place.rank,
            portion=hand.portion,
            device=setting.device,
        )

    def oppose(self, player: str, opposition: Opposition) -> None:
        """From now on `player` meets these opponents."""
        self._opposition[player] = opposition

    def plan(self, player: str) -> Plan:
        """How to act for `player` elsewhere: see `begin` and `follow`."""
        opposition, generation = self._opposition[player], self._generations[player]
        others = [name for name in dict.fromkeys(opposition.opponents) if name != player]
        live = (player, *(name for name in others if name in self.networks))
        frozen = [name for name in others if name not in (*self.networks, *self._setting.bots)]
        lasting: dict[Key, Callable[[], Any]] = {
            (_FROZEN, name): functools.partial(self.players.frozen, name) for name in frozen
        }
        if generation:
            lasting[_TEACHER, player, generation] = self.teachers[player].state_dict
        return Plan(live, lasting, Details(generation, live, opposition))

    def begin(self, player: str, details: Details, fetch: Fetch) -> None:
        """Begin the work of a learning player as another process has."""
        generation = details.generation
        teacher = fetch((_TEACHER, player, generation)) if generation else self.players.origin.weights
        self.enter(player, generation, teacher)

    def follow(self, player: str, details: Details, fetch: Fetch) -> None:
        """Meet the opponents that another process has chosen; frozen ones are fetched."""
        self.players.read = functools.partial(self._fetched, fetch)
        for name in details.live:
            if name not in self.networks:
                self.players.enter(name)
        self.oppose(player, details.opposition)

    def _fetched(self, fetch: Fetch, name: str) -> dict[str, Any]:
        """A frozen player; one that was fetched too long ago from its file, where this machine has that."""
        try:
            return dict(fetch((_FROZEN, name)))
        except ForgottenError:
            if not self.players.path(name).exists():
                raise
            return self.players.frozen(name)

    def config(self, player: str) -> RLConfig:
        """The settings of a learning player, which are those of the league for a main agent."""
        setting = self._setting
        if player in setting.league.main_factions:
            return setting.config
        return exploiter_config(setting.config, setting.exploiter_share)

    def size_of(self, player: str) -> int:
        """How many processes have a part of a learning player."""
        return min(self._place.size, sum(table.slots for table in self._tables(player)))

    def _tables(self, player: str) -> list[Table]:
        return self._setting.royale.tables(self.config(player).matches, self._setting.game.seats)

    def _environment(self, player: str, seed: int, table: Table) -> Environment:
        styles = self._setting.styles if player in self._setting.league.main_factions else StyleConfig()
        return make_environment(
            self._setting.game,
            table,
            functools.partial(self._setups, player, seed, table.seats),
            Opponents(functools.partial(self._opponent, player), functools.partial(self._may_wait, player)),
            origin=self.players.origin,
            styles=styles,  # as in AlphaStar, exploiters follow none
            seed=rng.derive(seed, STYLES, table.seats),
            whole=True,  # the payoff counts the places of all seats
        )

    def _setups(self, player: str, seed: int, seats: int, numbers: Iterator[int]) -> Iterator[Setup]:
        """The matches of these numbers, each with opponents of the iteration in which it begins."""
        game, purpose = self._setting.game, (_MATCHES,) if seats == self._setting.game.seats else (_MATCHES, seats)
        for episode in numbers:
            key = rng.derive(seed, *purpose, episode)
            turns, factions, roster = self._opposition[player]
            seated = [turns[(episode * (seats - 1) + other) % len(turns)] for other in range(seats - 1)]
            seated.insert(rng.derive(key, _SEAT) % seats, player)
            players = tuple(LEARNER if name == player else 1 + roster.index(name) for name in seated)
            draws = [rng.derive(key, seat) for seat in range(seats)]
            drawn = drawn_factions(game, draws, [factions[name] for name in seated])
            yield Setup(key, players, drawn, self._setting.duration_ticks, tag=episode)

    def _opponent(self, player: str, number: int) -> Policy:
        return self.players.policy(self._opposition[player].roster[number - 1])

    def _may_wait(self, player: str, number: int) -> bool:
        return self.players.is_network(self._opposition[player].roster[number - 1])


def exploiter_config(config: RLConfig, share: float) -> RLConfig:
    """The trainer settings of an exploiter: `share` of a main agent's parallel matches, and so of its data and work.

    Neither its learning rates nor the weight of its KL fall with the run: it starts anew again and again, each time
    from its teacher.
    """
    matches = max(1, round(config.matches * share))
    return dataclasses.replace(config, matches_per_actor=matches, lr_end=1.0, kl_end=1.0)


def make_worker(place: Place, exchange: Exchange, setting: dict[str, Any], origin: Origin) -> LeagueWorker:
    """The worker of a child process. setting: `LeagueSetting.to_dict` of the parent's."""
    return LeagueWorker(LeagueSetting.from_dict(setting), origin, place, exchange)
