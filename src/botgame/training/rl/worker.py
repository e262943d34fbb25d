"""What each process of an RL run holds: the learner's network, its teacher, opponents, a share of the matches."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botgame import rng
from botgame.game import Game, Setup
from botgame.setups import drawn_factions
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.opponents import PAST, OpponentPool
from botgame.training.alphastar.engine.exchange import Exchange
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.portions import Place, Table, deal
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.rl.environment import STYLES, Opponents, make_environment
from botgame.training.rl.setting import RLSetting

DUEL = 2
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
        weights = setting.origin.weights
        student = setting.network(weights)
        super().__init__({PLAYER: student}, exchange)
        self.pool = OpponentPool(
            setting.shares, setting.fixed, setting.policy, seed=setting.seed, capacity=setting.schedule.snapshots
        )
        if PAST in setting.shares:
            self.pool.freeze(weights)
        hand = deal(setting.tables, place.size)[place.rank]
        self.parts[PLAYER] = Part(
            [self._environment(table) for table in hand.tables],
            student,
            setting.network(weights) if setting.origin.taught else None,
            setting.config,
            learning_seats=self.pool.learning_seats(setting.game.seats),
            seed=setting.seed,
            rank=place.rank,
            portion=hand.portion,
            device=setting.device,
            on_end=self.pool.ended,
        )

    def turn(self, iteration: int) -> None:
        """See `OpponentPool.turn`."""
        self.pool.turn(iteration)

    def freeze(self) -> None:
        """Add the learner as it is now to its past selves."""
        self.pool.freeze(self.networks[PLAYER].state_dict())

    def playing(self) -> dict[int, int]:
        """See `OpponentPool.playing`."""
        return self.pool.playing()

    def restore_pool(self, snapshot: dict[str, Any], playing: Sequence[Mapping[int, int]]) -> None:
        """Inverse of the pool's `snapshot` and of `playing` of all processes; matches of another number are void."""
        rank, size = self._place
        each = playing if len(playing) == size else [{}] * size
        elsewhere = {number for other in each[1:] for number in other} if not rank else ()
        self.pool.restore(snapshot, each[rank], elsewhere)

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
            learner_cap=setting.action_cap,
        )


def make_worker(place: Place, exchange: Exchange, setting: dict[str, Any]) -> RLWorker:
    """The worker of a child process. setting: `RLSetting.to_dict` of the parent's."""
    return RLWorker(RLSetting.from_dict(setting), place, exchange)
