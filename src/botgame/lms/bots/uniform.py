"""`random`: a bot that draws legal actions, head after head; it shoots only when a mage is in sight, and at a mage.

A bot that shot at nothing, or changed its direction with every decision, would hardly beat one that stands still.
"""

from __future__ import annotations

import numpy as np

from botgame.game import Observation, ScriptedPolicy
from botgame.lms.actions import HEAD_COUNT, MOVE
from botgame.lms.rules import MOVE_COUNT, TARGETED
from botgame.lms.spec import ARENA_SPEC
from botgame.rng import uniforms

KEEP = 0.5  # share of decisions that keep the last direction
_LAST_MOVE = ARENA_SPEC.scalar_index("last_move_0")


def uniform() -> ScriptedPolicy:
    """The bot that plays at random."""
    return ScriptedPolicy("random", _decide)


def _decide(observation: Observation, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    numbers = uniforms(keys, HEAD_COUNT + 1)
    legal = _sensible(observation["legal"])
    actions = np.zeros((len(keys), HEAD_COUNT), np.int64)
    for column, head in enumerate(ARENA_SPEC.heads):
        used = np.ones(len(keys), bool)
        for condition in head.used_when:
            earlier = actions[:, ARENA_SPEC.head_index(condition.head)]
            used &= (earlier[:, None] == np.array(condition.values)).any(axis=1)
        actions[:, column] = np.where(used, _pick(legal[:, ARENA_SPEC.slices[head.name]], numbers[:, column]), 0)
    last = observation["scalars"][:, _LAST_MOVE : _LAST_MOVE + MOVE_COUNT].argmax(axis=1)
    actions[:, MOVE] = np.where(numbers[:, -1] < KEEP, last, actions[:, MOVE])
    return actions


def _sensible(legal: np.ndarray) -> np.ndarray:
    """Legal categories, bool [n, all heads], without shots at nothing and, where an enemy is in sight, past it."""
    legal = legal.copy()
    verb, target = ARENA_SPEC.slices["verb"].start, ARENA_SPEC.slices["target"]
    seen = legal[:, target.start + 1 : target.stop].any(axis=1)
    legal[:, target.start] &= ~seen
    for shot in TARGETED:
        legal[:, verb + shot] &= seen
    return legal


def _pick(legal: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Index of a legal category per row: bool [n, K], float64 [n] in [0, 1) -> int64 [n]; 0 where none is legal."""
    order = np.cumsum(legal, axis=1)
    wanted = np.floor(numbers * order[:, -1]) + 1
    picked: np.ndarray = np.argmax(order >= wanted[:, None], axis=1)
    return picked
