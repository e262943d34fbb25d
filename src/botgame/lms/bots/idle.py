"""`idle`: a bot that does nothing, the weakest of the ladder; the zone kills it in the end."""

from __future__ import annotations

import numpy as np

from botgame.game import Observation, ScriptedPolicy
from botgame.lms.actions import DELAY, HEAD_COUNT
from botgame.lms.rules import DELAY_TICKS


def idle() -> ScriptedPolicy:
    """The bot that stands still and decides as rarely as it can."""
    return ScriptedPolicy("idle", _decide)


def _decide(observation: Observation, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    actions = np.zeros((len(keys), HEAD_COUNT), np.int64)
    actions[:, DELAY] = len(DELAY_TICKS) - 1
    return actions
