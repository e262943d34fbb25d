"""`legacy`: a bot with simple reactions and no plan, one step above `random` on the ladder.

It leaves danger, walks up to what it sees and shoots straight at it. It does not lead its targets, uses no wards, leaps
or cover, and decides at a fixed pace.
"""

from __future__ import annotations

import numpy as np

from botgame.game import Observation, ScriptedPolicy
from botgame.lms.actions import DELAY, HEAD_COUNT, MOVE, TARGET, VERB
from botgame.lms.bots import senses as see
from botgame.lms.rules import BOLT, INTERACT, MOVE_COUNT, NONE, OFFENCE
from botgame.lms.simulation.kernel import kernel, mix, unit

PACE = 4  # index into DELAY_TICKS, of every decision
FIGHT_CELLS = 4.5  # it circles an enemy that is this near
FLIP = 0.08  # probability that it changes the side to strafe to, a decision


def legacy() -> ScriptedPolicy:
    """The reactive bot. Its memory is the side to strafe to, which changes at random."""
    return ScriptedPolicy("legacy", _decide, memory_size=1)


def _decide(observation: Observation, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:
    actions = np.zeros((len(keys), HEAD_COUNT), np.int64)
    _decide_all(observation["scalars"], observation["vectors"], memory, keys, actions)
    return actions


@kernel
def _decide_all(
    scalars: np.ndarray, vectors: np.ndarray, memory: np.ndarray, keys: np.ndarray, actions: np.ndarray
) -> None:
    """Fill `actions` int64 [n, HEAD_COUNT] row by row; `memory` float32 [n, 1]: the side to strafe, +1, -1, 0 unset."""
    for n in range(keys.shape[0]):
        if memory[n, 0] == 0.0 or unit(mix(keys[n], np.uint64(0))) < FLIP:
            memory[n, 0] = 1.0 if unit(mix(keys[n], np.uint64(1))) < 0.5 else -1.0
        x, y = _heading(scalars[n], vectors[n], memory[n, 0])
        actions[n, VERB] = _verb(scalars[n])
        actions[n, DELAY] = PACE
        actions[n, MOVE] = _nearest_free_move(scalars[n], x, y)
        if actions[n, VERB] == BOLT or actions[n, VERB] == OFFENCE:
            actions[n, TARGET] = 1


@kernel
def _heading(scalars: np.ndarray, vectors: np.ndarray, side: float) -> tuple[float, float]:
    """The direction to walk in: along the vector of `_goal`, or around an enemy that is near."""
    goal = _goal(scalars)
    x, y = float(vectors[goal, 0]), float(vectors[goal, 1])
    if goal == see.TO_ENEMY and scalars[see.ENEMY_DISTANCE] * see.CELLS <= FIGHT_CELLS:
        return -y * side, x * side
    return x, y


@kernel
def _goal(scalars: np.ndarray) -> int:
    """Row of `vectors` to follow: into the zone, out of a shot's way, to the enemy, to an item, to the centre."""
    if scalars[see.ZONE_EDGE] < 0.05:
        return see.TO_ZONE_CENTRE
    if scalars[see.THREAT] > 0.0 and scalars[see.THREAT + see.THREAT_MISS] < 0.4:
        return see.THREAT_ESCAPE
    if scalars[see.ENEMY_VISIBLE] > 0.0:
        return see.TO_ENEMY
    nearest, goal = 9.0, see.TO_ZONE_CENTRE
    for kind in range(4):
        if scalars[see.ITEM + 2 * kind] > 0.0 and scalars[see.ITEM + 2 * kind + 1] < nearest:
            nearest, goal = float(scalars[see.ITEM + 2 * kind + 1]), see.TO_ITEM + kind
    return goal


@kernel
def _verb(scalars: np.ndarray) -> int:
    if scalars[see.ENEMY_VISIBLE] > 0.0:
        if scalars[see.CASTABLE + OFFENCE - 1] > 0.0:
            return OFFENCE
        if scalars[see.CASTABLE + BOLT - 1] > 0.0:
            return BOLT
    elif scalars[see.CASTABLE + INTERACT - 1] > 0.0:
        return INTERACT
    return NONE


@kernel
def _nearest_free_move(scalars: np.ndarray, x: float, y: float) -> int:
    """The move nearest to direction (x, y) among those that are not blocked; 0 (stay) for a zero vector."""
    best, top = 0, 0.0
    for move in range(1, MOVE_COUNT):
        along = see.MOVE_X[move] * x + see.MOVE_Y[move] * y
        if along > top and scalars[see.BLOCKED + move - 1] < 0.5:
            best, top = move, along
    return best
