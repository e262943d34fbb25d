"""Limits in time: so many events a second, after so many at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

MOST_ADDRESSES = 10_000  # remembered at a time; the one that was used least lately is forgotten


class TokenBucket:
    """A token bucket: `allows` is False for events that exceed `rate` a second after a burst. Times in seconds.

    Events that are not allowed make a debt, of at most another burst.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._left, self._then = rate, burst, burst, now

    def allows(self, now: float, count: int = 1) -> bool:
        """Count `count` more events at time `now` and say whether they are within the rate."""
        left = self._left_at(now) - count
        self._left, self._then = max(left, -self._burst), now
        return left >= 0.0

    def debt(self, now: float) -> float:
        """How many events too many there have been, 0 for none."""
        return max(0.0, -self._left_at(now))

    def _left_at(self, now: float) -> float:
        return min(self._burst, self._left + (now - self._then) * self._rate)


class AddressLimits:
    """A token bucket for each network address that has been seen lately."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Count one more event of `address` and say whether it is within the rate."""
        now = self._clock()
        bucket = self._buckets.setdefault(address, TokenBucket(self._rate, self._burst, now))
        self._buckets.move_to_end(address)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.allows(now)

    def wait(self, address: str) -> float:
        """Count one more event of `address` and say how many seconds it comes too early, 0 for one within the rate."""
        self.allows(address)
        return self.debt(address) / self._rate

    def debt(self, address: str) -> float:
        """How many events too many `address` has to its account, 0 for none."""
        bucket = self._buckets.get(address)
        return 0.0 if bucket is None else bucket.debt(self._clock())
