"""How a network acts: arrays in, arrays out. On a GPU as torch computes it, on a CPU as a graph.

The small tensors of one decision cost torch more in overhead than in arithmetic: as a graph (`decision_graph`) a
decision of one seat is six times as fast and one of a hundred twice, with the same numbers up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch

from botgame.onnx_session import OUTPUTS, DecisionSession
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import Observation
from botgame.training.alphastar.network.onnx_graph import graph, has_graph


class Decided(NamedTuple):
    """Result of a step, as `network.Acted` in NumPy."""

    actions: np.ndarray  # int64 [N, H]
    memory: np.ndarray  # float32 [N, M]
    log_probs: np.ndarray  # float32 [N, L]


class ActingStep(Protocol):
    """One decision of N rows with the network's present weights."""

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decided:
        """See `Network.act`; `observation` may hold more than a policy reads."""


class TorchStep:
    """The network itself, on the device where it is."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decided:
        """See `ActingStep`."""
        seen = {name: self._tensor(array) for name, array in observation.items() if name not in _CRITIC_ALONE}
        with torch.inference_mode():
            acted = self._network.act(
                seen, self._tensor(memory), self._tensor(uniforms.astype(np.float32)), temperature
            )
        return Decided(*(tensor.cpu().numpy() for tensor in acted))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """The array on the network's device, without a copy where that is possible."""
        device = self._network.heads.base.weight.device
        return torch.from_numpy(np.require(array, requirements=("C", "W"))).to(device)


class GraphStep:
    """The network's graph, made anew whenever its weights have changed."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tensors = [*network.parameters(), *network.buffers()]
        self._changes = -1  # of all tensors together, when the session was made
        self._session: DecisionSession | None = None

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decided:
        """See `ActingStep`."""
        changes = sum(tensor._version for tensor in self._tensors)  # torch counts what is written to each
        if self._session is None or changes != self._changes:
            self._session, self._changes = DecisionSession(graph(self._network)), changes
        if "condition" in self._session.shapes and "condition" not in observation:
            observation = {**observation, "condition": self._untold(len(memory))}
        return Decided(*self._session.run(OUTPUTS, observation, memory, uniforms, temperature))

    def _untold(self, rows: int) -> np.ndarray:
        """What rows are told that come without `condition`: float32 [rows, C]."""
        condition = self._network.encoder.condition
        assert condition is not None
        return np.tile(condition.plain.numpy(), (rows, 1))


def acting_step(network: Network) -> GraphStep | TorchStep:
    """The fastest way for this network, on the device where it is."""
    on_cpu = network.heads.base.weight.device.type == "cpu"
    return GraphStep(network) if on_cpu and has_graph(network.spec, network.config) else TorchStep(network)


_CRITIC_ALONE = ("privileged", "style_distance")
