"""Columns of the observation that scripted bots read, and what their numbers stand for, as constants for the kernels.

Numba folds module integers into the code, so `scalars[see.HEALTH]` costs one load. Columns are looked up by name in
ARENA_SPEC, so a renamed field fails at import.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.fields import RANGE as RANGE_CELLS
from botgame.lms.fields import RAYS
from botgame.lms.observing.columns import (
    DAMAGE_SCALE,
    DELAY_SCALE,
    DISTANCE_SCALE,
    MISS_SCALE,
    SEEN_SECONDS,
    SHIELD_SCALE,
    entity,
    scalar,
    vector,
)
from botgame.lms.observing.outlook import MOVE_X, MOVE_Y
from botgame.lms.observing.range_finder import STRIDE
from botgame.lms.rules import DIRECTIONS, ITEM_KINDS, MOVE_COUNT, SCHOOLS, VERBS, Rules
from botgame.lms.spec import ARENA_SPEC

__all__ = ["MOVE_X", "MOVE_Y", "RANGE_CELLS", "SEEN_SECONDS"]  # those that come from elsewhere

CELLS, MISS_CELLS = 1 / DISTANCE_SCALE, 1 / MISS_SCALE  # cells that 1.0 stands for
DAMAGE_HP = 1 / DAMAGE_SCALE
SHIELD_SHARE = 1 / SHIELD_SCALE / Rules().health  # share of full health that a shield of 1.0 absorbs
DELAY_UNIT = 1 / DELAY_SCALE  # ticks that 1.0 stands for
REACTION_TICKS = Rules().reaction_ticks
REACTION = REACTION_TICKS / ARENA_SPEC.ticks_per_second  # s that an observation is old
SPEED = Rules().mage_speed  # cells/s

# The first column of each run of fields.
HEALTH, MANA, SHIELD = scalar("health"), scalar("mana"), scalar("shield")
SPEED_X, SPEED_Y = scalar("speed_x"), scalar("speed_y")
SLOWED_LEFT, SHIELD_LEFT, RUNE_LEFT = scalar("slowed_left"), scalar("shield_left"), scalar("rune_left")
SCHOOL = scalar(*(f"school_{name}" for name in SCHOOLS))
CASTABLE = scalar(*(f"castable_{verb}" for verb in VERBS[1:]))
ZONE_EDGE = scalar("zone_edge")
LAST_VERB = scalar(*(f"last_verb_{verb}" for verb in VERBS))
LAST_MOVE = scalar(*(f"last_move_{k}" for k in range(MOVE_COUNT)))
SINCE_DECISION = scalar("since_decision")
ENEMY_VISIBLE, ENEMY_DISTANCE = scalar("enemy_visible"), scalar("enemy_distance")
ENEMY_HEALTH, ENEMY_SHIELD, ENEMY_RUNE = scalar("enemy_health"), scalar("enemy_shield"), scalar("enemy_rune")
SEEN_EVER, SEEN_AGE = scalar("seen_ever"), scalar("seen_age")
_THREAT = ("flag", "time", "miss", "damage")
THREAT = scalar(*(f"threat{k}_{name}" for k in (1, 2) for name in _THREAT))
THREAT_FLAG, THREAT_TIME, THREAT_MISS, THREAT_DAMAGE = range(len(_THREAT))  # within one threat
THREAT_STRIDE = len(_THREAT)
ITEM = scalar(*(name for kind in ITEM_KINDS for name in (f"item_{kind}", f"item_{kind}_distance")))
RANGE = scalar(*(f"range_{k}" for k in range(RAYS)))
BLOCKED = scalar(*(f"blocked_{k}" for k in range(1, MOVE_COUNT)))

TO_ENEMY, TO_SEEN, TO_ZONE_CENTRE = vector("enemy"), vector("seen"), vector("zone_centre")
THREAT_ESCAPE = vector(*(f"threat{k}_{name}" for k in (1, 2) for name in ("escape", "direction")))
THREAT_VECTORS = 2  # vectors of one threat
TO_ITEM = vector(*(f"item_{kind}" for kind in ITEM_KINDS))

IS_MAGE, ENTITY_DISTANCE = entity("is_mage"), entity("distance")
ENTITY_HEALTH, ENTITY_SHIELD = entity("health"), entity("shield")

RAY_X: np.ndarray = DIRECTIONS[::STRIDE, 0].copy()
RAY_Y: np.ndarray = DIRECTIONS[::STRIDE, 1].copy()
AIM_X: np.ndarray = DIRECTIONS[:, 0].copy()
AIM_Y: np.ndarray = DIRECTIONS[:, 1].copy()
