"""What the expert knows without seeing it: the ability table of the default rules, as plain numbers for the kernels."""

from __future__ import annotations

import numpy as np

from botgame.lms.rules import DEFENCE, MOBILITY, SLOT_COUNT, TICKS_PER_SECOND, Rules

RANGE, SPEED, BLAST, MANA, LEAP = range(5)
SHOT_REACH = 0.65  # cells: a mage's radius plus a spell's, with a little air


def ability_table() -> np.ndarray:
    """float64 [schools, slots, 5], columns RANGE, SPEED, BLAST, MANA, LEAP: cells, cells/s, cells, share, cells."""
    rules = Rules()
    table = np.zeros((len(rules.abilities), SLOT_COUNT, 5))
    for school, rows in enumerate(rules.abilities):
        for row, ability in enumerate(rows):
            leap = ability.range if ability.kind == "blink" else ability.speed * ability.duration
            table[school, row] = (ability.range, ability.speed, ability.blast, ability.mana / rules.mana, leap)
    return table


ABILITIES: np.ndarray = ability_table()
TICK = 1.0 / TICKS_PER_SECOND
MOBILITY_ROW, DEFENCE_ROW = MOBILITY - 1, DEFENCE - 1
