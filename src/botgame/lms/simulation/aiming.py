"""The direction of a cast, from the numbers of an action: a direction bin, or a visible enemy with a lead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from botgame.lms.actions import AIM, LEAD
from botgame.lms.rules import AIMED, DIRECTIONS, LEADS, TARGETED
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.sight import rank_enemies
from botgame.lms.simulation.state import FRAMES


@phase
def uses_target(verb: int) -> bool:
    """True for the verbs whose target head matters."""
    return verb in TARGETED


@phase
def uses_aim(verb: int, target: int) -> bool:
    """True for the verbs whose direction head matters, given the target slot (0: none)."""
    return verb in AIMED and target == 0


@phase
def observed_slot(tick: int, reaction: int) -> int:
    """Index into `past_*` of the frame that a seat with this reaction observes at `tick`."""
    return max(0, tick - reaction) % FRAMES


@phase
def resolve_target(seen: np.ndarray, seat: int, target: int, ranking: np.ndarray) -> int:
    """The seat in row `target` - 1 of the entity table of `seat`, -1 if that row is not an enemy.

    `seen`: SEEN_MAGE [P], the observed frame; `ranking`: scratch for MAX_MAGES enemies.
    """
    listed = rank_enemies(seen, seat, ranking)
    return ranking[target - 1].index if 0 < target <= listed else -1


@phase
def aim_vector(mage: Any, seen: np.ndarray, speed: float) -> tuple[float, float]:
    """Unit vector in which the action in `choice` aims; the facing where the caster stands on the aimed point.

    `seen`: SEEN_MAGE [P], the observed frame; `speed` of the projectile in cells per tick.
    """
    if mage.target < 0:
        return DIRECTIONS[mage.choice[AIM], 0], DIRECTIONS[mage.choice[AIM], 1]
    enemy = seen[mage.target]
    dx, dy = enemy.x - mage.x, enemy.y - mage.y
    flight = math.sqrt(dx * dx + dy * dy) / speed if speed > 0.0 else 0.0
    lead = LEADS[mage.choice[LEAD]] * (mage.reaction + flight)
    dx += enemy.vx * lead
    dy += enemy.vy * lead
    length = math.sqrt(dx * dx + dy * dy)
    if length == 0.0:
        return mage.face_x, mage.face_y
    return dx / length, dy / length
