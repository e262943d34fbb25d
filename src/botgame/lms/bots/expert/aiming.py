"""Whom to shoot at, how far ahead, and in which of the 32 bins a leap goes."""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.knowledge import ABILITIES, RANGE, SPEED
from botgame.lms.bots.expert.parameters import Style
from botgame.lms.simulation.kernel import kernel
from botgame.lms.spec import MAX_MAGES


@kernel
def pick_target(entities: np.ndarray, mask: np.ndarray, reach: float) -> int:
    """Slot 1.. of the enemy to shoot: weakest within `reach` cells, nearer ones first among equals; 0 when none.

    entities: float32 [E, F]; mask: bool [E].
    """
    best, top = 0, 1e9
    for row in range(MAX_MAGES):
        if mask[row] and entities[row, see.IS_MAGE] > 0.5:
            cells = float(entities[row, see.ENTITY_DISTANCE]) * see.CELLS
            cost = float(entities[row, see.ENTITY_HEALTH]) + float(entities[row, see.ENTITY_SHIELD]) + 0.12 * cells
            if cells <= reach and cost < top:
                best, top = row + 1, cost
    return best


@kernel
def pick_lead(entities: np.ndarray, target: int, school: int, row: int, style: Style) -> int:
    """Index into LEADS: less of the flight time the longer it is, because a target turns meanwhile."""
    cells = float(entities[target - 1, see.ENTITY_DISTANCE]) * see.CELLS
    near = cells < style.lead_split * ABILITIES[school, row, SPEED]
    return int(style.lead_near if near else style.lead_far)


@kernel
def reach_of(school: int, row: int, seconds: float) -> float:
    """Cells that ability `row` (0 bolt, 1 offence) of a school covers in `seconds`, at most its range."""
    return float(min(ABILITIES[school, row, RANGE], seconds * ABILITIES[school, row, SPEED]))


@kernel
def bin_of(x: float, y: float) -> int:
    """The aim bin 0..31 nearest to direction (x, y)."""
    best, top = 0, -1e9
    for k in range(see.AIM_X.shape[0]):
        along = see.AIM_X[k] * x + see.AIM_Y[k] * y
        if along > top:
            best, top = k, along
    return best
