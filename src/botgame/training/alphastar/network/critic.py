"""The critic: one value for each reward, from the policy's features, the scalars and the opponents' true state.

Pseudo-rewards (`NetworkConfig.extra_values`) have their own values. For them the critic also reads the distances to the
wanted style so far, `style_distance` [N, extra], which are 0 for rows without it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.column_groups import groups_of
from botgame.training.alphastar.network.columns import ColumnSplit, GroupedLinear, joined
from botgame.training.alphastar.network.heads import zero_linear
from botgame.training.alphastar.network.precision import full_precision
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.resblocks import VectorBlock


class Critic(nn.Module):
    """A small network. With `detach_value` its gradients stop at the policy's features."""

    def __init__(self, spec: Spec, config: NetworkConfig, features: int) -> None:
        super().__init__()
        self.detach, self.sees_privileged = config.detach_value, config.privileged_critic
        self.extra = config.extra_values
        self.values = len(spec.rewards) + self.extra
        groups = groups_of(spec, config.column_groups)
        names = tuple(scalar.name for scalar in spec.scalars)
        self.scalars = ColumnSplit(names, (group.scalars for group in groups), axis=1)
        self.privileged = ColumnSplit(spec.privileged, (group.privileged for group in groups), axis=1)
        sizes = [sum(each) for each in zip(self.scalars.sizes, self.privileged.sizes, strict=True)]
        self.first = GroupedLinear([features + sizes[0] + self.extra, *sizes[1:]], config.value_width)
        self.second = nn.Linear(config.value_width, config.value_width)
        self.output = zero_linear(config.value_width, self.values)
        self.blocks = nn.Sequential(*(VectorBlock(config.value_width) for _ in range(config.value_blocks)))

    def forward(self, features: Tensor, observation: dict[str, Tensor]) -> Tensor:
        """Features [N, D] -> values [N, R]."""
        parts = [[scalars] for scalars in self.scalars(observation["scalars"])]
        if sum(self.privileged.sizes):
            privileged = observation["privileged"]
            privileged = privileged if self.sees_privileged else torch.zeros_like(privileged)
            for part, columns in zip(parts, self.privileged(privileged), strict=True):
                part.append(columns)
        parts[0].insert(0, features.detach() if self.detach else features)
        if self.extra:
            distance = observation.get("style_distance")
            parts[0].append(features.new_zeros((len(features), self.extra)) if distance is None else distance)
        hidden = self.blocks(functional.relu(self.first([joined(part) for part in parts])))
        hidden = functional.relu(self.second(hidden))
        with full_precision(hidden):
            values: Tensor = self.output(hidden.float())
        return values
