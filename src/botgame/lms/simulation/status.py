"""Phase: mana regenerates, and slows and wards end when their time is up."""

from __future__ import annotations

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.world import World


@phase
def update_status(world: World) -> None:
    """Update every living mage. This comes first in a tick, so `slow`, `shield` and `self_slow` are 0 once they end."""
    tick = world.match.tick
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        if mage.alive != 0:
            mage.mana = min(world.constants.mana, mage.mana + world.constants.mana_regen)
            if tick >= mage.slow_until:
                mage.slow = 0.0
            if tick >= mage.shield_until:
                mage.shield, mage.self_slow = 0.0, 0.0
