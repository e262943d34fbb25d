"""Circles among square cells: whether a place is clear, and where a circle slides to.

Wall cells are unit squares with corners at integers; cell (column, row) covers [column, column + 1) x [row, row + 1).
"""

from __future__ import annotations

import math

import numpy as np

from botgame.lms.simulation.kernel import phase


@phase
def is_clear(walls: np.ndarray, x: float, y: float, radius: float) -> bool:
    """True when the circle lies inside the border and overlaps no wall. `radius` <= 1 cell."""
    last = walls.shape[0] - 1
    if x < 1.0 or y < 1.0 or x >= last or y >= last:
        return False
    column, row = int(x), int(y)
    for r in range(row - 1, row + 2):
        for c in range(column - 1, column + 2):
            if walls[r, c] != 0:
                dx = x - min(max(x, float(c)), c + 1.0)
                dy = y - min(max(y, float(r)), r + 1.0)
                if dx * dx + dy * dy < radius * radius:
                    return False
    return True


@phase
def push_out(walls: np.ndarray, x: float, y: float, radius: float) -> tuple[float, float]:
    """The nearest place where a circle, whose centre is in a free cell, overlaps no wall: it slides along walls.

    Faces first, then corners; with `radius` < 0.5 a push from a corner cannot reach the opposite face, so one
    round is exact. The caller moves less than `radius` at a time, so the centre cannot enter a wall.
    """
    column, row = int(x), int(y)
    if walls[row, column - 1] != 0:
        x = max(x, column + radius)
    if walls[row, column + 1] != 0:
        x = min(x, column + 1 - radius)
    if walls[row - 1, column] != 0:
        y = max(y, row + radius)
    if walls[row + 1, column] != 0:
        y = min(y, row + 1 - radius)
    for side_y in range(2):
        for side_x in range(2):
            if walls[row - 1 + 2 * side_y, column - 1 + 2 * side_x] != 0:
                x, y = _push_from_point(float(column + side_x), float(row + side_y), x, y, radius)
    return x, y


@phase
def _push_from_point(px: float, py: float, x: float, y: float, radius: float) -> tuple[float, float]:
    dx, dy = x - px, y - py
    squared = dx * dx + dy * dy
    if squared >= radius * radius or squared == 0.0:
        return x, y
    scale = radius / math.sqrt(squared)
    return px + dx * scale, py + dy * scale


@phase
def distance_squared(ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance between two points."""
    dx, dy = bx - ax, by - ay
    return dx * dx + dy * dy
