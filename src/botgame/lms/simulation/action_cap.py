"""The cap on actions: a limited number of non-repeating actions in any window, at least `action_spacing` ticks apart.

A non-repeating action is a decision with a verb other than none or, for bots, a change of the held direction.
Holding a direction and aiming are free. The ring `stamps` has the ticks of the last counted actions. A seat may have
its own cap instead of the rules' `action_cap`: a lower one, or `UNCAPPED`, for which only the spacing counts.
"""

from __future__ import annotations

from typing import Any

from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.state import STAMPS


@phase
def is_new_action(mage: Any, verb: int, move: int) -> bool:
    """True when a decision counts towards the cap of this seat."""
    return verb != 0 or (mage.cap_moves != 0 and move != mage.move)


@phase
def cap_of(mage: Any, constants: Any) -> int:
    """How many counted actions the seat may take in a window."""
    cap: int = mage.cap if mage.cap != 0 else constants.action_cap
    return cap


@phase
def recent_actions(mage: Any, constants: Any, tick: int) -> int:
    """Number of counted actions in the window that ends at `tick`, 0..STAMPS."""
    count = 0
    for slot in range(min(mage.stamp_count, STAMPS)):
        count += int(tick - mage.stamps[slot] < constants.action_window)
    return count


@phase
def spacing_left(mage: Any, constants: Any, tick: int) -> int:
    """Ticks until the spacing allows the next counted action, 0 if it does now."""
    if mage.stamp_count == 0:
        return 0
    return max(0, mage.stamps[(mage.stamp_count - 1) % STAMPS] + constants.action_spacing - tick)


@phase
def is_within_cap(mage: Any, constants: Any, tick: int) -> bool:
    """True when a counted action is accepted at `tick`."""
    return spacing_left(mage, constants, tick) == 0 and recent_actions(mage, constants, tick) < cap_of(mage, constants)


@phase
def stamp(mage: Any, tick: int) -> None:
    """Count an accepted action."""
    mage.stamps[mage.stamp_count % STAMPS] = tick
    mage.stamp_count += 1
