"""Which enemy to shoot at, how far ahead of it, and the aim bin of a leap."""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.knowledge import ABILITIES, RANGE, SPEED
from botgame.lms.bots.expert.parameters import BotParameters
from botgame.lms.fields import MAX_MAGES
from botgame.lms.simulation.kernel import kernel


@kernel
def pick_target(entities: np.ndarray, mask: np.ndarray, reach: float) -> int:
    """Target category of the weakest enemy within `reach` cells, where distance counts against it too; 0 for none.

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
def pick_lead(entities: np.ndarray, target: int, school: int, row: int, bot: BotParameters) -> int:
    """Index into LEADS: one lead for short flights and another for long ones, during which a target may turn."""
    cells = float(entities[target - 1, see.ENTITY_DISTANCE]) * see.CELLS
    near = cells < bot.lead_split * ABILITIES[school, row, SPEED]
    return int(bot.lead_near if near else bot.lead_far)


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
