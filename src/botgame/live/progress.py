"""The progress lines of the collector: one every few seconds, and one at the end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from botgame.live.seat import Totals
from botgame.wording import counted


class Progress:
    """Writes progress lines and ends the run when its time is up. `clock` gives seconds, `write` prints a line."""

    def __init__(
        self,
        totals: Totals,
        matches: int,
        every: float,
        longest: float | None,
        clock: Callable[[], float],
        write: Callable[[str], None],
    ) -> None:
        self._totals, self._matches, self._every, self._longest = totals, matches, every, longest
        self._clock, self._write = clock, write
        self._began = self._written = clock()

    def tick(self) -> bool:
        """Write a line when it is time; True when the run has lasted long enough."""
        now = self._clock()
        if now - self._written >= self._every:
            self._written = now
            self._write(self.line())
        return self._longest is not None and now - self._began >= self._longest

    def line(self) -> str:
        """`62 s: 3 of 10 matches, 2 won, 0 drawn, 1 lost; 812 decisions, median 0.4 ms, p99 1.9 ms, 0 late`."""
        t = self._totals
        text = f"{self._clock() - self._began:.0f} s: {t.matches} of {counted(self._matches, 'match')}, "
        text += f"{t.won} won, {t.drawn} drawn, {t.lost} lost"
        text += f", {t.broken_off} broken off" if t.broken_off else ""
        if t.milliseconds:
            median, p99 = np.percentile(t.milliseconds, (50, 99))
            text += f"; {counted(t.decisions, 'decision')}, median {median:.1f} ms, p99 {p99:.1f} ms, {t.late} late"
        return text
