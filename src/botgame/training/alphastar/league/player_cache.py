"""Frozen players on demand: a league may have hundreds, memory holds a few.

Loading every historical network in every worker is what makes other leagues grow without bound; here the least
recently used one is dropped, and a player that is needed again is read again from its file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PlayerCache(Generic[T]):
    """At most `capacity` loaded players; `load` turns a name into a player (a network, a policy)."""

    def __init__(self, load: Callable[[str], T], capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"expected a capacity of 1 or more, got {capacity}")
        self._load, self._capacity = load, capacity
        self._held: OrderedDict[str, T] = OrderedDict()
        self.loads = 0

    def get(self, name: str) -> T:
        """The player, loaded if it is not held. What `load` raises goes to the caller and nothing is kept."""
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        player = self._load(name)
        self.loads += 1
        self._held[name] = player
        if len(self._held) > self._capacity:
            self._held.popitem(last=False)
        return player

    def __len__(self) -> int:
        return len(self._held)
