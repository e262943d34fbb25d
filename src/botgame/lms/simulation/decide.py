"""From a wanted action to the accepted one: categories in range, legality, the cap, and 0 in heads that do not matter.

An accepted action that is offered again at the same tick of the same match is accepted unchanged, which is what makes a
replay exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.actions import AIM, DELAY, HEAD_COUNT, LEAD, MOVE, TARGET, VERB
from botgame.lms.rules import DELAY_TICKS, NONE
from botgame.lms.simulation.action_cap import is_new_action, is_within_cap, stamp
from botgame.lms.simulation.aiming import aim_vector, observed_slot, resolve_target, uses_aim, uses_target
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.legality import casts_ability, chest_in_reach, is_legal
from botgame.lms.simulation.world import World
from botgame.lms.spec import HEADS

_SIZES = np.array([head.size for head in HEADS], np.int64)
_TICKS = np.array(DELAY_TICKS, np.int64)


@phase
def decide(world: World, seat: int, wanted: np.ndarray, accepted: np.ndarray, ranking: np.ndarray) -> None:
    """Accept a decision of `seat` at the current tick.

    `wanted`, `accepted` (out): int64 [HEAD_COUNT]; `ranking`: scratch for MAX_MAGES enemies. A seat decides once a
    tick: a second decision returns the first. The dead, and all seats of a match that is over, get zeros.
    """
    mage, tick = world.mages[seat], world.match.tick
    if mage.alive == 0 or world.match.done != 0:
        accepted[:] = 0
        return
    if mage.pending == 0:
        seen = world.past_mages[observed_slot(tick, mage.reaction)]
        _read(mage, wanted)
        _check_target(mage, seen, seat, ranking)
        mage.chest = chest_in_reach(world.items, mage.x, mage.y, world.constants.interact_radius)
        if not is_legal(mage, world.abilities, mage.choice[VERB], mage.chest, tick):
            _refuse(mage)
        _apply_cap(mage, world.constants, tick)
        _clear_unused(mage)
        verb = mage.choice[VERB]
        speed = world.abilities[mage.school, verb - 1].speed if casts_ability(verb) else 0.0
        mage.aim_x, mage.aim_y = aim_vector(mage, seen, speed)
        mage.pending, mage.decided = 1, tick
        mage.due = tick + _TICKS[mage.choice[DELAY]]
    for head in range(HEAD_COUNT):
        accepted[head] = mage.choice[head]


@phase
def _refuse(mage: Any) -> None:
    mage.illegal += 1
    mage.choice[VERB] = NONE


@phase
def _read(mage: Any, wanted: np.ndarray) -> None:
    """Copy the action to `choice`; a category that its head does not have becomes 0, and the verb is refused."""
    inside = True
    for head in range(HEAD_COUNT):
        known = 0 <= wanted[head] < _SIZES[head]
        mage.choice[head] = wanted[head] if known else 0
        inside = inside and known
    if not inside:
        _refuse(mage)


@phase
def _check_target(mage: Any, seen: np.ndarray, seat: int, ranking: np.ndarray) -> None:
    """Find the seat that the target category means; a category without an enemy refuses the verb."""
    mage.target = -1
    if uses_target(mage.choice[VERB]) and mage.choice[TARGET] > 0:
        mage.target = resolve_target(seen, seat, mage.choice[TARGET], ranking)
        if mage.target < 0:
            _refuse(mage)


@phase
def _apply_cap(mage: Any, constants: Any, tick: int) -> None:
    if not is_new_action(mage, mage.choice[VERB], mage.choice[MOVE]):
        return
    if is_within_cap(mage, constants, tick):
        stamp(mage, tick)
        return
    mage.capped += 1
    mage.choice[VERB] = NONE
    if mage.cap_moves != 0:
        mage.choice[MOVE] = mage.move


@phase
def _clear_unused(mage: Any) -> None:
    if not uses_target(mage.choice[VERB]):
        mage.choice[TARGET], mage.target = 0, -1
    if not uses_aim(mage.choice[VERB], mage.choice[TARGET]):
        mage.choice[AIM] = 0
    if mage.choice[TARGET] == 0:
        mage.choice[LEAD] = 0
