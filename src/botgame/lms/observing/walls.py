"""Walls around a seat: free distances in 16 directions, blocked next steps, and the direction to open space.

In prototypes a clone learned to move from these bits and distances better than from a coarse map.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.fields import BLOCKED_STEP, RANGE, RAYS
from botgame.lms.observing.columns import scalar, vector
from botgame.lms.observing.geometry import write_unit
from botgame.lms.observing.range_finder import STRIDE, ray_lengths
from botgame.lms.observing.view import View
from botgame.lms.rules import DIRECTIONS, MOVE_COUNT, MOVES
from botgame.lms.simulation.geometry import is_clear
from botgame.lms.simulation.kernel import phase

RANGES = scalar(*(f"range_{k}" for k in range(RAYS)))
BLOCKED = scalar(*(f"blocked_{k}" for k in range(1, MOVE_COUNT)))
OPEN_SPACE = vector("open_space")

BODY = 0.9  # of the radius: a mage that touches a wall is not blocked along it
RANGE_SCALE = 1.0 / RANGE
NEARNESS = 1.0 / 3.0  # walls nearer than three cells push towards open space
BALANCED = 0.05  # a sum of pushes that is shorter has no direction


@phase
def observe_walls(
    view: View, walls: np.ndarray, rays: np.ndarray, cells: np.ndarray, scalars: np.ndarray, vectors: np.ndarray
) -> None:
    """Fill range_*, blocked_* and open_space for the place of the seat among `walls`, uint8 [G, G].

    `rays`, `cells`: scratch, see `ray_lengths`.
    """
    me = view.me
    ray_lengths(walls, me.x, me.y, rays, cells)
    push_x, push_y = 0.0, 0.0
    for k in range(RAYS):
        x, y = DIRECTIONS[STRIDE * k, 0], DIRECTIONS[STRIDE * k, 1]
        distance = rays[k]
        scalars[RANGES + k] = distance * RANGE_SCALE
        near = max(1.0 - distance * NEARNESS, 0.0)
        push_x -= near * x
        push_y -= near * y
    if push_x * push_x + push_y * push_y < BALANCED * BALANCED:
        push_x, push_y = 0.0, 0.0
    write_unit(vectors[OPEN_SPACE], push_x, push_y)
    _observe_blocked(me, view.constants.mage_radius * BODY, walls, scalars)


@phase
def _observe_blocked(me: Any, radius: float, walls: np.ndarray, scalars: np.ndarray) -> None:
    reach = BLOCKED_STEP + radius
    if _is_open(walls, me.x - reach, me.x + reach, me.y - reach, me.y + reach):
        scalars[BLOCKED : BLOCKED + MOVE_COUNT - 1] = 0.0
        return
    for k in range(1, MOVE_COUNT):
        clear = is_clear(walls, me.x + BLOCKED_STEP * MOVES[k, 0], me.y + BLOCKED_STEP * MOVES[k, 1], radius)
        scalars[BLOCKED + k - 1] = 0.0 if clear else 1.0


@phase
def _is_open(walls: np.ndarray, left: float, right: float, top: float, bottom: float) -> bool:
    """True when no wall cell overlaps the rectangle, which spares most seats the eight tests."""
    last = walls.shape[0] - 1
    for row in range(max(int(top), 0), min(int(bottom), last) + 1):
        for column in range(max(int(left), 0), min(int(right), last) + 1):
            if walls[row, column] != 0:
                return False
    return True
