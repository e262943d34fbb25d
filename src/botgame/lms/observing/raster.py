"""The egocentric map: walls, the outside of the zone, items and shots, one byte for each cell.

It is a window of RASTER_CELLS x RASTER_CELLS cells of the arena, around the cell corner nearest to the seat. Walls are
copied, the zone is a test of dx^2 + dy^2 with one square computed for each row, and items and shots are single cells. A
window inside the zone, the usual case, costs one test of its corners.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.fields import RASTER_CELLS
from botgame.lms.observing.columns import channel
from botgame.lms.observing.view import View
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase

WALL, OUTSIDE, ITEM, SHOT = channel("wall"), channel("outside_zone"), channel("item"), channel("shot")
FULL, OWN_SHOT, ITEM_STEP = 255, 128, 64  # items: 63, 127, 191, 255 by kind
HALF = RASTER_CELLS // 2


@phase
def observe_raster(
    view: View, shots: np.ndarray, items: np.ndarray, seen: np.ndarray, walls: np.ndarray, raster: np.ndarray
) -> None:
    """Draw the frame into `raster`, uint8 [C, R, R]; cells off the grid count as walls.

    `shots`: SHOT [S] of the frame. `seen`: indices of the items in sight, see `rank_items`.
    """
    me, sight = view.me, view.constants.sight
    left, top = int(me.x + 0.5) - HALF, int(me.y + 0.5) - HALF
    _draw_walls(walls, left, top, raster[WALL])
    _draw_zone(view.match, left, top, raster[OUTSIDE])
    raster[ITEM] = 0
    raster[SHOT] = 0
    for place in range(seen.shape[0]):
        item = items[seen[place]]
        _draw_cell(item.x, item.y, left, top, (item.kind + 1) * ITEM_STEP - 1, raster[ITEM])
    for index in range(shots.shape[0]):
        shot = shots[index]
        if shot.active == 0:
            break
        if distance_squared(shot.x, shot.y, me.x, me.y) <= sight * sight:
            _draw_cell(shot.x, shot.y, left, top, OWN_SHOT if shot.owner == view.seat else FULL, raster[SHOT])


@phase
def _draw_cell(x: float, y: float, left: int, top: int, value: int, out: np.ndarray) -> None:
    """Raise the cell of (x, y) to `value`; so the order of drawing does not matter."""
    column, row = int(x) - left, int(y) - top
    if 0 <= column < RASTER_CELLS and 0 <= row < RASTER_CELLS:
        out[row, column] = max(out[row, column], value)


@phase
def _draw_walls(walls: np.ndarray, left: int, top: int, out: np.ndarray) -> None:
    """Copy the walls of the window, in plain double loops: variable bounds, or slices, are five times slower."""
    cells = walls.shape[0]
    if 0 <= left <= cells - RASTER_CELLS and 0 <= top <= cells - RASTER_CELLS:
        for row in range(RASTER_CELLS):
            for column in range(RASTER_CELLS):
                out[row, column] = walls[top + row, left + column] * FULL
        return
    for row in range(RASTER_CELLS):
        y = top + row
        for column in range(RASTER_CELLS):
            x = left + column
            out[row, column] = walls[y, x] * FULL if 0 <= x < cells and 0 <= y < cells else FULL


@phase
def _draw_zone(match: Any, left: int, top: int, out: np.ndarray) -> None:
    first_x, first_y = left + 0.5 - match.zone_x, top + 0.5 - match.zone_y
    last_x, last_y = first_x + RASTER_CELLS - 1, first_y + RASTER_CELLS - 1
    far_x = max(first_x * first_x, last_x * last_x)
    far_y = max(first_y * first_y, last_y * last_y)
    limit = match.zone_r * match.zone_r
    if far_x + far_y < limit:
        out[:] = 0
        return
    for row in range(RASTER_CELLS):
        rest = limit - (first_y + row) * (first_y + row)
        for column in range(RASTER_CELLS):
            dx = first_x + column
            out[row, column] = FULL if dx * dx >= rest else 0
