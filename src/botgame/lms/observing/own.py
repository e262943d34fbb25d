"""The scalars about the seat itself and the match: own state, cooldowns, zone, time, and its last action.

State and match are read from the delayed frame; the last action and what is left of the cap are current, because a
player knows at once what it has pressed. Scales: `columns`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.actions import DELAY, MOVE, VERB
from botgame.lms.observing.columns import (
    COOLDOWN_SCALE,
    DASHING_SCALE,
    DELAY_SCALE,
    DISTANCE_SCALE,
    SHIELD_SCALE,
    SHIELDED_SCALE,
    SLOWED_SCALE,
    scalar,
    vector,
)
from botgame.lms.observing.geometry import cut, time_left, write_unit
from botgame.lms.observing.view import View
from botgame.lms.rules import DELAY_TICKS, MAX_SEATS, MOVE_COUNT, SCHOOLS, SLOT_COUNT, SLOTS, VERBS
from botgame.lms.simulation.action_cap import cap_of, recent_actions, spacing_left
from botgame.lms.simulation.kernel import phase

HEALTH, MANA, SHIELD_HP = scalar("health"), scalar("mana"), scalar("shield")
SPEED_X, SPEED_Y = scalar("speed_x"), scalar("speed_y")
SLOWED_LEFT, SHIELD_LEFT = scalar("slowed_left"), scalar("shield_left")
RUNE_LEFT, DASH_LEFT = scalar("rune_left"), scalar("dash_left")
SCHOOL = scalar(*(f"school_{name}" for name in SCHOOLS))
COOLDOWNS = scalar(*(f"cooldown_{verb}" for verb in SLOTS))
TIME, ZONE_EDGE, ZONE_RADIUS = scalar("time"), scalar("zone_edge"), scalar("zone_radius")
ZONE_SHRINKING, ZONE_DAMAGE = scalar("zone_shrinking"), scalar("zone_damage")
ENEMIES_ALIVE, KILLS = scalar("enemies_alive"), scalar("kills")
LAST_VERB = scalar(*(f"last_verb_{verb}" for verb in VERBS))
LAST_MOVE = scalar(*(f"last_move_{k}" for k in range(MOVE_COUNT)))
LAST_DELAY, SINCE_DECISION = scalar("last_delay"), scalar("since_decision")
BUDGET, SPACING_LEFT = scalar("budget"), scalar("spacing_left")
VELOCITY, ZONE_CENTRE = vector("velocity"), vector("zone_centre")

RIVALS = MAX_SEATS - 1
DELAYS = np.array(DELAY_TICKS, np.int64)
VERB_COUNT, SCHOOL_COUNT, PHASES = len(VERBS), len(SCHOOLS), 4


@phase
def observe_body(view: View, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill the own state in the frame. Out, here and elsewhere: `scalars` float32 [S], `vectors` float32 [V, 2]."""
    me, tick, constants = view.me, view.tick, view.constants
    scalars[HEALTH] = me.health / constants.health
    scalars[MANA] = me.mana / constants.mana
    scalars[SHIELD_HP] = cut(me.shield * SHIELD_SCALE)
    scalars[SPEED_X] = cut(me.vx / constants.mage_speed)
    scalars[SPEED_Y] = cut(me.vy / constants.mage_speed)
    scalars[SLOWED_LEFT] = time_left(me.slow_until, tick, SLOWED_SCALE)
    scalars[SHIELD_LEFT] = time_left(me.shield_until, tick, SHIELDED_SCALE)
    scalars[RUNE_LEFT] = cut(max(me.rune_until - tick, 0) / constants.rune_duration)
    scalars[DASH_LEFT] = time_left(me.dash_until, tick, DASHING_SCALE)
    for school in range(SCHOOL_COUNT):
        scalars[SCHOOL + school] = 1.0 if me.school == school else 0.0
    for row in range(SLOT_COUNT):
        scalars[COOLDOWNS + row] = time_left(me.ready[row], tick, COOLDOWN_SCALE)
    write_unit(vectors[VELOCITY], me.vx, me.vy)


@phase
def observe_world(view: View, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill zone, time and score in the frame."""
    me, match, constants = view.me, view.match, view.constants
    to_x, to_y = match.zone_x - me.x, match.zone_y - me.y
    distance = write_unit(vectors[ZONE_CENTRE], to_x, to_y)
    share = match.tick / match.duration
    shrinking = 0.0
    for step in range(PHASES):
        if constants.zone_hold[step] <= share < constants.zone_close[step]:
            shrinking = 1.0
    scalars[TIME] = share
    scalars[ZONE_EDGE] = cut((match.zone_r - distance) * DISTANCE_SCALE)
    scalars[ZONE_RADIUS] = match.zone_r / (constants.zone_start * (match.cells - 2))
    scalars[ZONE_SHRINKING] = shrinking
    scalars[ZONE_DAMAGE] = match.zone_damage / constants.zone_damage_end
    scalars[ENEMIES_ALIVE] = (match.alive - me.alive) / RIVALS
    scalars[KILLS] = me.kills / RIVALS


@phase
def observe_last_action(view: View, scalars: np.ndarray) -> None:
    """Fill what the seat itself did last, and what the cap leaves it, at present."""
    me, tick, constants = view.now, view.present, view.constants
    decided = me.decided >= 0
    for verb in range(VERB_COUNT):
        scalars[LAST_VERB + verb] = 1.0 if decided and me.last[VERB] == verb else 0.0
    for move in range(MOVE_COUNT):
        scalars[LAST_MOVE + move] = 1.0 if decided and me.last[MOVE] == move else 0.0
    scalars[LAST_DELAY] = DELAYS[me.last[DELAY]] * DELAY_SCALE if decided else 0.0
    scalars[SINCE_DECISION] = cut((tick - me.decided) * DELAY_SCALE) if decided else 0.0
    scalars[BUDGET] = budget_of(me, tick, constants)
    scalars[SPACING_LEFT] = spacing_left(me, constants, tick) / max(constants.action_spacing, 1)


@phase
def budget_of(mage: Any, tick: int, constants: Any) -> float:
    """Share of the action cap that is left in the window that ends at `tick`, 0..1."""
    cap = cap_of(mage, constants)
    left: float = (cap - recent_actions(mage, constants, tick)) / cap
    return left


@phase
def slowed_of(mage: Any) -> float:
    """Share of its speed that `mage` loses to enemies and to its own ward, 0..1."""
    kept: float = (1.0 - mage.slow) * (1.0 - mage.self_slow)
    return 1.0 - kept
