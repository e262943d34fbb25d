"""Blocks of match numbers: each beginning with new matches takes the next block, so no two matches share a number."""

from __future__ import annotations

BLOCK = 2**32  # more matches than begin in one block of numbers


class Blocks:
    """The blocks of one run, counted from 0."""

    def __init__(self) -> None:
        self._given = 0

    def new(self) -> int:
        """A block that nobody has had; its first number is BLOCK times as large."""
        self._given += 1
        return self._given - 1

    @property
    def begun(self) -> int:
        """Numbers from here on are those of no match yet."""
        return self._given * BLOCK

    def skip(self, begun: int) -> None:
        """Leave out the numbers before `begun`."""
        self._given = max(self._given, -(-begun // BLOCK))
