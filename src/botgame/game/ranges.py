"""Range finder: how far a straight line of free cells reaches from every cell, in 16 directions.

The directions of `DIRECTIONS[::2]` are taken as grid steps (1, 0), (2, 1), (1, 1), (1, 2) and their quarter turns. A
slanted step is free when the cells that it brushes are free too, because a mage has a width. One sweep of dynamic
programming a direction, when a match starts, makes the look-up free afterwards.
"""

from __future__ import annotations

import numpy as np

from botgame.game.kernel import phase
from botgame.game.state import RAYS


def _ray_steps() -> np.ndarray:
    steps = [(1, 0), (2, 1), (1, 1), (1, 2)]
    while len(steps) < RAYS:
        steps += [(-y, x) for x, y in steps[-4:]]
    return np.array(steps, np.int64)


RAY_STEPS: np.ndarray = _ray_steps()  # int64 [RAYS, 2], (columns, rows) of one step
_LONGEST = 255


@phase
def measure_free(walls: np.ndarray, free: np.ndarray) -> None:
    """Fill `free` (uint8 [RAYS, G, G]) with the number of steps that stay on free cells; 0 on a wall."""
    cells = walls.shape[0]
    for ray in range(RAYS):
        dx, dy = RAY_STEPS[ray, 0], RAY_STEPS[ray, 1]
        for i in range(cells):
            row = cells - 1 - i if dy > 0 else i
            for j in range(cells):
                column = cells - 1 - j if dx > 0 else j
                steps = 0
                if _is_step_free(walls, column, row, dx, dy):
                    steps = min(_LONGEST, int(free[ray, row + dy, column + dx]) + 1)
                free[ray, row, column] = steps


@phase
def _is_step_free(walls: np.ndarray, column: int, row: int, dx: int, dy: int) -> bool:
    """True when the cells of the rectangle between a cell and its next are free; of (2, 1) all but the far corners."""
    last = walls.shape[0] - 1
    if walls[row, column] != 0 or not (0 < column + dx < last and 0 < row + dy < last):
        return False
    if walls[row + dy, column + dx] != 0:
        return False
    if abs(dx) == 2:
        half = dx // 2
        return walls[row, column + half] == 0 and walls[row + dy, column + half] == 0
    if abs(dy) == 2:
        half = dy // 2
        return walls[row + half, column] == 0 and walls[row + half, column + dx] == 0
    return walls[row, column + dx] == 0 and walls[row + dy, column] == 0
