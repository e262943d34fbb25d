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


GAP_X, GAP_Y = (np.ascontiguousarray(gaps) for gaps in _crossings().T)
STEP_X, STEP_Y = (np.where(ends > 0.0, 1.0, -1.0) for ends in DIRECTIONS[::STRIDE].T)
STEPS = 12  # more borders than any ray crosses within RANGE
LOOKS = STEPS * RAYS
BEHIND = np.array([2.0 * RANGE, 0.0])  # added to the distance of a border that no wall stands behind
NEXT_X, NEXT_Y, CELL, ROW_STEP = (RAYS * place for place in range(1, 5))  # where in the scratch array
BORDER, MET = 5 * RAYS, 5 * RAYS + LOOKS
RAY_SCRATCH = MET + LOOKS


@phase
def ray_lengths(walls: np.ndarray, x: float, y: float, rays: np.ndarray, cells: np.ndarray) -> None:
    """Free distances (cells, up to RANGE) from a point on the grid in all directions: `rays[:RAYS]`.

    `rays`: float64 [RAY_SCRATCH], `cells`: int32 [LOOKS]. All rays go the same number of steps from border to border,
    behind walls too, which the processor does for several at once; then the nearest of the walls they met counts.
    """
    _cross(x - int(x), y - int(y), int(y) * walls.shape[1] + int(x), walls.shape[1], walls.size - 1, rays, cells)
    flat = walls.reshape(walls.size)
    for look in range(LOOKS):
        rays[MET + look] = BEHIND[flat[cells[look]]]
    for ray in range(RAYS):
        rays[ray] = RANGE
    for step in range(STEPS):
        for ray in range(RAYS):
            look = step * RAYS + ray
            rays[ray] = min(rays[ray], rays[BORDER + look] + rays[MET + look])


@phase
def _cross(x: float, y: float, start: int, stride: int, last: int, rays: np.ndarray, cells: np.ndarray) -> None:
    """Where each ray crosses each of its first borders, and into which cell; (x, y): the place within its cell."""
    for ray in range(RAYS):
        rays[NEXT_X + ray] = (1.0 - x if STEP_X[ray] > 0.0 else x) * GAP_X[ray]
        rays[NEXT_Y + ray] = (1.0 - y if STEP_Y[ray] > 0.0 else y) * GAP_Y[ray]
        rays[CELL + ray] = start
        rays[ROW_STEP + ray] = STEP_Y[ray] * stride
    for step in range(STEPS):
        for ray in range(RAYS):
            aside = 1.0 if rays[NEXT_X + ray] < rays[NEXT_Y + ray] else 0.0
            rays[BORDER + step * RAYS + ray] = min(rays[NEXT_X + ray], rays[NEXT_Y + ray])
            rays[NEXT_X + ray] += aside * GAP_X[ray]
            rays[NEXT_Y + ray] += (1.0 - aside) * GAP_Y[ray]
            rays[CELL + ray] += aside * STEP_X[ray] + (1.0 - aside) * rays[ROW_STEP + ray]
            cells[step * RAYS + ray] = np.int32(min(max(rays[CELL + ray], 0.0), last))


@phase
def observe_walls(
    me: Any,
    constants: Any,
    walls: np.ndarray,
    rays: np.ndarray,
    cells: np.ndarray,
    scalars: np.ndarray,
    vectors: np.ndarray,
) -> None:
    """Fill range_*, blocked_* and open_space for the place of `me` among `walls`, uint8 [G, G].

    `rays`, `cells`: scratch, see `ray_lengths`.
    """
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
