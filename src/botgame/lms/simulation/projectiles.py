"""Phase: shots fly until they hit a mage or a wall or reach the end of their range; some burst there.

All mages have moved before, and damage is only collected here, so the order of the shots does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.simulation.damage import afflict
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.random_stream import one_in
from botgame.lms.simulation.world import World

_WALL, _FLYING = -1, -2
_STEP = 0.25  # longest step at a time, in cells: well below the width of a mage or a wall


@phase
def fly_shots(world: World) -> None:
    """Move every active shot for one tick, and burst those that end."""
    for index in range(world.shots.shape[0]):
        shot = world.shots[index]
        if shot.active == 0:
            continue
        ability = world.abilities[shot.school, shot.row]
        reach = ability.radius + world.constants.mage_radius
        victim = _fly(shot, ability.speed, reach, world.mages, world.walls, world.match)
        if victim >= 0:
            world.harm[victim, shot.owner] += ability.damage * shot.factor
            afflict(world.mages[victim], ability, world.match.tick)
        if victim != _FLYING or world.match.tick >= shot.ends:
            shot.active = 0
            if ability.blast > 0.0:
                _burst(shot, ability, victim, world.mages, world.harm, world.match.tick)


@phase
def _fly(shot: Any, speed: float, reach: float, mages: np.ndarray, walls: np.ndarray, match: Any) -> int:
    """Move a shot; returns the seat that it hits, or _WALL, or _FLYING when it hits nothing."""
    steps = 1 + int(speed / _STEP)
    for _ in range(steps):
        x, y = shot.x + shot.vx / steps, shot.y + shot.vy / steps
        if walls[int(y), int(x)] != 0:
            return _WALL
        shot.x, shot.y = x, y
        victim = _touched(shot, reach, mages, match)
        if victim >= 0:
            return victim
    return _FLYING


@phase
def _touched(shot: Any, reach: float, mages: np.ndarray, match: Any) -> int:
    """Seat of the nearest enemy of the shot within `reach` cells; ties are drawn; -1 if there is none."""
    best, best_squared, ties = -1, reach * reach, 0
    for seat in range(mages.shape[0]):
        mage = mages[seat]
        squared = distance_squared(shot.x, shot.y, mage.x, mage.y)
        if squared > best_squared or mage.alive == 0 or seat == shot.owner:
            continue
        if squared < best_squared or best < 0:
            best, best_squared, ties = seat, squared, 1
        else:
            ties += 1
            if one_in(match, ties):
                best = seat
    return best


@phase
def _burst(shot: Any, ability: Any, victim: int, mages: np.ndarray, harm: np.ndarray, tick: int) -> None:
    """Hurt all enemies within the blast of a shot, except the one that it hit."""
    for seat in range(mages.shape[0]):
        mage = mages[seat]
        squared = distance_squared(shot.x, shot.y, mage.x, mage.y)
        hurts = mage.alive != 0 and squared <= ability.blast * ability.blast
        if hurts and seat != victim and seat != shot.owner:
            harm[seat, shot.owner] += ability.blast_damage * shot.factor
            afflict(mage, ability, tick)
