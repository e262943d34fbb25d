"""Frozen players on demand: a league may have hundreds of them, and memory holds a few.

Other leagues keep every historical network in memory and grow without bound. Here the cache drops the least recently
used player, and reads its file again when it is needed again.
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
        self._players: OrderedDict[str, T] = OrderedDict()

    def get(self, name: str) -> T:
        """The player, loaded unless it is in the cache. What `load` raises goes to the caller and changes nothing."""
        if name in self._players:
            self._players.move_to_end(name)
            return self._players[name]
        player = self._players[name] = self._load(name)
        if len(self._players) > self._capacity:
            self._players.popitem(last=False)
        return player
