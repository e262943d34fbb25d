"""Real time: 30 ticks a second for every room, on absolute deadlines.

The rooms are spread over lanes that tick one after the other within 1/30 s, so that they do not all want the
processor at once. Deadlines do not drift: each is the start plus a multiple. After a standstill of the whole machine
(a laptop that slept) the pacer skips the lost ticks instead of catching up.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator

from botgame.lms.rules import TICKS_PER_SECOND
from botgame.server.rooms.lobby import LANES

_STANDSTILL = 1.0  # seconds of delay from which on ticks are skipped

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pacer:
    """Calls `tick(lane, deadline)` 30 times a second for each of `LANES` lanes, until `stop`.

    clock: seconds, never going back. sleep: as `asyncio.sleep`. skipped: called with the number of skipped slots.
    """

    def __init__(
        self,
        tick: Callable[[int, float], None],
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        skipped: Callable[[int], None] = lambda slots: None,  # noqa: ARG005 - the name documents it
    ) -> None:
        self._tick, self._clock, self._sleep, self._skipped = tick, clock, sleep, skipped
        self._stopping = False

    async def run(self) -> None:
        """Tick until `stop`."""
        step = 1.0 / (TICKS_PER_SECOND * LANES)
        start, slot = self._clock(), 0
        while not self._stopping:
            deadline = start + slot * step
            behind = self._clock() - deadline
            if behind > _STANDSTILL:
                lost = int(behind / step)
                start += lost * step
                self._skipped(lost)
                continue
            if behind < 0.0 or slot % LANES == 0:  # when late, senders and receivers get the loop once in a tick's time
                await self._sleep(max(0.0, -behind))
            self._tick(slot % LANES, deadline)
            slot += 1

    def stop(self) -> None:
        """Leave `run` after the current slot."""
        self._stopping = True


@contextlib.contextmanager
def fine_timer() -> Iterator[None]:
    """Set timers to 1 ms on Windows, where the default is 15 ms; do nothing elsewhere."""
    if sys.platform != "win32":
        yield
        return
    import ctypes

    multimedia = ctypes.windll.winmm
    multimedia.timeBeginPeriod(1)
    try:
        yield
    finally:
        multimedia.timeEndPeriod(1)
