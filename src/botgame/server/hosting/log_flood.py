"""Keeps a stranger from filling the log: after a burst, so many records a second are written, the rest is counted."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from botgame.server.hosting.token_bucket import TokenBucket
from botgame.wording import counted

RATE, BURST = 0.5, 50.0  # records


class FloodFilter(logging.Filter):
    """Lets records through at a limited rate; the next one that passes says how many were left out before it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._left_out = clock, 0
        self._bucket = TokenBucket(RATE, BURST, clock())

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now = self._clock()
        if self._bucket.debt(now) > 0.0 or not self._bucket.allows(now):
            self._left_out += 1
            return False
        if self._left_out:
            record.msg = f"{record.msg} ({counted(self._left_out, 'line')} before this one left out)"
            self._left_out = 0
        return True


@contextlib.contextmanager
def limited_log() -> Iterator[None]:
    """Write the log of all parts to standard error within this block, in lines and at a limited rate."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    handler.addFilter(FloodFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
