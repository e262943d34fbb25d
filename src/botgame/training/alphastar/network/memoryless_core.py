"""No memory: a layer instead of the LSTM, for a network that decides from the current observation alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from botgame.training.alphastar.network.presets import NetworkConfig


class MemorylessCore(nn.Module):
    """Has the interface of `Core`, with memory rows of width 0."""

    memory_size = 0

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.layer = nn.Linear(config.encoder_width, config.core_width)

    def step(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """One step: encoded [N, D], memory [N, 0] -> output [N, W], memory [N, 0]."""
        return torch.relu(self.layer(encoded)), memory

    def unroll(self, encoded: Tensor, memory: Tensor, _valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Whole sequences: encoded [T, B, D], memory [B, 0] -> outputs [T, B, W], memory [B, 0].

        Outputs of rows that are not `_valid` have no meaning.
        """
        return torch.relu(self.layer(encoded)), memory
