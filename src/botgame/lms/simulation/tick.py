"""One tick of 1/30 s as a list of phases, whose order is part of the rules.

For fairness all decisions are carried out before any mage moves, all shots fly after all mages have moved, and all
damage is applied at once. No phase prefers a seat for its number.
"""

from __future__ import annotations

from botgame.lms.simulation.casts import carry_out_decisions, forget_decisions
from botgame.lms.simulation.damage import apply_damage
from botgame.lms.simulation.ending import end_match
from botgame.lms.simulation.frames import write_frame
from botgame.lms.simulation.items import open_chests, pick_up_items
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.movement import move_mages
from botgame.lms.simulation.projectiles import fly_shots
from botgame.lms.simulation.status import update_status
from botgame.lms.simulation.vision import look
from botgame.lms.simulation.world import World
from botgame.lms.simulation.zone import close_zone


@phase
def tick(world: World) -> None:
    """Advance one match by one tick."""
    world.match.tick += 1
    update_status(world)
    carry_out_decisions(world)
    open_chests(world)
    forget_decisions(world)
    move_mages(world)
    fly_shots(world)
    close_zone(world)
    apply_damage(world)
    pick_up_items(world)
    look(world)
    end_match(world)
    write_frame(world)
