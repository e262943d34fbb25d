"""Lines of progress with the time that is left."""

from __future__ import annotations

import time
from typing import Any

SECONDS_BETWEEN_LINES = 2.0


class ProgressClock:
    """Prints a line of progress now and then, with the time that is left."""

    def __init__(self, unit: str = "iteration") -> None:
        """`unit`: of the numbers that are reported."""
        self._unit = unit
        self._started = time.monotonic()
        self._printed = -SECONDS_BETWEEN_LINES

    def report(self, number: int, first: int, total: int, metrics: dict[str, Any], *, force: bool) -> None:
        """`number` of `total` are done, `first` were when this process began; `force`: do not skip the line."""
        elapsed = time.monotonic() - self._started
        if not force and elapsed - self._printed < SECONDS_BETWEEN_LINES:
            return
        self._printed = elapsed
        left = elapsed / (number - first) * max(0, total - number)
        rates = "  ".join(f"{name[9:]} {value:.0%}" for name, value in metrics.items() if name.startswith("win_rate/"))
        print(
            f"{self._unit} {number:,}/{total:,}  {metrics['time_decisions_per_second']:.0f} decisions/s  "
            f"kl {metrics['kl']:.3f}  value {metrics['loss/value']:.3f}  won: {rates or '-'}  left {_minutes(left)}",
            flush=True,
        )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
