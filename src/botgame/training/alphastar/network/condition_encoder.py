"""The encoder of what a seat is told (`condition`): added to the scalars, as AlphaStar does with z and MMR.

Its last layer starts at 0, so a network that has it begins as the network without it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.training.alphastar.network.presets import NetworkConfig


class ConditionEncoder(nn.Module):
    """`plain` [C], saved with the weights, is what rows are told that come without `condition`: how to play at play."""

    plain: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.first = nn.Linear(config.condition, config.condition_width)
        self.second = nn.Linear(config.condition_width, config.scalar_width, bias=False)
        nn.init.zeros_(self.second.weight)
        self.register_buffer("plain", torch.zeros(config.condition))

    def forward(self, told: Tensor | None) -> Tensor:
        """`condition` [N, C] -> [N, scalar_width]; None -> [1, scalar_width], the same for all rows."""
        hidden = functional.relu(self.first(self.plain.unsqueeze(0) if told is None else told))
        added: Tensor = self.second(hidden)
        return added
