"""The nearest visible enemy as scalars and unit vectors, with directions to aim in; and where one was last seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from botgame.lms.fields import MAX_MAGES
from botgame.lms.observing.columns import DISTANCE_SCALE, NEARLY_ZERO, SEEN_SCALE, SHIELD_SCALE, scalar, vector
from botgame.lms.observing.geometry import cut, time_left, write_unit
from botgame.lms.observing.own import slowed_of
from botgame.lms.observing.view import View
from botgame.lms.rules import SCHOOLS
from botgame.lms.simulation.kernel import phase

VISIBLE, DISTANCE_TO = scalar("enemy_visible"), scalar("enemy_distance")
HEALTH, SHIELD_HP = scalar("enemy_health"), scalar("enemy_shield")
SLOWED, RUNE = scalar("enemy_slowed"), scalar("enemy_rune")
SPEED_X, SPEED_Y = scalar("enemy_speed_x"), scalar("enemy_speed_y")
SCHOOL = scalar(*(f"enemy_school_{name}" for name in SCHOOLS))
CLOSING, COUNT = scalar("enemy_closing"), scalar("enemies_visible")
SEEN_EVER, SEEN_AGE, SEEN_DISTANCE = scalar("seen_ever"), scalar("seen_age"), scalar("seen_distance")
ENEMY, VELOCITY, SEEN_AT = vector("enemy"), vector("enemy_velocity"), vector("seen")
LEAD_BOLT, LEAD_OFFENCE = vector("lead_bolt"), vector("lead_offence")
SCHOOL_COUNT = len(SCHOOLS)
BLOCK = scalar(  # zeroed as one
    "enemy_visible", "enemy_distance", "enemy_health", "enemy_shield", "enemy_slowed", "enemy_rune",
    "enemy_speed_x", "enemy_speed_y", *(f"enemy_school_{name}" for name in SCHOOLS), "enemy_closing",
)  # fmt: skip


@phase
def observe_enemy(
    view: View, mages: np.ndarray, ranking: np.ndarray, listed: int, scalars: np.ndarray, vectors: np.ndarray
) -> None:
    """Fill the fields of the first of the `listed` seats in `ranking` (see `rank_enemies`); zeros if there is none."""
    scalars[COUNT] = listed / MAX_MAGES
    if listed == 0:
        scalars[BLOCK : CLOSING + 1] = 0.0
        for row in (ENEMY, VELOCITY, LEAD_BOLT, LEAD_OFFENCE):
            vectors[row] = 0.0
        return
    me, enemy, constants, reaction = view.me, mages[ranking[0].index], view.constants, view.now.reaction
    dx, dy = enemy.x - me.x, enemy.y - me.y
    distance = write_unit(vectors[ENEMY], dx, dy)
    scalars[VISIBLE] = 1.0
    scalars[DISTANCE_TO] = cut(distance * DISTANCE_SCALE)
    scalars[HEALTH] = enemy.health / constants.health
    scalars[SHIELD_HP] = cut(enemy.shield * SHIELD_SCALE)
    scalars[SLOWED] = slowed_of(enemy)
    scalars[RUNE] = 1.0 if view.tick < enemy.rune_until else 0.0
    scalars[SPEED_X] = cut(enemy.vx / constants.mage_speed)
    scalars[SPEED_Y] = cut(enemy.vy / constants.mage_speed)
    for school in range(SCHOOL_COUNT):
        scalars[SCHOOL + school] = 1.0 if enemy.school == school else 0.0
    approach = -(enemy.vx * dx + enemy.vy * dy)
    scalars[CLOSING] = cut(approach / (distance * constants.mage_speed)) if distance > NEARLY_ZERO else 0.0
    write_unit(vectors[VELOCITY], enemy.vx, enemy.vy)
    _lead(me, enemy, reaction, view.abilities[me.school, 0].speed, vectors[LEAD_BOLT])
    _lead(me, enemy, reaction, view.abilities[me.school, 1].speed, vectors[LEAD_OFFENCE])


@phase
def _lead(me: Any, enemy: Any, reaction: int, speed: float, out: np.ndarray) -> None:
    """Write the direction in which a shot of `speed` (cells a tick) meets `enemy`, if both mages keep their velocity.

    First both move on by the `reaction` ticks that the frame is old. With r from me to the enemy and v its velocity,
    |r + v t| = speed t gives t; for an enemy that is faster than the shot (a dash) t is 0.
    """
    dx = enemy.x - me.x + (enemy.vx - me.vx) * reaction
    dy = enemy.y - me.y + (enemy.vy - me.vy) * reaction
    spare = speed * speed - enemy.vx * enemy.vx - enemy.vy * enemy.vy
    time = 0.0
    if spare > NEARLY_ZERO:
        drift = dx * enemy.vx + dy * enemy.vy
        time = (drift + math.sqrt(drift * drift + spare * (dx * dx + dy * dy))) / spare
    write_unit(out, dx + enemy.vx * time, dy + enemy.vy * time)


@phase
def observe_last_seen(view: View, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill the fields of where the seat last saw its nearest enemy; age 1 and zeros if it never saw one."""
    me = view.me
    if me.seen_tick < 0:
        scalars[SEEN_EVER] = 0.0
        scalars[SEEN_AGE] = 1.0
        scalars[SEEN_DISTANCE] = 0.0
        vectors[SEEN_AT] = 0.0
        return
    dx, dy = me.seen_x - me.x, me.seen_y - me.y
    scalars[SEEN_EVER] = 1.0
    scalars[SEEN_AGE] = min(time_left(view.tick, me.seen_tick, SEEN_SCALE), 1.0)
    distance = write_unit(vectors[SEEN_AT], dx, dy)
    scalars[SEEN_DISTANCE] = cut(distance * DISTANCE_SCALE)
