"""Walls as a seat feels them: free distance in 16 directions, blocked next steps, and the way into the open.

Prototypes showed that these bits and distances tell a bot how to move better than a coarse map does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.game.geometry import is_clear
from botgame.game.kernel import phase
from botgame.game.observe_columns import scalar, vector
from botgame.game.observe_geometry import write_unit
from botgame.game.rules import DIRECTION_BINS, DIRECTIONS, MOVES
from botgame.game.state import RAYS

RANGES = scalar(*(f"range_{k}" for k in range(RAYS)))
BLOCKED = scalar(*(f"blocked_{k}" for k in range(1, len(MOVES))))
OPEN_SPACE = vector("open_space")
MOVE_COUNT, STRIDE = len(MOVES), DIRECTION_BINS // RAYS

STEP = 0.4  # cells: three ticks of walking
BODY = 0.9  # of the radius: walking along a wall that one touches is not blocked
RANGE = 8.0  # cells that the range finders reach
RANGE_SCALE = 1.0 / RANGE
NEARNESS = 1.0 / 3.0  # walls nearer than three cells push towards open space
NEVER = 1e9  # cells to the next border for a ray that runs along it
BALANCED = 0.05  # pushes that add up to less have no direction


def _crossings() -> np.ndarray:
    """Distance along each ray from one column border to the next, and from one row border to the next."""
    size = np.abs(DIRECTIONS[::STRIDE])
    return np.where(size > 0.0, 1.0 / np.where(size > 0.0, size, 1.0), NEVER)


CROSSINGS: np.ndarray = _crossings()  # float64 [RAYS, 2]


@phase
def ray_length(walls: np.ndarray, x: float, y: float, ray: int, most: float) -> float:
    """Free distance (cells, up to `most`) from a point on the grid in direction `DIRECTIONS[2 * ray]`."""
    dx, dy = DIRECTIONS[STRIDE * ray, 0], DIRECTIONS[STRIDE * ray, 1]
    gap_x, gap_y = CROSSINGS[ray, 0], CROSSINGS[ray, 1]
    column, row = int(x), int(y)
    right, down = 1 if dx > 0.0 else -1, 1 if dy > 0.0 else -1
    next_x = (column + 1 - x if dx > 0.0 else x - column) * gap_x
    next_y = (row + 1 - y if dy > 0.0 else y - row) * gap_y
    distance = 0.0
    while walls[row, column] == 0:
        if next_x < next_y:
            distance = next_x
            column += right
            next_x += gap_x
        else:
            distance = next_y
            row += down
            next_y += gap_y
        if distance >= most:
            return most
    return distance


@phase
def observe_walls(me: Any, constants: Any, walls: np.ndarray, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill range_*, blocked_* and open_space for the place of `me` among `walls`, uint8 [G, G]."""
    push_x, push_y = 0.0, 0.0
    for k in range(RAYS):
        x, y = DIRECTIONS[STRIDE * k, 0], DIRECTIONS[STRIDE * k, 1]
        distance = ray_length(walls, me.x, me.y, k, RANGE)
        scalars[RANGES + k] = distance * RANGE_SCALE
        near = max(1.0 - distance * NEARNESS, 0.0)
        push_x -= near * x
        push_y -= near * y
    if push_x * push_x + push_y * push_y < BALANCED * BALANCED:
        push_x, push_y = 0.0, 0.0
    write_unit(vectors[OPEN_SPACE], push_x, push_y)
    _observe_blocked(me, constants.mage_radius * BODY, walls, scalars)


@phase
def _observe_blocked(me: Any, radius: float, walls: np.ndarray, scalars: np.ndarray) -> None:
    reach = STEP + radius
    if _is_open(walls, me.x - reach, me.x + reach, me.y - reach, me.y + reach):
        scalars[BLOCKED : BLOCKED + MOVE_COUNT - 1] = 0.0
        return
    for k in range(1, MOVE_COUNT):
        clear = is_clear(walls, me.x + STEP * MOVES[k, 0], me.y + STEP * MOVES[k, 1], radius)
        scalars[BLOCKED + k - 1] = 0.0 if clear else 1.0


@phase
def _is_open(walls: np.ndarray, left: float, right: float, top: float, bottom: float) -> bool:
    """No wall cell overlaps the rectangle, which spares the eight tests of most seats."""
    last = walls.shape[0] - 1
    for row in range(max(int(top), 0), min(int(bottom), last) + 1):
        for column in range(max(int(left), 0), min(int(right), last) + 1):
            if walls[row, column] != 0:
                return False
    return True
