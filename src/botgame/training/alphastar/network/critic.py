"""The critic: one value a reward, from the policy's features, the own scalars and the opponents' true state.

Pseudo-rewards (`NetworkConfig.extra_values`) have values of their own, and the critic sees what they are paid from:
the distances to the wanted style so far, `style_distance` [N, extra], 0 where rows come without.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.heads import zero_linear
from botgame.training.alphastar.network.precision import full_precision
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.resblocks import VectorBlock


class Critic(nn.Module):
    """A small network of its own. With `detach_value` its gradients stop at the policy's features."""

    def __init__(self, spec: Spec, config: NetworkConfig, features: int) -> None:
        super().__init__()
        self.detach = config.detach_value
        self.own = len(spec.scalars)
        self.has_privileged, self.sees_privileged = bool(spec.privileged), config.privileged_critic
        self.extra = config.extra_values
        self.values = len(spec.rewards) + self.extra
        self.first = nn.Linear(features + self.own + len(spec.privileged) + self.extra, config.value_width)
        self.second = nn.Linear(config.value_width, config.value_width)
        self.output = zero_linear(config.value_width, self.values)
        self.blocks = nn.Sequential(*(VectorBlock(config.value_width) for _ in range(config.value_blocks)))

    def forward(self, features: Tensor, observation: dict[str, Tensor]) -> Tensor:
        """Features [N, D] -> values [N, R]."""
        parts = [features.detach() if self.detach else features, observation["scalars"]]
        if self.has_privileged:
            privileged = observation["privileged"]
            parts.append(privileged if self.sees_privileged else torch.zeros_like(privileged))
        if self.extra:
            distance = observation.get("style_distance")
            parts.append(features.new_zeros((len(features), self.extra)) if distance is None else distance)
        hidden = self.blocks(functional.relu(self.first(torch.cat(parts, dim=1))))
        hidden = functional.relu(self.second(hidden))
        with full_precision(hidden):
            values: Tensor = self.output(hidden.float())
        return values
