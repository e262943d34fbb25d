"""The arena's side of playing towards styles (`alphastar.style_seats.StyleWatch`): measured while matches run."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.statistic_z.definition import style_group
from botgame.lms.statistic_z.meter import StyleMeter


class ArenaStyles:
    """Watches one arena. `meter` is to listen to its matches: `MatchBatch(arena, setups, styles.meter)`."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._finals: dict[int, np.ndarray] = {}
        self.meter = StyleMeter(arena, self._finals.__setitem__)

    def groups(self, slots: np.ndarray, seats: np.ndarray) -> np.ndarray:
        """See `StyleWatch.groups`: own and opposing school."""
        schools = self._arena.state.mages["school"][slots].tolist()
        return np.array([style_group(row, seat) for row, seat in zip(schools, seats.tolist(), strict=True)], np.int64)

    def rows(self, slots: np.ndarray, seats: np.ndarray) -> np.ndarray:
        """See `StyleWatch.rows`."""
        self.meter.tracker.look(slots)
        return self.meter.tracker.rows(slots, seats)

    def progress(self, slots: np.ndarray) -> np.ndarray:
        """See `StyleWatch.progress`."""
        matches = self._arena.state.matches[slots]
        return np.asarray(matches["tick"] / matches["duration"])

    def final(self, episode: int) -> np.ndarray:
        """See `StyleWatch.final`."""
        return self._finals.pop(episode)

    def snapshot(self) -> dict[str, Any]:
        """See `StyleWatch.snapshot`; between two steps every finished match has been asked for."""
        return self.meter.tracker.snapshot()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """See `StyleWatch.restore`."""
        self.meter.tracker.restore(snapshot)
