"""The numbers of a process's matches in the endless stream of all matches of a run: of N processes, each has 1 in N."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Taken = TypeVar("Taken", int, NDArray[np.int64])


class MatchNumbers:
    """Iterator over first, first + step, first + 2 step, ...; `taken` of them are taken already."""

    def __init__(self, first: int = 0, step: int = 1) -> None:
        self.first, self.step, self.taken = first, step, 0

    def __iter__(self) -> MatchNumbers:
        return self

    def __next__(self) -> int:
        number = self.of(self.taken)
        self.taken += 1
        return number

    def of(self, taken: Taken) -> Taken:
        """The number that comes after so many."""
        return self.first + self.step * taken

    def skip(self, count: int) -> None:
        """Leave out the first `count` numbers of the stream; nothing has been taken yet."""
        self.first += count

    def snapshot(self) -> dict[str, Any]:
        """Plain numbers."""
        return {"first": self.first, "step": self.step, "taken": self.taken}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self.first, self.step, self.taken = (int(snapshot[name]) for name in ("first", "step", "taken"))
