"""The entity table: one row for each visible enemy mage, then for shots, then for items, without gaps.

Mages stand in the order of `rank_enemies`, so category k of the target head means row k - 1. Columns that a kind of
entity does not use are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.observing.columns import (
    DISTANCE_SCALE,
    LIMIT,
    MISS_SCALE,
    SHIELD_SCALE,
    SHOT_SPEED_SCALE,
    TIME_SCALE,
    entity,
)
from botgame.lms.observing.geometry import cut, write_unit
from botgame.lms.observing.own import slowed_of
from botgame.lms.observing.threats import ESCAPE_X, ESCAPE_Y, FLAG, MISSES_BY, TIME_LEFT, damage_of
from botgame.lms.observing.view import View
from botgame.lms.rules import CHEST, ITEM_KINDS, SCHOOLS
from botgame.lms.simulation.kernel import phase

IS_MAGE, IS_SHOT = entity("is_mage"), entity("is_shot")
IS_ITEM = entity(*(f"is_{kind}" for kind in ITEM_KINDS))
PLACE = entity("x", "y", "distance", "direction_x", "direction_y")
SPEED = entity("speed_x", "speed_y")
HEALTH, SHIELD_HP, SLOWED, RUNE = entity("health"), entity("shield"), entity("slowed"), entity("rune")
SCHOOL = entity(*(f"school_{name}" for name in SCHOOLS))
OWN, THREAT, TIME, MISSES = entity("own"), entity("threat"), entity("time"), entity("miss")
ESCAPE, DAMAGE_HP, RADIUS = entity("escape_x", "escape_y"), entity("damage"), entity("radius")


@phase
def write_place(row: np.ndarray, dx: float, dy: float) -> None:
    """Write a relative place (cells) as position, distance and direction, the columns that every entity has."""
    row[PLACE] = cut(dx * DISTANCE_SCALE)
    row[PLACE + 1] = cut(dy * DISTANCE_SCALE)
    distance = write_unit(row[PLACE + 3 : PLACE + 5], dx, dy)
    row[PLACE + 2] = cut(distance * DISTANCE_SCALE)


@phase
def write_mages(view: View, mages: np.ndarray, ranking: np.ndarray, rows: np.ndarray, start: int) -> int:
    """Write rows for the mages of `ranking` (see `rank_enemies`) from row `start`; returns the next free row."""
    me, constants = view.me, view.constants
    for place in range(ranking.shape[0]):
        index = ranking[place].index
        if index >= 0:
            row, mage = rows[start], mages[index]
            row[IS_MAGE] = 1.0
            write_place(row, mage.x - me.x, mage.y - me.y)
            row[SPEED] = cut(mage.vx / constants.mage_speed)
            row[SPEED + 1] = cut(mage.vy / constants.mage_speed)
            row[HEALTH] = mage.health / constants.health
            row[SHIELD_HP] = cut(mage.shield * SHIELD_SCALE)
            row[SLOWED] = slowed_of(mage)
            row[RUNE] = 1.0 if view.tick < mage.rune_until else 0.0
            row[SCHOOL + mage.school] = 1.0
            row[RADIUS] = cut(constants.mage_radius * MISS_SCALE)
            start += 1
    return start


@phase
def write_shots(
    view: View, shots: np.ndarray, ranking: np.ndarray, geometry: np.ndarray, rows: np.ndarray, start: int
) -> int:
    """Write rows for the shots of `ranking` and `geometry` (see `rank_shots`) from row `start`; returns the next."""
    me = view.me
    for place in range(ranking.shape[0]):
        index = ranking[place].index
        if index >= 0:
            row, shot, measured = rows[start], shots[index], geometry[index]
            ability = view.abilities[shot.school, shot.row]
            row[IS_SHOT] = 1.0
            write_place(row, shot.x - me.x, shot.y - me.y)
            row[SPEED] = cut(shot.vx * SHOT_SPEED_SCALE)
            row[SPEED + 1] = cut(shot.vy * SHOT_SPEED_SCALE)
            row[SCHOOL + shot.school] = 1.0
            row[DAMAGE_HP] = damage_of(shot, view.abilities)
            row[RADIUS] = cut(max(ability.radius + view.constants.mage_radius, ability.blast) * MISS_SCALE)
            if shot.owner == view.seat:
                row[OWN] = 1.0
            else:
                row[THREAT] = measured[FLAG]
                row[TIME] = min(measured[TIME_LEFT] * TIME_SCALE, LIMIT)
                row[MISSES] = min(measured[MISSES_BY] * MISS_SCALE, LIMIT)
                row[ESCAPE] = measured[ESCAPE_X]
                row[ESCAPE + 1] = measured[ESCAPE_Y]
            start += 1
    return start


@phase
def write_items(view: View, items: np.ndarray, ranking: np.ndarray, rows: np.ndarray, start: int) -> int:
    """Write rows for the items of `ranking` (see `rank_items`) from row `start`; returns the next free row."""
    for place in range(ranking.shape[0]):
        index = ranking[place].index
        if index >= 0:
            row, item = rows[start], items[index]
            row[IS_ITEM + item.kind] = 1.0
            write_place(row, item.x - view.me.x, item.y - view.me.y)
            row[RADIUS] = cut(reach_of(item, view.constants) * MISS_SCALE)
            start += 1
    return start


@phase
def reach_of(item: Any, constants: Any) -> float:
    """Distance in cells from which a mage picks the item up, or opens the chest."""
    reach: float = constants.interact_radius if item.kind == CHEST else constants.pickup_radius
    return reach
