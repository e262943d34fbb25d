"""Phase: mana grows back, and slows and wards that have run out end."""

from __future__ import annotations

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.world import World


@phase
def update_status(world: World) -> None:
    """First in a tick, so `slow`, `shield` and `self_slow` are non-zero exactly while they last."""
    tick = world.match.tick
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        if mage.alive != 0:
            mage.mana = min(world.constants.mana, mage.mana + world.constants.mana_regen)
            if tick >= mage.slow_until:
                mage.slow = 0.0
            if tick >= mage.shield_until:
                mage.shield, mage.self_slow = 0.0, 0.0
