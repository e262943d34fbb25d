"""Slows those who guess the operator's token.

The first wrong tokens of an address cost nothing. After them every check for that address, also of the right token,
waits: twice as long for each more, up to `LONGEST`. The debt is paid off at `RATE`.
"""

from __future__ import annotations

from collections.abc import Callable

from botgame.server.hosting.token_bucket import AddressLimits

RATE, BURST = 0.2, 5.0  # wrong tokens a second that an address may send, and how many at once
SHORTEST, LONGEST = 0.25, 8.0  # seconds that a check waits


class TokenGuesses:
    """The wrong tokens of each address. clock: seconds, never going back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._wrong = AddressLimits(RATE, BURST, clock)

    def delay(self, address: str) -> float:
        """Seconds to wait before a token from `address` is checked."""
        debt = self._wrong.debt(address)
        return min(LONGEST, SHORTEST * 2.0 ** min(debt, 30.0)) if debt > 0.0 else 0.0

    def count_wrong(self, address: str) -> None:
        """`address` has sent a wrong token."""
        self._wrong.allows(address)
