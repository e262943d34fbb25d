"""Phase: the state at the end of a tick is copied to the ring of past frames, which delayed observations read."""

from __future__ import annotations

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.record_copy import copy_fields
from botgame.lms.simulation.state import FRAMES
from botgame.lms.simulation.world import World


@phase
def write_frame(world: World) -> None:
    """Fill slot `tick % FRAMES`. Active shots come first, without gaps; an inactive one ends them."""
    slot = world.match.tick % FRAMES
    copy_fields(world.past_matches[slot], world.match)
    for seat in range(world.mages.shape[0]):
        copy_fields(world.past_mages[slot, seat], world.mages[seat])
    flying = 0
    for index in range(world.shots.shape[0]):
        if world.shots[index].active != 0:
            copy_fields(world.past_shots[slot, flying], world.shots[index])
            flying += 1
    if flying < world.shots.shape[0]:
        world.past_shots[slot, flying].active = 0
    for index in range(world.items.shape[0]):
        world.past_available[slot, index] = world.items[index].available
