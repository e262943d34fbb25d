"""Residual blocks of the deeper presets, and the gate that lets the scalars switch features on and off.

As in AlphaStar (Vinyals et al., Nature 575, 2019, supplement): layer-normed blocks on vectors, convolutional ones on
maps. Both apply the activation before the layer (He et al., "Identity mappings in deep residual networks", 2016), so
the input passes through a stack of them unchanged and each block adds to it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class VectorBlock(nn.Module):
    """x + W2 relu(norm(W1 relu(norm(x)))) on vectors [N, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))

    def forward(self, value: Tensor) -> Tensor:
        """Vectors [N, width] -> [N, width]."""
        added = value
        for norm, layer in zip(self.norms, self.layers, strict=True):
            added = layer(functional.relu(norm(added)))
        return value + added


class MapBlock(nn.Module):
    """x + W2 relu(W1 relu(x)) with convolutions of 3 x 3 on maps [N, C, R, R]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, value: Tensor) -> Tensor:
        """Maps [N, C, R, R] -> [N, C, R, R]."""
        added = value
        for layer in self.layers:
            added = layer(functional.relu(added))
        return value + added


class Trunk(nn.Module):
    """The hidden layers of a deep head: residual blocks, then a gate in (0, 1) for each feature, from a context.

    The output layer after it completes AlphaStar's gated linear unit W (sigmoid(V context) * x).
    """

    def __init__(self, width: int, blocks: int, context: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(VectorBlock(width) for _ in range(blocks)))
        self.gate = nn.Linear(context, width)

    def forward(self, value: Tensor, context: Tensor) -> Tensor:
        """Vectors [N, width] and their contexts [N, context] -> [N, width]."""
        return functional.relu(self.blocks(value)) * torch.sigmoid(self.gate(context))
