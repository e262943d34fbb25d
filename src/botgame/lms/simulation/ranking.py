"""The K first of many things in the order of a number: an insertion sort that allocates nothing."""

from __future__ import annotations

import numpy as np

from botgame.lms.simulation.kernel import phase, records

RANKED = np.dtype([("key", "f8"), ("index", "i4")], align=True)  # one place of a ranking; index -1: nothing


def allocate_ranking(places: int) -> np.ndarray:
    """A ranking of `places` things, RANKED [places]. Kernels refill it, so a caller allocates it once."""
    return records((places,), RANKED)


@phase
def clear(ranking: np.ndarray) -> None:
    """List nothing."""
    for place in range(ranking.shape[0]):
        ranking[place].index = -1


@phase
def insert(ranking: np.ndarray, count: int, index: int, key: float) -> int:
    """List the thing `index` behind all those whose key is at most `key`, if there is room for it there.

    `count`: how many are listed. Returns how many are listed afterwards.
    """
    places, place = ranking.shape[0], count
    while place > 0 and ranking[place - 1].key > key:
        if place < places:
            ranking[place].index, ranking[place].key = ranking[place - 1].index, ranking[place - 1].key
        place -= 1
    if place == places:
        return count
    ranking[place].index, ranking[place].key = index, key
    return min(count + 1, places)
