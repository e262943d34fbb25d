"""The state of the fight in a few numbers, computed once for each decision; the expert's rules are written in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.parameters import BotParameters
from botgame.lms.simulation.kernel import kernel


class Situation(NamedTuple):
    """What one seat faces. Distances are in cells, health and mana are shares, flags are 0.0 or 1.0."""

    school: int
    visible: float  # an enemy is in sight
    distance: float  # to the nearest enemy in sight, 99 when none is
    toward_x: float  # unit vector to that enemy, else to where it was last seen
    toward_y: float
    health: float  # own, including the shield
    mana: float
    advantage: float  # own health minus the enemy's, 0 when none is in sight
    weak: float  # should avoid a fight: hurt and behind
    edge: float  # cells inside the zone's edge, negative outside


@kernel
def assess(scalars: np.ndarray, vectors: np.ndarray, bot: BotParameters) -> Situation:
    """The situation in one row of an observation: scalars float32 [S], vectors float32 [V, 2]."""
    visible = float(scalars[see.ENEMY_VISIBLE])
    health = float(scalars[see.HEALTH]) + see.SHIELD_SHARE * float(scalars[see.SHIELD])
    school = 0
    for other in range(1, 3):
        if scalars[see.SCHOOL + other] > 0.5:
            school = other
    distance, advantage, pointer = 99.0, 0.0, see.TO_SEEN
    if visible > 0.0:
        distance = float(scalars[see.ENEMY_DISTANCE]) * see.CELLS
        advantage = health - float(scalars[see.ENEMY_HEALTH]) - see.SHIELD_SHARE * float(scalars[see.ENEMY_SHIELD])
        pointer = see.TO_ENEMY
    weak = 1.0 if health < bot.retreat and advantage < 0.05 else 0.0
    return Situation(
        school,
        visible,
        distance,
        float(vectors[pointer, 0]),
        float(vectors[pointer, 1]),
        health,
        float(scalars[see.MANA]),
        advantage,
        weak,
        float(scalars[see.ZONE_EDGE]) * see.CELLS,
    )


@kernel
def ready(scalars: np.ndarray, verb: int) -> bool:
    """True when `verb` (not NONE) can be carried out, as far as the seat knows.

    The observation is some ticks old, so the verb of the last decision may still look ready in it.
    """
    if scalars[see.CASTABLE + verb - 1] < 0.5:
        return False
    unseen = scalars[see.SINCE_DECISION] * see.DELAY_UNIT <= see.REACTION_TICKS + 0.5
    return not (unseen and scalars[see.LAST_VERB + verb] > 0.5)
