"""The gradient of a minibatch on a GPU as a CUDA graph: the same losses as `gradient.backward`, started in one call.

Every minibatch has the same shape here: sequences are not cut to the longest, a smaller minibatch is filled up with
sequences of length 0, and rows that are not valid are computed but do not count.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botgame.spec import Spec
from botgame.training.alphastar.learner.device_buffer import DeviceBuffer
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics, losses_of
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import batch_of
from botgame.training.alphastar.network.cuda_graph import Staging, capture
from botgame.training.alphastar.network.network import Network

NORMS = ("gradient_norm", "critic_gradient_norm")
_CHANGING = ("policy", "upgo", "value", "kl", "entropy", "early_kl")  # weights of losses that change during a run


class CapturedGradient:
    """Minibatches of up to `rows` sequences of `buffer`, which it keeps on the network's device."""

    def __init__(
        self, spec: Spec, network: Network, buffer: ReplayBuffer, rows: int, clip: Callable[[], tuple[Tensor, Tensor]]
    ) -> None:
        """`clip` clips the gradients of policy and critic and returns their norms before."""
        self._spec, self._network, self._buffer, self._clip = spec, network, buffer, clip
        network.set_dense(True)
        self._device = next(network.parameters()).device
        self._sequences = DeviceBuffer(buffer, self._device)
        self._given = Staging(
            {
                "places": ((rows,), np.int64),
                "length": ((rows,), np.int32),
                "truncated": ((rows,), np.bool_),
                "weights": ((len(_CHANGING),), np.float32),
            },
            self._device,
        )
        self._captured: dict[tuple[bool, ...], _Captured] = {}  # by which losses have a weight

    def __call__(self, places: NDArray[np.intp], options: GradientOptions) -> Metrics:
        """Leave the clipped gradient in the network's parameters; returns loss terms, diagnostics and `NORMS`.

        Of `options` only the weights of the losses may change from one call to the next.
        """
        self._sequences.update()
        self._give(places, options)
        weighed = tuple(bool(getattr(options.weights, name)) for name in _CHANGING)
        if weighed not in self._captured:
            run = functools.partial(self._run, options)
            self._captured[weighed] = _Captured(run, list(self._network.parameters()), self._device)
        return self._captured[weighed].replay()

    def _give(self, places: NDArray[np.intp], options: GradientOptions) -> None:
        given, columns, count = self._given.arrays, self._buffer.columns, len(places)
        given["places"][:] = places[0]
        given["places"][:count] = places
        given["length"][:] = 0
        given["length"][:count] = columns["length"][places]
        given["truncated"][:] = False
        given["truncated"][:count] = columns["truncated"][places]
        given["weights"][:] = [getattr(options.weights, name) for name in _CHANGING]
        self._given.send()

    def _run(self, options: GradientOptions) -> dict[str, Tensor]:
        """What is captured: from places in the buffer to the clipped gradient. Returns all figures."""
        given = self._given.tensors
        chosen = {name: column.index_select(0, given["places"]) for name, column in self._sequences.columns.items()}
        batch = batch_of({**chosen, "length": given["length"], "truncated": given["truncated"]})
        changing: dict[str, Any] = dict(zip(_CHANGING, given["weights"].unbind(), strict=True))
        weighed = {name: weight for name, weight in changing.items() if getattr(options.weights, name)}
        options = options._replace(weights=dataclasses.replace(options.weights, **weighed))
        losses = losses_of(self._spec, self._network, batch, options, whole=True)
        self._network.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        return {**losses, **dict(zip(NORMS, self._clip(), strict=True))}


class _Captured:
    """A captured run: its gradients and figures stay in the same memory."""

    def __init__(
        self, run: Callable[[], dict[str, Tensor]], parameters: list[nn.Parameter], device: torch.device
    ) -> None:
        self._run, self._parameters = run, parameters
        self._names: list[str] = []
        self._figures = torch.zeros(0)
        self._replay = capture(self._step, device)
        self._gradients = [parameter.grad for parameter in parameters]

    def replay(self) -> Metrics:
        """Run again on what is given now; the gradient is in the parameters afterwards."""
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        self._replay()
        return dict(zip(self._names, self._figures.tolist(), strict=True))

    def _step(self) -> None:
        figures = self._run()
        self._names = list(figures)
        self._figures = torch.stack([figure.detach().float() for figure in figures.values()])
