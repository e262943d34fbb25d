"""Forfeits: what leaving a running match means for the places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf


def official_places(places: Sequence[int], death_ticks: Sequence[int], forfeits: Mapping[int, int]) -> list[int]:
    """The places by which a match counts: who left counts as out from that tick on, whatever a bot achieved then.

    places, death_ticks (-1: alive): as played, one for each seat; forfeits: the tick at which a seat's player left.
    """
    if not forfeits:
        return list(places)
    ends = [forfeits.get(seat, inf if tick < 0 else tick) for seat, tick in enumerate(death_ticks)]
    return [1 + sum(other > end for other in ends) for end in ends]
