"""Measures how the seats of running matches play: a listener of `botgame.lms.match_batch.MatchBatch`, like a recorder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from botgame.lms.arena import Arena, Due
from botgame.lms.replay.record import Over, Played
from botgame.lms.statistic_z.measuring import StyleTracker


class StyleMeter:
    """Gives `sink(episode, rows)` the rows float32 [P, Style.width] of each match as it ends. Serves one arena."""

    def __init__(self, arena: Arena, sink: Callable[[int, np.ndarray], None]) -> None:
        self.tracker = StyleTracker(arena)
        self._sink = sink

    def begin(self, arena: Arena, slot: int, setup: Played) -> None:
        """A match was set up in `slot`."""
        del arena, setup
        self.tracker.begin(slot)

    def decisions(self, arena: Arena, due: Due) -> None:
        """The seats in `due` are about to act."""
        del arena
        self.tracker.look(due.match)

    def accepted(self, arena: Arena, due: Due, actions: np.ndarray) -> None:
        """What was decided shows in the next state."""

    def end(self, arena: Arena, ended: Over) -> None:
        """The match in `ended.slot` is over; its state is still there."""
        self.tracker.look(np.array([ended.slot]))
        seats = np.arange(arena.seats)
        self._sink(ended.episode, self.tracker.rows(np.full(arena.seats, ended.slot), seats))
