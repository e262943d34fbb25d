"""What finishing places mean: who won, who finished above whom. Places: int [P], 1 = first, ties share a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def results_of(places: Array) -> Array:
    """Places [P] to results float32 [P]: +1 sole winner, 0 shared first place, -1 otherwise."""
    first = np.asarray(places) == 1
    reward = 1.0 if first.sum() == 1 else 0.0
    return np.where(first, reward, -1.0).astype(np.float32)


def order_of(places: Sequence[int] | Array, seat: int, other: int) -> int:
    """+1, 0 or -1: `seat` finished above, level with or below `other`."""
    return int(np.sign(int(places[other]) - int(places[seat])))


def standings_of(places: Sequence[int] | Array) -> Array:
    """Places [P] to float32 [P]: each seat's mean `order_of` over the other seats.

    From +1 (above all others) to -1 (below all), in sum 0 over the seats. In a duel that is the plain result; with more
    seats it pays for every rival that is outlived, which is what "A beat B" means in a free-for-all. A seat alone: 0.
    """
    listed = np.asarray(places).tolist()  # so few numbers are compared sooner one by one
    rivals = max(1, len(listed) - 1)
    return np.array([sum((other > own) - (other < own) for other in listed) / rivals for own in listed], np.float32)
