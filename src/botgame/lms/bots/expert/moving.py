"""Which way to walk: a wanted direction from a sum of weighted vectors, then the best of the nine moves.

The weights set the priorities: get inside the zone, do not be hit, keep the wanted distance to an enemy or get away
from it, pick up items, search for the enemy.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.dodging import expected_damage, walked
from botgame.lms.bots.expert.looting import best_item
from botgame.lms.bots.expert.parameters import BotParameters
from botgame.lms.bots.expert.situation import Situation
from botgame.lms.fields import RAYS
from botgame.lms.rules import MOVE_COUNT
from botgame.lms.simulation.kernel import kernel

ZONE_MARGIN = 1.5  # cells from the edge at which to start walking inwards
ZONE_WEIGHT = 8.0
WALL_WEIGHT = 4.0
COVER_CELLS = 3.5


@kernel
def wish(scalars: np.ndarray, vectors: np.ndarray, now: Situation, bot: BotParameters) -> tuple[float, float]:
    """The wanted direction; the vector is longer where it matters more."""
    x, y = _zone_pull(vectors, now)
    if now.visible > 0.0:
        fx, fy = _fight(scalars, now, bot)
    else:
        fx, fy = _search(scalars, vectors, now, bot)
    kind, value = best_item(scalars, now, bot)
    if kind >= 0:
        x += value * vectors[see.TO_ITEM + kind, 0]
        y += value * vectors[see.TO_ITEM + kind, 1]
        calm = 1.0 if now.visible > 0.0 else 0.3
        fx, fy = fx * calm, fy * calm
    return x + fx, y + fy


@kernel
def _zone_pull(vectors: np.ndarray, now: Situation) -> tuple[float, float]:
    strength = min(max((ZONE_MARGIN - now.edge) / ZONE_MARGIN, 0.0), 2.0) * ZONE_WEIGHT
    return strength * float(vectors[see.TO_ZONE_CENTRE, 0]), strength * float(vectors[see.TO_ZONE_CENTRE, 1])


@kernel
def _fight(scalars: np.ndarray, now: Situation, bot: BotParameters) -> tuple[float, float]:
    """Towards the wanted distance, sideways across the line to the enemy, and behind a wall when weak."""
    side = _side(scalars, now)
    across_x, across_y = -now.toward_y * side, now.toward_x * side
    wanted = bot.preferred - bot.push * now.advantage
    if scalars[see.SHIELD_LEFT] > 0.2:
        wanted -= bot.shield_push
    wanted += bot.rune_fear * float(scalars[see.ENEMY_RUNE])
    if now.weak > 0.0:
        wanted = bot.preferred + 5.0
        cover = bot.cover * _cover_side(scalars, now)
        across_x, across_y = across_x - now.toward_y * cover, across_y + now.toward_x * cover
    gap = min(max((now.distance - wanted) / 2.0, -1.0), 1.0) * bot.spacing
    return gap * now.toward_x + bot.strafe * across_x, gap * now.toward_y + bot.strafe * across_y


@kernel
def _side(scalars: np.ndarray, now: Situation) -> float:
    """+1 or -1: the side that the seat walks to, changed after every bolt; the more open side near walls."""
    along = 0.0
    for move in range(1, MOVE_COUNT):
        if scalars[see.LAST_MOVE + move] > 0.5:
            along = see.MOVE_Y[move] * now.toward_x - see.MOVE_X[move] * now.toward_y
    left, right = _free_cells(scalars, -now.toward_y, now.toward_x), _free_cells(scalars, now.toward_y, -now.toward_x)
    if min(left, right) < 1.2 or abs(along) < 0.3:
        return 1.0 if left >= right else -1.0
    side = 1.0 if along > 0.0 else -1.0
    return -side if scalars[see.LAST_VERB + 1] > 0.5 else side


@kernel
def _free_cells(scalars: np.ndarray, x: float, y: float) -> float:
    """Free distance in cells along the range-finder ray nearest to direction (x, y)."""
    best, top = 0, -2.0
    for ray in range(RAYS):
        along = see.RAY_X[ray] * x + see.RAY_Y[ray] * y
        if along > top:
            best, top = ray, along
    return float(scalars[see.RANGE + best]) * see.RANGE_CELLS


@kernel
def _cover_side(scalars: np.ndarray, now: Situation) -> float:
    """+1 or -1: the side on which a wall stands near the line to the enemy, 0 without one in `COVER_CELLS`.

    Walking to that side brings the wall between the two.
    """
    nearest, side = COVER_CELLS, 0.0
    for ray in range(RAYS):
        along = see.RAY_X[ray] * now.toward_x + see.RAY_Y[ray] * now.toward_y
        cells = scalars[see.RANGE + ray] * see.RANGE_CELLS
        if 0.3 < along < 0.97 and cells < nearest:
            nearest = cells
            side = 1.0 if see.RAY_Y[ray] * now.toward_x - see.RAY_X[ray] * now.toward_y > 0.0 else -1.0
    return side


@kernel
def _search(scalars: np.ndarray, vectors: np.ndarray, now: Situation, bot: BotParameters) -> tuple[float, float]:
    """Towards where an enemy was last seen, away from it while weak or low on mana, else to the zone's centre."""
    age = scalars[see.SEEN_AGE] * see.SEEN_SECONDS
    if scalars[see.SEEN_EVER] > 0.5:
        if age < 3.0 and (now.weak > 0.0 or now.mana < 0.2):
            return -0.6 * now.toward_x, -0.6 * now.toward_y
        if age < bot.chase:
            return now.toward_x, now.toward_y
    return 0.5 * float(vectors[see.TO_ZONE_CENTRE, 0]), 0.5 * float(vectors[see.TO_ZONE_CENTRE, 1])


@kernel
def best_move(scalars: np.ndarray, vectors: np.ndarray, bot: BotParameters, x: float, y: float) -> tuple[int, float]:
    """The move with the best score for the wanted direction (x, y), and the damage (hp) to expect with it."""
    speed = see.SPEED * (0.6 if scalars[see.SLOWED_LEFT] > 0.0 else 1.0)
    walked_x, walked_y = walked(scalars, speed)
    best, top, hurt = 0, -1e9, 0.0
    for move in range(MOVE_COUNT):
        blocked = move > 0 and scalars[see.BLOCKED + move - 1] > 0.5
        step = 0.0 if blocked else speed
        damage = expected_damage(scalars, vectors, walked_x, walked_y, step * see.MOVE_X[move], step * see.MOVE_Y[move])
        score = see.MOVE_X[move] * x + see.MOVE_Y[move] * y - bot.dodge * 0.1 * damage
        if blocked:
            score -= WALL_WEIGHT
        if scalars[see.LAST_MOVE + move] > 0.5:
            score += bot.inertia
        if score > top:
            best, top, hurt = move, score, damage
    return best, hurt
