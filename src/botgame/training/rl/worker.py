"""What each process of an RL run holds: the learner's network, its teacher, opponents, a share of the matches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botgame import rng
from botgame.game import Game, Setup
from botgame.setups import drawn_factions
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.opponents import PAST, OpponentPool, Weights
from botgame.training.alphastar.engine.exchange import Exchange
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.plan import Fetch, Key, Plan
from botgame.training.alphastar.engine.portions import Place, Table, hand_of
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.evaluation.duels import DUEL
from botgame.training.rl.environment import STYLES, Opponents, make_environment
from botgame.training.rl.setting import RLSetting

PLAYER = "learner"
_TRAINING = 0x747261696E  # purpose of the training matches' random key


def training_setups(game: Game, seed: int, pool: OpponentPool, seats: int, numbers: Iterator[int]) -> Iterator[Setup]:
    """The matches of these numbers, with players drawn by the pool and factions by seed.

    An opponent of one faction plays that one.
    """
    usual = seats == game.seats
    for episode in numbers:
        key = rng.derive(seed, _TRAINING, episode) if usual else rng.derive(seed, _TRAINING, seats, episode)
        players = pool.draw(episode)[1] if seats == DUEL else pool.draw_royale(episode, seats)
        draws = [rng.derive(key, seat) for seat in range(seats)]
        factions = drawn_factions(game, draws, [pool.faction(player) for player in players])
        yield Setup(key, players, factions, game.duration_ticks, tag=episode)


class RLWorker(Worker):
    """One learning player, `PLAYER`. Every process freezes and chooses the same past selves at the same time."""

    def __init__(self, setting: RLSetting, place: Place, exchange: Exchange | None = None) -> None:
        self._setting, self._place = setting, place
        super().__init__({PLAYER: setting.network(setting.origin.weights)}, exchange)
        self.pool = self._pool()
        self.parts[PLAYER] = self._part()

    @property
    def size(self) -> int:
        """How many processes act."""
        return self._place.size

    def plan(self, player: str) -> Plan:
        """How to act elsewhere: see `begin` and `follow`."""
        pool = self.pool.snapshot()
        weights = pool.pop("weights")
        lasting: dict[Key, Callable[[], Weights]] = {
            (PAST, number): functools.partial(weights.get, number) for number in weights
        }
        return Plan((player,), lasting, pool)

    def begin(self, player: str, _details: dict[str, Any], _fetch: Fetch) -> None:
        """Begin anew, without running matches."""
        self.pool = self._pool()
        self.parts[player] = self._part()

    def follow(self, _player: str, details: dict[str, Any], fetch: Fetch) -> None:
        """Draw opponents as the pool of another process does."""
        self.pool.follow(details, lambda number: fetch((PAST, number)))

    def snapshot(self, player: str) -> dict[str, Any]:
        """See `Worker.snapshot`."""
        return {**super().snapshot(player), "playing": self.playing()}

    def restore(self, player: str, details: dict[str, Any], snapshot: dict[str, Any], fetch: Fetch) -> None:
        """See `Worker.restore`. The past selves that play here are fetched with those that can be drawn."""
        numbers = {*details["drawable"], details["current"], *snapshot["playing"]} - {LEARNER}
        pool = {**details, "weights": {number: fetch((PAST, number)) for number in numbers}}
        self.pool.restore(pool, snapshot["playing"])
        super().restore(player, details, snapshot, fetch)

    def turn(self, iteration: int, shares: Mapping[str, float]) -> None:
        """See `OpponentPool.reshare` and `turn`."""
        self.pool.reshare(shares)
        self.pool.turn(iteration)

    def freeze(self) -> None:
        """Add the learner as it is now to its past selves."""
        self.pool.freeze(self.networks[PLAYER].state_dict())

    def playing(self) -> dict[int, int]:
        """See `OpponentPool.playing`."""
        return self.pool.playing()

    def restore_pool(self, snapshot: dict[str, Any], playing: Sequence[Mapping[int, int]]) -> None:
        """Inverse of the pool's `snapshot` and of `playing` of all processes; matches of another number are void."""
        rank, size, acts = self._place
        each = playing if acts and len(playing) == size else [{}] * size
        elsewhere = {number for other in each[1:] for number in other} if not rank else ()
        self.pool.restore(snapshot, each[rank], elsewhere)

    def _pool(self) -> OpponentPool:
        """The opponents at the start of a run."""
        setting = self._setting
        capacity = setting.schedule.snapshots
        pool = OpponentPool(setting.shares, setting.fixed, setting.policy, seed=setting.seed, capacity=capacity)
        if PAST in setting.shares:
            pool.freeze(setting.origin.weights)
        return pool

    def _part(self) -> Part:
        """The part of this process, at the start of a run."""
        setting = self._setting
        hand = hand_of(setting.tables, self._place)
        return Part(
            [self._environment(table) for table in hand.tables],
            self.networks[PLAYER],
            setting.network(setting.origin.weights) if setting.origin.taught else None,
            setting.config,
            learning_seats=self.pool.learning_seats(setting.game.seats),
            seed=setting.seed,
            rank=self._place.rank,
            portion=hand.portion,
            device=setting.device,
            on_end=self.pool.ended,
        )

    def _environment(self, table: Table) -> Environment:
        """Matches of one kind."""
        setting, pool, seats = self._setting, self.pool, table.seats
        purpose = (STYLES,) if seats == setting.game.seats else (STYLES, seats)
        return make_environment(
            setting.game,
            table,
            functools.partial(training_setups, setting.game, setting.seed, pool, seats),
            Opponents(pool.policy, pool.may_wait),
            origin=setting.origin,
            styles=setting.styles,
            seed=rng.derive(setting.seed, *purpose),
            limits=setting.limits,
        )


def make_worker(place: Place, exchange: Exchange, setting: dict[str, Any]) -> RLWorker:
    """The worker of a child process. setting: `RLSetting.to_dict` of the parent's."""
    return RLWorker(RLSetting.from_dict(setting), place, exchange)
