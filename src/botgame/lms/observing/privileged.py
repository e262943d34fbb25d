"""What only the critic may see, in training: the present state of the nearest living enemy, and a few totals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from botgame.lms.observing.columns import COOLDOWN_SCALE, DISTANCE_SCALE, SHIELD_SCALE, privileged
from botgame.lms.observing.geometry import cut, time_left
from botgame.lms.observing.own import RIVALS, budget_of, slowed_of
from botgame.lms.observing.view import View
from botgame.lms.rules import SCHOOLS, SLOT_COUNT, SLOTS
from botgame.lms.simulation.geometry import distance_squared
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.state import SHOTS_PER_SEAT

X, Y, DISTANCE_TO = privileged("x"), privileged("y"), privileged("distance")
SPEED_X, SPEED_Y = privileged("speed_x"), privileged("speed_y")
HEALTH, MANA, SHIELD_HP = privileged("health"), privileged("mana"), privileged("shield")
SLOWED, RUNE = privileged("slowed"), privileged("rune")
COOLDOWNS = privileged(*(f"cooldown_{slot}" for slot in SLOTS))
SCHOOL = privileged(*(f"school_{name}" for name in SCHOOLS))
SEES_ME, BUDGET = privileged("sees_me"), privileged("budget")
ENEMIES_ALIVE, ENEMIES_HEALTH = privileged("enemies_alive"), privileged("enemies_health")
OWN_HEALTH, OWN_MANA = privileged("own_health"), privileged("own_mana")
SHOTS_IN_FLIGHT = privileged("shots_in_flight")


@phase
def observe_privileged(view: View, mages: np.ndarray, seen: np.ndarray, shots: np.ndarray, out: np.ndarray) -> None:
    """Fill `out`, float32 [Q], from the present MAGE [P]; the enemy's fields are 0 when none lives.

    `seen`, `shots`: the frame of the present tick, SEEN_MAGE [P] and SHOT [S].
    """
    me, seat, constants = view.now, view.seat, view.constants
    out[:] = 0.0
    nearest, best, alive, health = -1, 0.0, 0, 0.0
    for other in range(mages.shape[0]):
        mage = seen[other]
        if other != seat and mage.alive == 1:
            distance = distance_squared(mage.x, mage.y, me.x, me.y)
            if nearest < 0 or distance < best:
                nearest, best = other, distance
            alive += 1
            health += mage.health
    in_flight = 0
    for index in range(shots.shape[0]):
        if shots[index].active == 0:
            break
        if shots[index].owner != seat:
            in_flight += 1
    rivals = mages.shape[0] - 1
    out[ENEMIES_ALIVE] = alive / RIVALS
    out[ENEMIES_HEALTH] = health / (constants.health * rivals)
    out[OWN_HEALTH] = me.health / constants.health
    out[OWN_MANA] = me.mana / constants.mana
    out[SHOTS_IN_FLIGHT] = in_flight / (SHOTS_PER_SEAT * rivals)
    if nearest >= 0:
        _write_enemy(view, mages[nearest], math.sqrt(best), out)


@phase
def _write_enemy(view: View, enemy: Any, distance: float, out: np.ndarray) -> None:
    me, tick, constants = view.now, view.present, view.constants
    out[X] = cut((enemy.x - me.x) * DISTANCE_SCALE)
    out[Y] = cut((enemy.y - me.y) * DISTANCE_SCALE)
    out[DISTANCE_TO] = cut(distance * DISTANCE_SCALE)
    out[SPEED_X] = cut(enemy.vx / constants.mage_speed)
    out[SPEED_Y] = cut(enemy.vy / constants.mage_speed)
    out[HEALTH] = enemy.health / constants.health
    out[MANA] = enemy.mana / constants.mana
    out[SHIELD_HP] = cut(enemy.shield * SHIELD_SCALE)
    out[SLOWED] = slowed_of(enemy)
    out[RUNE] = 1.0 if tick < enemy.rune_until else 0.0
    for row in range(SLOT_COUNT):
        out[COOLDOWNS + row] = time_left(enemy.ready[row], tick, COOLDOWN_SCALE)
    out[SCHOOL + enemy.school] = 1.0
    out[SEES_ME] = 1.0 if (enemy.visible >> view.seat) & 1 == 1 else 0.0
    out[BUDGET] = budget_of(enemy, tick, constants)
