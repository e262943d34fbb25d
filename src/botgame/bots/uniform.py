"""`random`: every head uniform over its legal categories, head after head; a shot goes at a mage if one is in sight."""

from __future__ import annotations

import numpy as np

from botgame.bots.policy import Observation, ScriptedPolicy
from botgame.game.arena_spec import ARENA_SPEC
from botgame.rng import uniforms


def uniform() -> ScriptedPolicy:
    """The bot that plays legal actions at random."""
    return ScriptedPolicy("random", _decide)


def _decide(observation: Observation, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    numbers = uniforms(keys, len(ARENA_SPEC.heads))
    actions = np.zeros((len(keys), len(ARENA_SPEC.heads)), np.int64)
    for column, head in enumerate(ARENA_SPEC.heads):
        used = np.ones(len(keys), bool)
        for condition in head.used_when:
            used &= np.isin(actions[:, ARENA_SPEC.head_index(condition.head)], condition.values)
        legal = observation["legal"][:, ARENA_SPEC.slices[head.name]].copy()
        if head.kind == "pointer":
            legal[:, 0] &= ~legal[:, 1:].any(axis=1)
        picked = _pick(legal, numbers[:, column])
        actions[:, column] = np.where(used, picked, 0)
    return actions


def _pick(legal: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Index of a legal category per row: bool [n, K], float64 [n] in [0, 1) -> int64 [n]; 0 where none is legal."""
    order = np.cumsum(legal, axis=1)
    wanted = np.floor(numbers * order[:, -1]) + 1
    return np.argmax(order >= wanted[:, None], axis=1)
