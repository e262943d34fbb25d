"""What a seat can see: whether the line between two points is free, and the visible enemies in order.

The order of enemies is that of the entity table and of the target head. The simulation and the observation both take it
from here, because a replay stores a target category and `rank_enemies` turns it back into a seat.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import entry
from botgame.lms.simulation.ranking import clear, insert


@entry
def line_is_free(walls: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> bool:
    """True when the segment crosses no wall of the grid. The answer is the same in both directions.

    `walls`: uint8 [G, G], [row y, column x]; the points (cells) must lie on the grid. Touching a corner does not
    block. This is the grid walk of Amanatides and Woo (1987) with products instead of quotients: the next border in x
    comes first when its distance times |dy| is the smaller one.
    """
    if x1 < x0 or (x1 == x0 and y1 < y0):
        x0, y0, x1, y1 = x1, y1, x0, y0
    column, row = int(x0), int(y0)
    columns_left, rows_left = int(x1) - column, abs(int(y1) - row)
    down = y1 >= y0
    step = 1 if down else -1
    run = x1 - x0
    rise = y1 - y0 if down else y0 - y1
    to_column = (column + 1 - x0) * rise
    to_row = (row + 1 - y0 if down else y0 - row) * run
    if walls[row, column] != 0:
        return False
    while columns_left > 0 or rows_left > 0:
        if rows_left == 0 or (columns_left > 0 and to_column < to_row):
            column += 1
            columns_left -= 1
            to_column += rise
        elif columns_left == 0 or to_row < to_column:
            row += step
            rows_left -= 1
            to_row += run
        else:
            column += 1
            row += step
            columns_left -= 1
            rows_left -= 1
            to_column += rise
            to_row += run
        if walls[row, column] != 0:
            return False
    return True


@entry
def rank_enemies(mages: np.ndarray, seat: int, ranking: np.ndarray) -> int:
    """List the living enemies that `seat` sees in one frame, nearest first, ties by seat. Returns how many are listed.

    `mages`: SEEN_MAGE [P] of that frame (for a bot the one `reaction` ticks ago). `ranking` (out) lists seats; with
    more enemies in sight than it has places, the nearest.
    """
    me = mages[seat]
    clear(ranking)
    listed = 0
    for other in range(mages.shape[0]):
        enemy = mages[other]
        if other != seat and (me.visible >> other) & 1 == 1 and enemy.alive == 1:
            listed = insert(ranking, listed, other, distance_squared(me.x, me.y, enemy.x, enemy.y))
    return listed
