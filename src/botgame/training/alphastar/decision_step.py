"""One decision step in a form that a graph exporter can follow: no shape or branch depends on the data.

The same weights and the same numbers (up to float rounding) as `Network.act`. Two things differ: every row of the
entity table is computed and absent ones are set to 0 afterwards, where the network computes the valid rows alone; and
the temperature is an input, so that one exported file plays at any. The critic is left out.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.training.alphastar.encoders import EntityEncoder
from botgame.training.alphastar.network import Network
from botgame.training.alphastar.sampling import beyond


class DenseEntityEncoder(nn.Module):
    """`EntityEncoder` over the whole table."""

    def __init__(self, encoder: EntityEncoder) -> None:
        super().__init__()
        self.first, self.second = encoder.first, encoder.second

    def forward(self, entities: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Entities [N, E, F], mask bool [N, E] -> pooled [N, 2W] and embeddings [N, E, W], 0 in absent rows."""
        rows = functional.relu(self.second(functional.relu(self.first(entities))))
        table = torch.where(mask.unsqueeze(2), rows, 0.0)
        mean = table.sum(1) / mask.sum(1).clamp(min=1).unsqueeze(1)
        return torch.cat([table.amax(1), mean], dim=1), table


class DecisionStep(nn.Module):
    """Observation, memory, uniforms and temperature in; actions, memory and log-probabilities out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
        if self.network.encoder.entity is not None:
            self.network.encoder.entity = DenseEntityEncoder(self.network.encoder.entity)  # type: ignore[assignment]

    def forward(
        self, observation: dict[str, Tensor], memory: Tensor, uniforms: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `Network.act`, with `temperature` float32 []: actions [N, H], memory [N, M], log-probabilities [N, L]."""
        network = self.network
        encoded, entities = network.encoder(observation)
        output, memory = network.core.step(encoded, memory)
        actions, log_probs = network.heads(
            torch.cat([output, encoded], dim=1),
            observation,
            entities,
            lambda head, log_probs, legal: _sample(log_probs, legal, uniforms[:, head : head + 1]),
            temperature,
        )
        return actions, memory, log_probs


def _sample(log_probs: Tensor, legal: Tensor, uniforms: Tensor) -> Tensor:
    """`sampling.sample` with a cast in the place of its view as bytes, which graphs do not know."""
    return (beyond(log_probs, uniforms) & legal).to(torch.int32).argmax(-1)
