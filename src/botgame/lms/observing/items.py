"""The items in sight, and of each kind the nearest one as a flag, a distance and a unit vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.observing.columns import DISTANCE_SCALE, scalar, vector
from botgame.lms.observing.geometry import cut, write_unit
from botgame.lms.observing.view import View
from botgame.lms.rules import ITEM_KINDS
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.ranking import clear, insert

FIRST = scalar(*(name for kind in ITEM_KINDS for name in (f"item_{kind}", f"item_{kind}_distance")))
FIRST_VECTOR = vector(*(f"item_{kind}" for kind in ITEM_KINDS))
KINDS = len(ITEM_KINDS)


@phase
def rank_items(
    view: View, items: np.ndarray, available: np.ndarray, seen: np.ndarray, ranking: np.ndarray, nearest: np.ndarray
) -> int:
    """Find the items in sight (ITEM [I], `available` uint8 [I] in the frame); returns how many there are.

    Out: `seen` int32 [I], their indices, ascending; `ranking`, nearest first, ties by index; `nearest` int32 [kinds],
    -1 for none.
    """
    me, sight = view.me, view.constants.sight
    clear(ranking)
    for kind in range(KINDS):
        nearest[kind] = -1
    count = 0
    for index in range(items.shape[0]):  # without a branch, because no processor can predict which items are near
        near = distance_squared(items[index].x, items[index].y, me.x, me.y) <= sight * sight
        seen[count] = index
        count += int(near) & available[index]
    listed = 0
    for place in range(count):
        index = seen[place]
        distance, kind = _distance(items, index, me), items[index].kind
        if nearest[kind] < 0 or distance < _distance(items, nearest[kind], me):
            nearest[kind] = index
        listed = insert(ranking, listed, index, distance)
    return count


@phase
def observe_items(view: View, items: np.ndarray, nearest: np.ndarray, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill the flag, distance and unit vector of each kind, from the `nearest` of `rank_items`."""
    for kind in range(KINDS):
        field, index = FIRST + 2 * kind, nearest[kind]
        if index >= 0:
            dx, dy = items[index].x - view.me.x, items[index].y - view.me.y
            scalars[field] = 1.0
            distance = write_unit(vectors[FIRST_VECTOR + kind], dx, dy)
            scalars[field + 1] = cut(distance * DISTANCE_SCALE)
        else:
            scalars[field] = 0.0
            scalars[field + 1] = 0.0
            vectors[FIRST_VECTOR + kind] = 0.0


@phase
def _distance(items: np.ndarray, index: int, me: Any) -> float:
    squared: float = distance_squared(items[index].x, items[index].y, me.x, me.y)
    return squared
