"""Memory that the processes of a run share: weights on their way out, gradients on their way back.

Learning players take turns with it, so it holds the weights of one network and a gradient of each child process.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.sharedctypes import RawArray
from typing import Any

import torch
from torch import Tensor, nn


class Exchange:
    """A child's view of its blocks: float32, the parameters of a network one after another."""

    def __init__(self, weights: Any, gradient: Any) -> None:
        """Both: a `RawArray` of floats."""
        self._weights, self._gradient = (torch.frombuffer(block, dtype=torch.float32) for block in (weights, gradient))

    def fetch(self, network: nn.Module) -> None:
        """Give `network` the weights that the parent has published."""
        with torch.no_grad():
            for parameter, part in zip(network.parameters(), _split(self._weights, network), strict=True):
                parameter.copy_(part)

    def leave(self, network: nn.Module) -> None:
        """Leave the gradient of `network` for the parent."""
        torch.cat(_flat_gradients(network), out=self._gradient)

    def leave_nothing(self) -> None:
        """Leave a gradient of zeros."""
        self._gradient.zero_()


class Exchanges:
    """The parent's view of the blocks of `count` children, for networks as large as `network`."""

    def __init__(self, network: nn.Module, count: int) -> None:
        size = sum(parameter.numel() for parameter in network.parameters())
        self._weights = RawArray("f", size)
        self._blocks = [RawArray("f", size) for _ in range(count)]
        self._gradients = [torch.frombuffer(block, dtype=torch.float32) for block in self._blocks]

    def blocks(self, child: int) -> tuple[Any, Any]:
        """What the `Exchange` of a child is made from."""
        return self._weights, self._blocks[child]

    def publish(self, network: nn.Module) -> None:
        """Put the weights of `network` where the children fetch them."""
        flat = [parameter.detach().flatten() for parameter in network.parameters()]
        torch.cat(flat, out=torch.frombuffer(self._weights, dtype=torch.float32))

    def add_gradients(self, network: nn.Module, children: int) -> None:
        """Add what the first `children` have left to the gradient of `network`, in their order."""
        total = torch.cat(_flat_gradients(network))
        for gradient in self._gradients[:children]:
            total += gradient
        for parameter, part in zip(network.parameters(), _split(total, network), strict=True):
            parameter.grad = part


def _flat_gradients(network: nn.Module) -> list[Tensor]:
    return [
        (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).flatten()
        for parameter in network.parameters()
    ]


def _split(flat: Tensor, network: nn.Module) -> Sequence[Tensor]:
    """The parts of a flat tensor that belong to each parameter, in the parameters' shapes."""
    shapes = [parameter.shape for parameter in network.parameters()]
    parts = torch.split(flat, [shape.numel() for shape in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
