"""What each seat could do at this very moment, by the simulation's own rules: for live play and for pages.

Bots decide by `legal` of their observation, which is as old as their reaction time. A server that holds a person's cast
until it is possible, and a page that shows cooldowns, need the present.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.rules import SLOT_COUNT, VERBS
from botgame.lms.simulation.action_cap import cap_of, is_within_cap, recent_actions, spacing_left
from botgame.lms.simulation.kernel import entry
from botgame.lms.simulation.legality import chest_in_reach, is_legal
from botgame.lms.simulation.state import State, Tables

COOLDOWNS = slice(0, SLOT_COUNT)  # ticks until the ability of each slot has cooled down
BUDGET, SPACING, WITHIN_CAP, CHEST, LEGAL = range(COOLDOWNS.stop, COOLDOWNS.stop + 5)
COLUMNS = LEGAL + 1
_VERBS = len(VERBS)


@entry
def write_readiness(state: State, tables: Tables, b: int, out: np.ndarray) -> None:
    """Fill `out`, int32 [P, COLUMNS], with one row for each seat of match `b`.

    COOLDOWNS: in ticks; BUDGET: counted actions left in the window of the cap; SPACING: ticks until the next one;
    WITHIN_CAP: 1 if one is accepted now; CHEST: index of the chest in reach, -1 for none; LEGAL: bit v is set if the
    seat has the mana, cooldown and chest for verb v (the cap aside).
    """
    constants, tick = tables.constants[0], state.matches[b].tick
    for seat in range(state.mages.shape[1]):
        mage, row = state.mages[b, seat], out[seat]
        for ability in range(SLOT_COUNT):
            row[ability] = max(0, mage.ready[ability] - tick)
        row[BUDGET] = cap_of(mage, constants) - recent_actions(mage, constants, tick)
        row[SPACING] = spacing_left(mage, constants, tick)
        row[WITHIN_CAP] = int(is_within_cap(mage, constants, tick))
        row[CHEST] = chest_in_reach(state.items[b], mage.x, mage.y, constants.interact_radius)
        row[LEGAL] = 0
        for verb in range(_VERBS):
            row[LEGAL] |= int(is_legal(mage, tables.abilities, verb, row[CHEST], tick)) << verb
