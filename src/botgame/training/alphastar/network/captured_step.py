"""How a network acts on a GPU: a CUDA graph for each number of rows, a power of two, up to which it is used.

A call that does not fill its graph leaves the last rows as an earlier call left them; their results are not read. All
graphs read the network's own weights, so they follow every update of them.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import numpy as np
import torch

from botgame.training.alphastar.network.acting_step import CRITIC_ALONE, Decisions
from botgame.training.alphastar.network.cuda_graph import Staging, capture
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import Observation

LEAST = 32  # rows of the smallest graph
_GPU = threading.Lock()  # evaluations act in several threads, with networks that they share


class CapturedStep:
    """An `ActingStep` of the network on the device where it is; the network is dense from now."""

    def __init__(self, network: Network) -> None:
        network.set_dense(True)
        self._network = network
        self._sizes: dict[tuple[int, float, bool], _Size] = {}
        self._weights = 0  # address of the first of them

    def __call__(
        self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray, temperature: float
    ) -> Decisions:
        """See `ActingStep`."""
        rows = 1 << max(len(memory) - 1, LEAST - 1).bit_length()
        kind = rows, temperature, "condition" in observation
        with _GPU, torch.inference_mode():
            weights = self._network.heads.base.weight.data_ptr()
            if weights != self._weights:  # the network has moved
                self._sizes, self._weights = {}, weights
            if kind not in self._sizes:
                self._sizes[kind] = _Size(self._network, rows, temperature, observation)
            return self._sizes[kind].decide(observation, memory, uniforms)


class _Size:
    """Up to `rows` rows at a time, of observations with the arrays of the one given."""

    def __init__(self, network: Network, rows: int, temperature: float, observation: Observation) -> None:
        self._network, self._temperature = network, temperature
        self._device = network.heads.base.weight.device
        heads, logits = len(network.spec.heads), network.spec.logits
        self._read = [name for name in observation if name not in CRITIC_ALONE]
        memory = ((rows, network.memory_size), np.float32)
        self._given = Staging(
            {
                **{name: ((rows, *observation[name].shape[1:]), observation[name].dtype) for name in self._read},
                "memory": memory,
                "uniforms": ((rows, heads), np.float32),
            },
            self._device,
        )
        decided = {"actions": ((rows, heads), np.int64), "memory": memory, "log_probs": ((rows, logits), np.float32)}
        self._decided = Staging(decided, self._device)
        self._replay: Callable[[], None] | None = None

    def decide(self, observation: Observation, memory: np.ndarray, uniforms: np.ndarray) -> Decisions:
        """The decisions of these rows."""
        rows = len(memory)
        for name in self._read:
            self._given.arrays[name][:rows] = observation[name]
        self._given.arrays["memory"][:rows] = memory
        self._given.arrays["uniforms"][:rows] = uniforms
        self._given.send()
        if self._replay is None:  # warms up with real rows
            self._replay = capture(self._run, self._device, _pool(self._device))
        self._replay()
        self._decided.fetch()
        return Decisions(*(self._decided.arrays[name][:rows].copy() for name in Decisions._fields))

    def _run(self) -> None:
        """What is captured."""
        given = self._given.tensors
        seen = {name: given[name] for name in self._read}
        acted = self._network.act(seen, given["memory"], given["uniforms"], self._temperature)
        for name, tensor in zip(Decisions._fields, acted, strict=True):
            self._decided.tensors[name].copy_(tensor)


@functools.cache
def _pool(device: torch.device) -> tuple[int, int] | None:
    """Memory that all graphs share for what lies between input and result: they run one after another."""
    return torch.cuda.graph_pool_handle() if device.type == "cuda" else None
