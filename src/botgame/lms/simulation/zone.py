"""Phase: the toxic zone. A circle around the arena's centre shrinks in steps, and mages outside it lose health.

The circle stays centred, because any other point would favour one side of a mirrored arena.
"""

from __future__ import annotations

from typing import Any

from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.world import World


@phase
def close_zone(world: World) -> None:
    """Set radius and damage for this tick, and collect the damage to all mages outside."""
    update_zone(world.match, world.constants)
    match, seats = world.match, world.mages.shape[0]
    for seat in range(seats):
        mage = world.mages[seat]
        squared = distance_squared(match.zone_x, match.zone_y, mage.x, mage.y)
        if mage.alive != 0 and squared >= match.zone_r * match.zone_r:
            world.harm[seat, seats] += match.zone_damage


@phase
def update_zone(match: Any, constants: Any) -> None:
    """Set `zone_r` and `zone_damage` for the current tick."""
    share = match.tick / match.duration
    first = constants.zone_hold[0]
    match.zone_r = zone_radius(constants, share) * (match.cells - 2)
    rise = min(1.0, max(0.0, (share - first) / (1.0 - first)))
    match.zone_damage = constants.zone_damage + (constants.zone_damage_end - constants.zone_damage) * rise


@phase
def zone_radius(constants: Any, share: float) -> float:
    """Radius, as a share of the side, at a share of the match: four times it stays and then shrinks linearly."""
    radius = constants.zone_start
    for k in range(4):
        hold, close, target = constants.zone_hold[k], constants.zone_close[k], constants.zone_radius[k]
        if share < hold:
            return radius
        if share < close:
            return radius + (target - radius) * ((share - hold) / (close - hold))
        radius = target
    return radius
