"""One decision of many rows: what goes into the network's step and what comes out. `acting` chooses how it is done."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from botgame.training.alphastar.network.observations import Observation

CRITIC_ALONE = ("privileged", "style_distance")  # arrays of an observation that no policy reads


class Decisions(NamedTuple):
    """Result of a step: `network.Acted` as NumPy arrays."""

    actions: np.ndarray  # int64 [N, H]
    memory: np.ndarray  # float32 [N, M]
    log_probs: np.ndarray  # float32 [N, L]


class ActingStep(Protocol):
    """One decision of N rows with the network's present weights."""

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decisions:
        """See `Network.act`; `observation` may hold more arrays than a policy reads."""
