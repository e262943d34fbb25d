"""SIGTERM, and Ctrl-Break on Windows, end a command as Ctrl-C does: with its clean-up, and a trainer with a commit."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

_ONCE = 1.0  # seconds in which a wish counts once: a terminal, a service manager and a parent may all pass it on
TERMINATION = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGBREAK") if hasattr(signal, name))
STOPPING = (signal.SIGINT, *TERMINATION)


class Terminated(KeyboardInterrupt):
    """The process was asked to end, by a service manager or another program."""


@contextmanager
def handled(numbers: Iterable[signal.Signals], act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for these signals until the block ends; outside the main thread, which signals go to, do nothing."""
    last = -math.inf

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal last
        now, before = time.monotonic(), last
        last = now
        if now - before >= _ONCE:
            act()

    try:
        previous = {number: signal.signal(number, handle) for number in numbers}
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Raise Terminated, a KeyboardInterrupt, where the process would end without clean-up."""

    def act() -> None:
        raise Terminated

    with handled(TERMINATION, act):
        yield
