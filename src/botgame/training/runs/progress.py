"""Lines of progress with the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 2.0


class ProgressClock:
    """Prints a line of progress now and then, with the time that is left."""

    def __init__(self, first: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`first`: how far the run was when this process began. `clock`: seconds."""
        self._first, self._clock = first, clock
        self._started = clock()
        self._printed = -SECONDS_BETWEEN_LINES

    def report(self, number: int, total: int, text: Callable[[], str], *, force: bool) -> None:
        """Print `text` if it is time, or if `force`. `number` of `total` are done."""
        elapsed = self._clock() - self._started
        if not force and elapsed - self._printed < SECONDS_BETWEEN_LINES:
            return
        self._printed = elapsed
        left = elapsed / max(1, number - self._first) * max(0, total - number)
        print(f"{text()}  left {int(left) // 60}:{int(left) % 60:02d}", flush=True)


def rates(metrics: dict[str, float], names: dict[str, str]) -> str:
    """Win rates of `names`, metric to shown name, as far as there are any; "-" for none."""
    known = "  ".join(f"{shown} {metrics[name]:.0%}" for name, shown in names.items() if name in metrics)
    return known or "-"


def moved_line(before: str, now: str) -> str:
    """What it means that a run goes on in another engine, or another number of processes; both in words."""
    where = "" if before == now else f"going on in {now}, before in {before}: "
    return f"{where}running matches begin anew, so the numbers differ from those of a run that went on"
