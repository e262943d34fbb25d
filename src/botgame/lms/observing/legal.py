"""Which categories of the action heads are legal by what the seat sees: the mask can be `reaction` ticks out of date.

The simulation decides by the present state; an action that it refuses becomes none and is counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.fields import MAX_MAGES
from botgame.lms.observing.columns import scalar
from botgame.lms.observing.view import View
from botgame.lms.rules import INTERACT, VERBS
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.legality import can_cast
from botgame.lms.spec import ARENA_SPEC

CASTABLE = scalar(*(f"castable_{verb}" for verb in VERBS[1:]))
VERB_START, VERB_COUNT = ARENA_SPEC.slices["verb"].start, len(VERBS)
TARGET_START = ARENA_SPEC.slices["target"].start


@phase
def observe_legal(
    view: View, items: np.ndarray, chest: int, enemies: int, scalars: np.ndarray, legal: np.ndarray
) -> None:
    """Fill `legal`, bool [sum of head sizes], and the castable_* scalars.

    `chest`: the nearest one in sight, -1 for none. `enemies`: mage rows in the entity table.
    """
    me = view.me
    legal[:] = True
    for verb in range(1, VERB_COUNT):
        if verb == INTERACT:
            possible = chest >= 0 and _is_near(items[chest], me, view.constants.interact_radius)
        else:
            possible = can_cast(me, view.abilities, verb - 1, view.tick)
        legal[VERB_START + verb] = possible
        scalars[CASTABLE + verb - 1] = 1.0 if possible else 0.0
    for slot in range(enemies, MAX_MAGES):
        legal[TARGET_START + 1 + slot] = False


@phase
def _is_near(item: Any, me: Any, reach: float) -> bool:
    return distance_squared(item.x, item.y, me.x, me.y) <= reach * reach
