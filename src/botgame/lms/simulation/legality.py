"""Which verbs a mage can carry out, by its mana, its cooldowns and the chests in reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.rules import CHEST, INTERACT, NONE, SLOT_COUNT
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase


@phase
def casts_ability(verb: int) -> bool:
    """True for the verbs of the ability slots: verb k casts the ability in row k - 1 of the school."""
    return 1 <= verb <= SLOT_COUNT


@phase
def can_cast(mage: Any, abilities: np.ndarray, row: int, tick: int) -> bool:
    """True when the mage has the mana for a row of its school and its cooldown is over at `tick`."""
    return mage.mana >= abilities[mage.school, row].mana and tick >= mage.ready[row]


@phase
def chest_in_reach(items: np.ndarray, x: float, y: float, reach: float) -> int:
    """Index of the nearest closed chest within `reach` of a point, ties to the lower index; -1 if there is none."""
    best, best_squared = -1, reach * reach
    for index in range(items.shape[0]):
        item = items[index]
        if item.available != 0 and item.kind == CHEST:
            squared = distance_squared(x, y, item.x, item.y)
            if squared < best_squared or (squared == best_squared and best < 0):
                best, best_squared = index, squared
    return best


@phase
def is_legal(mage: Any, abilities: np.ndarray, verb: int, chest: int, tick: int) -> bool:
    """True when a living mage can carry out `verb` of `rules.VERBS` at `tick`; `chest`: -1 if none is in reach."""
    if verb == NONE:
        return True
    if verb == INTERACT:
        return chest >= 0
    return can_cast(mage, abilities, verb - 1, tick)
