"""Phase: which mages see each other, and where each last saw its nearest enemy. Sight is mutual."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.sight import line_is_free
from botgame.lms.simulation.world import World


@phase
def look(world: World) -> None:
    """Every `sight_period` ticks, set the bits `visible` and the fields `seen_*` of all living mages."""
    if world.match.tick % world.constants.sight_period != 0:
        return
    mages, seats = world.mages, world.mages.shape[0]
    for seat in range(seats):
        mages[seat].visible = 0
    for a in range(seats):
        for b in range(a + 1, seats):
            if _see_each_other(mages[a], mages[b], world.walls, world.constants.sight):
                mages[a].visible |= 1 << b
                mages[b].visible |= 1 << a
    for seat in range(seats):
        if mages[seat].visible != 0:
            _remember(mages, seat, world.match.tick)


@phase
def _see_each_other(one: Any, other: Any, walls: np.ndarray, sight: float) -> bool:
    if one.alive == 0 or other.alive == 0 or distance_squared(one.x, one.y, other.x, other.y) > sight * sight:
        return False
    return line_is_free(walls, one.x, one.y, other.x, other.y)


@phase
def _remember(mages: np.ndarray, seat: int, tick: int) -> None:
    """Set the fields `seen_*` to the nearest visible enemy."""
    mage, best, best_squared = mages[seat], -1, 0.0
    for other in range(mages.shape[0]):
        if (mage.visible >> other) & 1 == 1:
            squared = distance_squared(mage.x, mage.y, mages[other].x, mages[other].y)
            if best < 0 or squared < best_squared:
                best, best_squared = other, squared
    mage.seen_x, mage.seen_y = mages[best].x, mages[best].y
    mage.seen_tick, mage.seen_seat = tick, best
