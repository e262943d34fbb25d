"""Where each thing that a seat sees lies in the observation, as named constants for the kernels.

Numba folds module integers into the code, so `scalars[see.HEALTH]` costs one load. Every number is looked up in
ARENA_SPEC by name: a renamed field fails at import, not in play.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.observing.columns import DAMAGE_SCALE, DISTANCE_SCALE, MISS_SCALE, SHIELD_SCALE
from botgame.lms.observing.columns import DELAY_SCALE as DELAY_SCALE_OF_SPEC
from botgame.lms.rules import DIRECTION_BINS, DIRECTIONS, MOVES, Rules
from botgame.lms.spec import ARENA_SPEC, ENTITY_COLUMNS, VECTORS

CELLS, RANGE_CELLS, MISS_CELLS = 1 / DISTANCE_SCALE, 8.0, 1 / MISS_SCALE  # cells that 1.0 stands for
DAMAGE_HP = 1 / DAMAGE_SCALE
SHIELD_SHARE = 1 / SHIELD_SCALE / Rules().health  # share of full health that a shield of 1.0 absorbs
SEEN_SECONDS, DELAY_SCALE = 10.0, 1 / DELAY_SCALE_OF_SPEC  # s and ticks that 1.0 stands for
REACTION_TICKS = Rules().reaction_ticks
REACTION = REACTION_TICKS / ARENA_SPEC.ticks_per_second  # s that an observation is old
SPEED = Rules().mage_speed  # cells/s

HEALTH, MANA, SHIELD = (ARENA_SPEC.scalar_index(name) for name in ("health", "mana", "shield"))
SPEED_X, SPEED_Y = ARENA_SPEC.scalar_index("speed_x"), ARENA_SPEC.scalar_index("speed_y")
SLOWED_LEFT, SHIELD_LEFT, RUNE_LEFT = (ARENA_SPEC.scalar_index(f"{name}_left") for name in ("slowed", "shield", "rune"))
SCHOOL = ARENA_SPEC.scalar_index("school_pyromancer")  # first of three
CASTABLE = ARENA_SPEC.scalar_index("castable_bolt")  # first of five
ZONE_EDGE = ARENA_SPEC.scalar_index("zone_edge")
LAST_VERB = ARENA_SPEC.scalar_index("last_verb_none")  # first of six
LAST_MOVE = ARENA_SPEC.scalar_index("last_move_0")  # first of nine
SINCE_DECISION = ARENA_SPEC.scalar_index("since_decision")
ENEMY_VISIBLE, ENEMY_DISTANCE, ENEMY_HEALTH, ENEMY_SHIELD, ENEMY_RUNE = (
    ARENA_SPEC.scalar_index(f"enemy_{name}") for name in ("visible", "distance", "health", "shield", "rune")
)
SEEN_EVER, SEEN_AGE = ARENA_SPEC.scalar_index("seen_ever"), ARENA_SPEC.scalar_index("seen_age")
THREAT = ARENA_SPEC.scalar_index("threat1_flag")  # flag, time, miss, damage of the first threat, then of the second
THREAT_FLAG, THREAT_TIME, THREAT_MISS, THREAT_DAMAGE, THREAT_STRIDE = 0, 1, 2, 3, 4
ITEM = ARENA_SPEC.scalar_index("item_health")  # flag and distance of health, mana, rune, chest
RANGE = ARENA_SPEC.scalar_index("range_0")  # first of sixteen
BLOCKED = ARENA_SPEC.scalar_index("blocked_1")  # first of eight

TO_ENEMY, TO_SEEN, TO_ZONE_CENTRE = (VECTORS.index(name) for name in ("enemy", "seen", "zone_centre"))
THREAT_ESCAPE = VECTORS.index("threat1_escape")
THREAT_VECTORS = 2  # vectors of one threat
TO_ITEM = VECTORS.index("item_health")  # first of four

IS_MAGE, ENTITY_DISTANCE, ENTITY_HEALTH, ENTITY_SHIELD = (
    ENTITY_COLUMNS.index(name) for name in ("is_mage", "distance", "health", "shield")
)

MOVE_X: np.ndarray = MOVES[:, 0].copy()
MOVE_Y: np.ndarray = MOVES[:, 1].copy()
RAY_X: np.ndarray = DIRECTIONS[:: DIRECTION_BINS // 16, 0].copy()
RAY_Y: np.ndarray = DIRECTIONS[:: DIRECTION_BINS // 16, 1].copy()
AIM_X: np.ndarray = DIRECTIONS[:, 0].copy()
AIM_Y: np.ndarray = DIRECTIONS[:, 1].copy()
