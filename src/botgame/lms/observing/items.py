"""The nearest available item of each kind within sight: a flag, a distance and a unit vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.observing.columns import DISTANCE_SCALE, scalar, vector
from botgame.lms.observing.geometry import cut, write_unit
from botgame.lms.rules import ITEM_KINDS
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase

FIRST = scalar(*(name for kind in ITEM_KINDS for name in (f"item_{kind}", f"item_{kind}_distance")))
FIRST_VECTOR = vector(*(f"item_{kind}" for kind in ITEM_KINDS))
KINDS = len(ITEM_KINDS)


@phase
def rank_items(
    items: np.ndarray,
    available: np.ndarray,
    me: Any,
    sight: float,
    seen: np.ndarray,
    ranked: np.ndarray,
    nearest: np.ndarray,
) -> int:
    """Find the items (ITEM [I], `available` uint8 [I] in one frame) within `sight` of `me`; returns how many there are.

    `seen`: int32 [I] out, their indices, ascending. `ranked`: int32 [K] out, nearest first, ties by index, then -1.
    `nearest`: int32 [4 kinds] out, -1 for none.
    """
    slots = ranked.shape[0]
    for slot in range(slots):
        ranked[slot] = -1
    for kind in range(KINDS):
        nearest[kind] = -1
    count = 0
    for index in range(items.shape[0]):  # without a branch: which items are near, no processor predicts
        near = distance_squared(items[index].x, items[index].y, me.x, me.y) <= sight * sight
        seen[count] = index
        count += int(near) & available[index]
    listed = 0
    for place in range(count):
        index = seen[place]
        distance, kind = _distance(items, index, me), items[index].kind
        if nearest[kind] < 0 or distance < _distance(items, nearest[kind], me):
            nearest[kind] = index
        slot = listed
        while slot > 0 and _distance(items, ranked[slot - 1], me) > distance:
            if slot < slots:
                ranked[slot] = ranked[slot - 1]
            slot -= 1
        if slot < slots:
            ranked[slot] = index
            listed = min(listed + 1, slots)
    return count


@phase
def observe_items(items: np.ndarray, me: Any, nearest: np.ndarray, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """One flag, distance and unit vector for each kind, from the `nearest` of `rank_items`."""
    for kind in range(KINDS):
        field, index = FIRST + 2 * kind, nearest[kind]
        if index >= 0:
            dx, dy = items[index].x - me.x, items[index].y - me.y
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
