"""Phases: mages open chests by interacting, and pick up other items by walking over them. The nearest mage gets one."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.actions import VERB
from botgame.lms.rules import CHEST, HEALTH, INTERACT, MANA, RUNE
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.random_stream import one_in
from botgame.lms.simulation.world import World


@phase
def open_chests(world: World) -> None:
    """Each mage that interacts opens the chest that it chose: health, mana and a rune. This comes before any move."""
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        if mage.pending != 0 and mage.choice[VERB] == INTERACT:
            _give(world, mage.chest, world.constants.interact_radius)


@phase
def pick_up_items(world: World) -> None:
    """Every item goes to the nearest mage in reach that can use it. This comes after all moves."""
    reach = world.constants.pickup_radius
    for index in range(world.items.shape[0]):
        item = world.items[index]
        if item.available != 0 and item.kind != CHEST and _is_a_mage_near(world.mages, item.x, item.y, reach):
            _give(world, index, reach)


@phase
def _is_a_mage_near(mages: np.ndarray, x: float, y: float, reach: float) -> bool:
    for seat in range(mages.shape[0]):  # noqa: SIM110 - compiled code knows no generators
        if distance_squared(x, y, mages[seat].x, mages[seat].y) <= reach * reach:
            return True
    return False


@phase
def _give(world: World, index: int, reach: float) -> None:
    """Give an item that is still there to the nearest mage that can use it, if there is one."""
    item = world.items[index]
    if item.available != 0:
        seat = _nearest(world.mages, world.match, item, index, reach, world.constants)
        if seat >= 0:
            item.available = 0
            _use(world.mages[seat], item.kind, world.constants, world.match.tick)


@phase
def _nearest(mages: np.ndarray, match: Any, item: Any, index: int, reach: float, constants: Any) -> int:
    """Seat of the nearest living mage in reach that can use the item; ties are drawn; -1 if there is none."""
    best, best_squared, ties = -1, reach * reach, 0
    for seat in range(mages.shape[0]):
        mage = mages[seat]
        squared = distance_squared(item.x, item.y, mage.x, mage.y)
        if mage.alive == 0 or squared > best_squared or not _can_use(mage, item.kind, index, constants):
            continue
        if squared < best_squared or best < 0:
            best, best_squared, ties = seat, squared, 1
        else:
            ties += 1
            if one_in(match, ties):
                best = seat
    return best


@phase
def _can_use(mage: Any, kind: int, index: int, constants: Any) -> bool:
    if kind == HEALTH:
        return mage.health < constants.health
    if kind == MANA:
        return mage.mana < constants.mana
    if kind == CHEST:
        return mage.pending != 0 and mage.choice[VERB] == INTERACT and mage.chest == index
    return True


@phase
def _use(mage: Any, kind: int, constants: Any, tick: int) -> None:
    if kind in (HEALTH, CHEST):
        mage.health = min(constants.health, mage.health + constants.heal)
    if kind in (MANA, CHEST):
        mage.mana = min(constants.mana, mage.mana + constants.mana_gain)
    if kind in (RUNE, CHEST):
        mage.rune_until = tick + constants.rune_duration
