"""The encoder of the condition (style, strength, name of a player): added to the scalars, as AlphaStar does with z.

Its last layer starts at 0, so a network with it begins with the same outputs as one without it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.training.alphastar.network.presets import NetworkConfig


class ConditionEncoder(nn.Module):
    """Two layers. `default` float32 [C], saved with the weights, is the condition of rows that come without one."""

    default: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.first = nn.Linear(config.condition, config.condition_width)
        self.second = nn.Linear(config.condition_width, config.scalar_width, bias=False)
        nn.init.zeros_(self.second.weight)
        self.register_buffer("default", torch.zeros(config.condition))

    def forward(self, condition: Tensor | None) -> Tensor:
        """Condition [N, C] -> [N, scalar_width]; None -> [1, scalar_width], the same for all rows."""
        hidden = functional.relu(self.first(self.default.unsqueeze(0) if condition is None else condition))
        added: Tensor = self.second(hidden)
        return added
