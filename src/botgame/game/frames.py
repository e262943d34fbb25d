"""Phase: the state at the end of a tick goes into the ring of past frames, which delayed observations read."""

from __future__ import annotations

from botgame.game.kernel import phase
from botgame.game.memory import copy_record
from botgame.game.state import FRAMES
from botgame.game.world import World


@phase
def write_frame(world: World) -> None:
    """Fill slot `tick % FRAMES`. Shots stand without gaps, the first inactive one ends them; see `next_shot`.

    Of an item only `available` changes.
    """
    slot = world.match.tick % FRAMES
    copy_record(world.past_matches[slot], world.match)
    for seat in range(world.mages.shape[0]):
        copy_record(world.past_mages[slot, seat], world.mages[seat])
    flying = 0
    for index in range(world.shots.shape[0]):
        if world.shots[index].active != 0:
            copy_record(world.past_shots[slot, flying], world.shots[index])
            flying += 1
    if flying < world.shots.shape[0]:
        world.past_shots[slot, flying].active = 0
    for index in range(world.items.shape[0]):
        world.past_items[slot, index].available = world.items[index].available


@phase
def write_first_frame(world: World) -> None:
    """At the start of a match: frame 0, and the items, which stay where they are, in every slot."""
    for slot in range(FRAMES):
        for index in range(world.items.shape[0]):
            copy_record(world.past_items[slot, index], world.items[index])
    write_frame(world)
