"""The free distance to a wall in 16 directions, computed for all of them at once.

A grid walk (Amanatides and Woo 1987) branches on where each ray crosses its next border, which no processor can
predict. Here all rays take the same number of steps, also through walls, in plain loops that compile to vector
instructions; then the nearest wall on each ray counts.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.fields import RANGE, RAYS
from botgame.lms.rules import DIRECTION_BINS, DIRECTIONS
from botgame.lms.simulation.kernel import phase

STRIDE = DIRECTION_BINS // RAYS
NEVER = 1e9  # cells to the next border for a ray that runs along it


def _crossings() -> np.ndarray:
    """Distance along each ray between two column borders, and between two row borders: float64 [RAYS, 2]."""
    size = np.abs(DIRECTIONS[::STRIDE])
    return np.where(size > 0.0, 1.0 / np.where(size > 0.0, size, 1.0), NEVER)


GAP_X, GAP_Y = (np.ascontiguousarray(gaps) for gaps in _crossings().T)
STEP_X, STEP_Y = (np.where(ends > 0.0, 1.0, -1.0) for ends in DIRECTIONS[::STRIDE].T)
STEPS = int(np.ceil(RANGE * np.abs(DIRECTIONS[::STRIDE])).sum(axis=1).max())  # most borders within RANGE
LOOKS = STEPS * RAYS
BEHIND = np.array([2.0 * RANGE, 0.0])  # added to the distance of a border that no wall stands behind
NEXT_X, NEXT_Y, CELL, ROW_STEP = (RAYS * place for place in range(1, 5))  # where in the scratch array
BORDER, MET = 5 * RAYS, 5 * RAYS + LOOKS
RAY_SCRATCH = MET + LOOKS


@phase
def ray_lengths(walls: np.ndarray, x: float, y: float, rays: np.ndarray, cells: np.ndarray) -> None:
    """Write the free distances (cells, up to RANGE) from a point on the grid in all directions to `rays[:RAYS]`.

    walls: uint8 [G, G] with walls all around. `rays`: float64 [RAY_SCRATCH], `cells`: int32 [LOOKS], to work in.
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
    """Write where each ray crosses its first borders, and into which cells; (x, y): the place within the own cell."""
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
