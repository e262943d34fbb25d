"""Where each move leads: how near the known shots would pass, and the angle between the held move and the enemy.

`clear_k` is the miss distance to expect from the two soonest threats when walking with move k from now on. It takes the
geometry of `threats` one step further: a product of a direction and a time, which decides whether a mage dodges and
which a network learns late from few matches. `held_*` says whether the move held now leads across the line to the
enemy (and to which side) or along it.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.actions import MOVE
from botgame.lms.observing.columns import MISS_SCALE, scalar, vector
from botgame.lms.observing.own import slowed_of
from botgame.lms.observing.threats import ESCAPE_X, ESCAPE_Y, FLAG, MISSES_BY, THREATS, TIME_LEFT
from botgame.lms.observing.view import View
from botgame.lms.observing.walls import BLOCKED
from botgame.lms.rules import MOVE_COUNT, MOVES
from botgame.lms.simulation.kernel import phase

CLEAR = scalar(*(f"clear_{k}" for k in range(MOVE_COUNT)))
HELD_ACROSS, HELD_TOWARD = scalar("held_across", "held_toward"), scalar("held_toward")
ENEMY_VISIBLE = scalar("enemy_visible")
ENEMY, SEEN = vector("enemy"), vector("seen")
MOVE_X, MOVE_Y = np.ascontiguousarray(MOVES[:, 0]), np.ascontiguousarray(MOVES[:, 1])


@phase
def observe_outlook(
    view: View, ranking: np.ndarray, geometry: np.ndarray, scalars: np.ndarray, vectors: np.ndarray
) -> None:
    """Fill clear_* and held_* from the threats (`ranking`, `geometry`, see `rank_shots`) and the move that is held now.

    It reads the blocked bits, `enemy_visible` and the vectors to the enemy, which must be filled already.
    """
    me, now, tick = view.me, view.now, view.present
    speed = view.constants.mage_speed * (1.0 - slowed_of(me))
    held = now.last[MOVE] if now.decided >= 0 else 0
    observe_held(held, scalars, vectors)
    reaction = now.reaction
    since = min(tick - now.decided, reaction) if now.decided >= 0 else 0
    walked_x = (reaction - since) * me.vx + since * speed * MOVE_X[held]
    walked_y = (reaction - since) * me.vy + since * speed * MOVE_Y[held]
    for move in range(MOVE_COUNT):
        scalars[CLEAR + move] = 1.0
    for k in range(THREATS):
        index = ranking[k].index
        if index >= 0 and geometry[index, FLAG] == 1.0 and geometry[index, TIME_LEFT] > reaction:
            _clear_of(geometry[index], reaction, walked_x, walked_y, speed, scalars)


@phase
def _clear_of(
    threat: np.ndarray, reaction: int, walked_x: float, walked_y: float, speed: float, scalars: np.ndarray
) -> None:
    """Lower `clear_k` to the miss distance of one threat (a row of `geometry`), where that is smaller."""
    miss = threat[MISSES_BY] + walked_x * threat[ESCAPE_X] + walked_y * threat[ESCAPE_Y]
    stretch = (threat[TIME_LEFT] - reaction) * speed
    for move in range(MOVE_COUNT):
        blocked = move > 0 and scalars[BLOCKED + move - 1] > 0.5
        along = 0.0 if blocked else MOVE_X[move] * threat[ESCAPE_X] + MOVE_Y[move] * threat[ESCAPE_Y]
        left = abs(miss + stretch * along) * MISS_SCALE
        if left < scalars[CLEAR + move]:
            scalars[CLEAR + move] = left


@phase
def observe_held(held: int, scalars: np.ndarray, vectors: np.ndarray) -> None:
    """Fill held_across (positive: on the side of +90 degrees from the enemy's direction) and held_toward."""
    row = ENEMY if scalars[ENEMY_VISIBLE] > 0.5 else SEEN
    x, y = vectors[row, 0], vectors[row, 1]
    scalars[HELD_ACROSS] = x * MOVE_Y[held] - y * MOVE_X[held]
    scalars[HELD_TOWARD] = x * MOVE_X[held] + y * MOVE_Y[held]
