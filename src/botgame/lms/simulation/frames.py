"""Phase: the state at the end of a tick goes into the ring of past frames, which delayed observations read."""

from __future__ import annotations

from typing import Any

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.record_copy import copy_record
from botgame.lms.simulation.state import FRAMES
from botgame.lms.simulation.world import World


@phase
def write_frame(world: World) -> None:
    """Fill slot `tick % FRAMES`. Shots stand without gaps; the first inactive one ends them."""
    slot = world.match.tick % FRAMES
    copy_record(world.past_matches[slot], world.match)
    for seat in range(world.mages.shape[0]):
        _keep(world.past_mages[slot, seat], world.mages[seat])
    flying = 0
    for index in range(world.shots.shape[0]):
        if world.shots[index].active != 0:
            copy_record(world.past_shots[slot, flying], world.shots[index])
            flying += 1
    if flying < world.shots.shape[0]:
        world.past_shots[slot, flying].active = 0
    for index in range(world.items.shape[0]):
        world.past_available[slot, index] = world.items[index].available


@phase
def _keep(seen: Any, mage: Any) -> None:
    """Every field of SEEN_MAGE."""
    seen.x, seen.y, seen.vx, seen.vy = mage.x, mage.y, mage.vx, mage.vy
    seen.health, seen.mana, seen.shield = mage.health, mage.mana, mage.shield
    seen.slow, seen.self_slow = mage.slow, mage.self_slow
    seen.seen_x, seen.seen_y, seen.seen_tick = mage.seen_x, mage.seen_y, mage.seen_tick
    seen.slow_until, seen.shield_until = mage.slow_until, mage.shield_until
    seen.rune_until, seen.dash_until = mage.rune_until, mage.dash_until
    for row in range(4):
        seen.ready[row] = mage.ready[row]
    seen.visible, seen.school, seen.alive, seen.kills = mage.visible, mage.school, mage.alive, mage.kills
