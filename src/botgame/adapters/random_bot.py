"""`random`, the yardstick of every adapted game: it chooses uniformly among the legal categories of each head."""

from __future__ import annotations

import numpy as np

from botgame.bot_names import RANDOM
from botgame.game import Array, Observation, ScriptedPolicy
from botgame.rng import uniforms
from botgame.spec import Spec


def random_bot(spec: Spec) -> ScriptedPolicy:
    """The bot for a game of that spec, whose heads are all used in every decision."""
    parts = list(spec.slices.values())

    def decide(observation: Observation, _memory: Array, keys: Array) -> Array:
        numbers, legal = uniforms(keys, len(parts)), observation["legal"]
        chosen = [_pick(legal[:, part], numbers[:, column]) for column, part in enumerate(parts)]
        return np.stack(chosen, axis=1)

    return ScriptedPolicy(RANDOM, decide)


def _pick(legal: Array, numbers: Array) -> Array:
    """Index of a legal category a row: bool [n, K], float64 [n] in [0, 1) -> int64 [n]."""
    order = np.cumsum(legal, axis=1)
    wanted = np.floor(numbers * order[:, -1]) + 1
    picked: Array = np.argmax(order >= wanted[:, None], axis=1).astype(np.int64)
    return picked
