"""The critic: one value a reward, from the policy's features, the own scalars and the opponents' true state."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.heads import zero_linear
from botgame.training.alphastar.presets import NetworkConfig
from botgame.training.alphastar.resblocks import VectorBlock


class Critic(nn.Module):
    """A small network of its own. With `detach_value` its gradients stop at the policy's features."""

    def __init__(self, spec: Spec, config: NetworkConfig, features: int) -> None:
        super().__init__()
        self.detach = config.detach_value
        self.own = len(spec.scalars)
        self.has_privileged = bool(spec.privileged)
        self.first = nn.Linear(features + self.own + len(spec.privileged), config.value_width)
        self.second = nn.Linear(config.value_width, config.value_width)
        self.output = zero_linear(config.value_width, len(spec.rewards))
        self.blocks = nn.Sequential(*(VectorBlock(config.value_width) for _ in range(config.value_blocks)))

    def forward(self, features: Tensor, observation: dict[str, Tensor]) -> Tensor:
        """Features [N, D] -> values [N, R]."""
        parts = [features.detach() if self.detach else features, observation["scalars"]]
        if self.has_privileged:
            parts.append(observation["privileged"])
        hidden = self.blocks(functional.relu(self.first(torch.cat(parts, dim=1))))
        values: Tensor = self.output(functional.relu(self.second(hidden)))
        return values
