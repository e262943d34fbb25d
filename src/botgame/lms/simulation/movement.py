"""Phase: every mage moves, by its dash or its held direction, and slides along walls. Mages pass through each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from botgame.lms.rules import MOVES
from botgame.lms.simulation.geometry import push_out
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.world import World

_STEP = 0.75  # longest step at a time, in radii: the centre must not enter a wall


@phase
def move_mages(world: World) -> None:
    """Set the new positions, and the velocities with which mages really moved."""
    constants, tick = world.constants, world.match.tick
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        if mage.alive == 0 or (mage.move == 0 and tick >= mage.dash_until):
            mage.vx, mage.vy = 0.0, 0.0
        else:
            vx, vy = wanted_velocity(mage, constants.mage_speed, tick)
            _move(mage, vx, vy, world.walls, constants.mage_radius)


@phase
def _move(mage: Any, vx: float, vy: float, walls: np.ndarray, radius: float) -> None:
    squared, longest = vx * vx + vy * vy, _STEP * radius
    steps = 1 if squared <= longest * longest else 1 + int(math.sqrt(squared) / longest)
    step_x, step_y = vx / steps, vy / steps
    x, y = mage.x, mage.y
    for _ in range(steps):
        x, y = push_out(walls, x + step_x, y + step_y, radius)
    mage.vx, mage.vy = x - mage.x, y - mage.y
    mage.x, mage.y = x, y


@phase
def wanted_velocity(mage: Any, mage_speed: float, tick: int) -> tuple[float, float]:
    """Velocity in cells per tick before walls stop the mage. Slows do not shorten a dash."""
    if tick < mage.dash_until:
        return mage.dash_x, mage.dash_y
    speed = mage_speed * (1.0 - mage.slow) * (1.0 - mage.self_slow)
    return MOVES[mage.move, 0] * speed, MOVES[mage.move, 1] * speed
