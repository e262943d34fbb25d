"""Phase: a match ends when at most one mage lives or its time is up; survivors share the first place."""

from __future__ import annotations

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.world import World


@phase
def end_match(world: World) -> None:
    """Set `done`, and the place of the mages that still live."""
    match = world.match
    if match.alive > 1 and match.tick < match.duration:
        return
    match.done = 1
    for seat in range(world.mages.shape[0]):
        if world.mages[seat].alive != 0:
            world.mages[seat].place = 1
