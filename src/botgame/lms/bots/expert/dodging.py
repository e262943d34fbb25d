"""How much damage a move lets one expect from the shots that come close.

A threat has a time until its closest approach, a miss distance, and an escape direction that enlarges it. An
observation is `REACTION` seconds old, so what the seat has walked since then is added before moves are compared.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.bots import senses as see
from botgame.lms.bots.expert.knowledge import SHOT_REACH, TICK
from botgame.lms.rules import MOVE_COUNT
from botgame.lms.simulation.kernel import kernel

MARGIN = 0.3  # cells beyond the reach of a shot in which a move still counts as risky
HORIZON = 1.2  # s: later threats can still be dodged later


@kernel
def time_left(scalars: np.ndarray, threat: int) -> float:
    """Seconds from now until threat 0 or 1 is closest; 9 when there is none."""
    first = see.THREAT + threat * see.THREAT_STRIDE
    if scalars[first + see.THREAT_FLAG] < 0.5:
        return 9.0
    return float(scalars[first + see.THREAT_TIME]) - see.REACTION


@kernel
def threat_damage(scalars: np.ndarray, threat: int) -> float:
    """Damage (hp) of threat 0 or 1 when it hits."""
    return float(scalars[see.THREAT + threat * see.THREAT_STRIDE + see.THREAT_DAMAGE]) * see.DAMAGE_HP


@kernel
def walked(scalars: np.ndarray, speed: float) -> tuple[float, float]:
    """Cells (x, y) walked since the observed frame: with its velocity, then with the last move at `speed` cells/s."""
    since = min(float(scalars[see.SINCE_DECISION]) * see.DELAY_UNIT * TICK, see.REACTION)
    before = (see.REACTION - since) * see.SPEED
    x, y = before * float(scalars[see.SPEED_X]), before * float(scalars[see.SPEED_Y])
    for move in range(1, MOVE_COUNT):
        if scalars[see.LAST_MOVE + move] > 0.5:
            x += since * speed * see.MOVE_X[move]
            y += since * speed * see.MOVE_Y[move]
    return x, y


@kernel
def expected_damage(
    scalars: np.ndarray, vectors: np.ndarray, walked_x: float, walked_y: float, x: float, y: float
) -> float:
    """Damage (hp) to expect from both threats when walking with velocity (x, y) (cells/s) from the next tick on.

    walked_x, walked_y: cells walked since the observed frame.
    """
    total = 0.0
    for threat in range(2):
        left = time_left(scalars, threat)
        if left < -0.1 or left > HORIZON:
            continue
        first = see.THREAT + threat * see.THREAT_STRIDE
        escape = see.THREAT_ESCAPE + threat * see.THREAT_VECTORS
        ex, ey = float(vectors[escape, 0]), float(vectors[escape, 1])
        moved = walked_x * ex + walked_y * ey
        miss = float(scalars[first + see.THREAT_MISS]) * see.MISS_CELLS + moved
        miss += max(left - TICK, 0.0) * (x * ex + y * ey)
        risk = 1.0 - (abs(miss) - SHOT_REACH) / MARGIN
        total += min(max(risk, 0.0), 1.0) * threat_damage(scalars, threat)
    return total
