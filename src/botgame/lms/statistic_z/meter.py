"""The arena as `botgame.game.StatisticMeter`: how the seats of running matches play."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.game import Array, Due, Ended, Setup
from botgame.lms.arena import Arena
from botgame.lms.statistic_z.definition import situation_of
from botgame.lms.statistic_z.measuring import StatisticTracker


class ArenaMeter:
    """Listens to the matches of one arena and keeps how the seats of finished ones played until they are asked for."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._tracker = StatisticTracker(arena)
        self._finals: dict[int, Array] = {}

    def begin(self, slot: int, setup: Setup) -> None:
        """See `Listener.begin`."""
        del setup
        self._tracker.begin(slot)

    def decisions(self, due: Due) -> None:
        """See `Listener.decisions`."""
        self._tracker.look(due.slot)

    def accepted(self, due: Due, actions: Array) -> None:
        """See `Listener.accepted`; what was decided shows in the next state."""

    def end(self, ended: Ended) -> None:
        """See `Listener.end`."""
        self._tracker.look(np.array([ended.slot]))
        seats = np.arange(self._arena.seats)
        self._finals[ended.episode] = self._tracker.rows(np.full(self._arena.seats, ended.slot), seats)

    def groups(self, due: Due) -> Array:
        """See `StatisticMeter.groups`: the own school and, in a duel, the opponent's."""
        schools = self._arena.state.mages["school"][due.slot].tolist()
        return np.array(
            [situation_of(row, seat) for row, seat in zip(schools, due.seat.tolist(), strict=True)], np.int64
        )

    def rows(self, due: Due) -> Array:
        """See `StatisticMeter.rows`."""
        self._tracker.look(due.slot)
        return self._tracker.rows(due.slot, due.seat)

    def progress(self, slots: Array) -> Array:
        """See `StatisticMeter.progress`."""
        matches = self._arena.state.matches[slots]
        return np.asarray(matches["tick"] / matches["duration"])

    def final(self, episode: int) -> Array:
        """See `StatisticMeter.final`."""
        return self._finals.pop(episode)

    def snapshot(self) -> dict[str, Any]:
        """Exact state between two steps, when every finished match has been asked for."""
        return self._tracker.snapshot()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self._tracker.restore(snapshot)
