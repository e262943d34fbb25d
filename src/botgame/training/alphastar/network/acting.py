"""How a network acts: arrays in, arrays out. On a GPU as a CUDA graph (`captured_step`), on a CPU as an ONNX graph.

For the small tensors of one decision torch spends more time on overhead than on arithmetic. The ONNX graph
(`onnx_graph`) decides six times as fast for one seat and twice as fast for a hundred, with the same numbers up to
rounding.
"""

from __future__ import annotations

import numpy as np
import torch

from botgame.onnx_session import OUTPUTS, DecisionSession
from botgame.training.alphastar.network.acting_step import CRITIC_ALONE, ActingStep, Decisions
from botgame.training.alphastar.network.captured_step import CapturedStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import Observation
from botgame.training.alphastar.network.onnx_graph import graph, has_graph


class TorchStep:
    """The network itself, on the device where it is."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decisions:
        """See `ActingStep`."""
        seen = {name: self._tensor(array) for name, array in observation.items() if name not in CRITIC_ALONE}
        with torch.inference_mode():
            acted = self._network.act(
                seen, self._tensor(memory), self._tensor(uniforms.astype(np.float32)), temperature
            )
        return Decisions(*(tensor.cpu().numpy() for tensor in acted))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """The array on the network's device, without a copy where that is possible."""
        device = self._network.heads.base.weight.device
        return torch.from_numpy(np.require(array, requirements=("C", "W"))).to(device)


class OnnxStep:
    """The network's ONNX graph, filled again whenever the weights have changed."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tensors = [*network.parameters(), *network.buffers()]
        self._changes = -1  # of all tensors together, when the session was made
        self._session: DecisionSession | None = None

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decisions:
        """See `ActingStep`."""
        changes = sum(tensor._version for tensor in self._tensors)  # torch counts the writes to each
        if self._session is None or changes != self._changes:
            self._session, self._changes = DecisionSession(graph(self._network), optimised=True), changes
        if "condition" in self._session.shapes and "condition" not in observation:
            observation = {**observation, "condition": self._default_condition(len(memory))}
        return Decisions(*self._session.run(OUTPUTS, observation, memory, uniforms, temperature))

    def _default_condition(self, rows: int) -> np.ndarray:
        """The condition of rows that come without one: float32 [rows, C]."""
        encoder = self._network.encoder.condition
        assert encoder is not None
        return np.tile(encoder.default.numpy(), (rows, 1))


def acting_step(network: Network) -> ActingStep:
    """The fastest step for this network, on the device where it is."""
    kind = network.heads.base.weight.device.type
    if kind == "cuda":
        return CapturedStep(network)
    return OnnxStep(network) if kind == "cpu" and has_graph(network.spec, network.config) else TorchStep(network)
