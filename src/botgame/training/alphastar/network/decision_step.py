"""One decision step in a form that a graph exporter can follow: no shape or branch depends on the data.

The same weights and the same numbers (up to float rounding) as `Network.act`. Two things differ: every row of the
entity table is computed and absent ones are set to 0 afterwards, where the network computes the valid rows alone; and
the temperature is an input, so that one exported file plays at any. The critic is left out.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from botgame.training.alphastar.network.action_distribution import beyond
from botgame.training.alphastar.network.network import Network


class DecisionStep(nn.Module):
    """Observation, memory, uniforms and temperature in; actions, memory and log-probabilities out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
        self.network.encoder.set_dense(True)

    def forward(
        self, observation: dict[str, Tensor], memory: Tensor, uniforms: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `Network.act`, with `temperature` float32 []: actions [N, H], memory [N, M], log-probabilities [N, L]."""
        acted = self.network.decide(
            observation,
            memory,
            lambda head, log_probs, legal: _sample(log_probs, legal, uniforms[:, head : head + 1]),
            temperature,
        )
        memory = acted.memory.clone()  # one that is passed through would lose its name as an output
        return acted.actions, memory, acted.log_probs


def _sample(log_probs: Tensor, legal: Tensor, uniforms: Tensor) -> Tensor:
    """`sampling.sample` with a cast in the place of its view as bytes, which graphs do not know."""
    return (beyond(log_probs, uniforms) & legal).to(torch.int32).argmax(-1)
