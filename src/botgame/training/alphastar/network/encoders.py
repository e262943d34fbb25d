"""The encoder of one observation: scalars with thermometers, a set of entities, a raster, and their merge.

All work on N independent rows; whatever the spec does not have is not built. As in AlphaStar each part has an encoder
of its own (`entity_encoder`, `raster_encoder`); the sizes decide which kind.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.condition_encoder import ConditionEncoder
from botgame.training.alphastar.network.entity_encoder import EntityEncoder, EntityTransformer
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.raster_encoder import RasterEncoder, ScatterEncoder

ObservationTensors = dict[str, Tensor]


class Encoded(NamedTuple):
    """Result of `ObservationEncoder`."""

    merged: Tensor  # [N, encoder_width]: everything
    entities: Tensor  # [N, E', W]: embeddings of the entities, the targets first; E' = 0 without any
    scalars: Tensor  # [N, scalar_width]: what gates the deep heads


class ScalarInputs(nn.Module):
    """Scalars, thermometers of the thresholded ones, and unit vectors, side by side. No weights.

    A threshold k gives tanh(16 (v - k)): a clone must see which side of a decision boundary a number lies on, and a
    plain linear layer learns such steps slowly.
    """

    columns: Tensor
    offsets: Tensor

    def __init__(self, spec: Spec, steepness: float) -> None:
        super().__init__()
        pairs = [(i, k) for i, scalar in enumerate(spec.scalars) for k in scalar.thresholds]
        self.steepness = steepness
        self.has_vectors = bool(spec.vectors)
        self.width = len(spec.scalars) + len(pairs) + 2 * len(spec.vectors)
        self.register_buffer("columns", torch.tensor([i for i, _ in pairs], dtype=torch.int64), persistent=False)
        offsets = torch.tensor([-steepness * k for _, k in pairs], dtype=torch.float32)
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, observation: ObservationTensors) -> Tensor:
        """`scalars` [N, S] and `vectors` [N, V, 2] -> [N, width]."""
        scalars = observation["scalars"]
        selected = scalars.index_select(1, self.columns)
        steps = torch.add(self.offsets, selected, alpha=self.steepness).tanh_()
        parts = [scalars, steps]
        if self.has_vectors:
            parts.append(observation["vectors"].flatten(1))
        return torch.cat(parts, dim=1)


class ObservationEncoder(nn.Module):
    """All parts merged to one vector."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.inputs = ScalarInputs(spec, config.thermometer)
        self.scalar = nn.Linear(self.inputs.width, config.scalar_width)
        self.entity_width = config.entity_width
        self.entity = _entity_encoder(spec, config) if spec.max_entities else None
        self.raster = _raster_encoder(spec, config) if spec.raster_channels else None
        parts = [part.width for part in (self.entity, self.raster) if part is not None]
        self.merge = nn.Linear(config.scalar_width + sum(parts), config.encoder_width)
        self.condition = ConditionEncoder(config) if config.condition else None

    def set_dense(self, dense: bool) -> None:
        """Whether shapes must not depend on the data (see `entity_encoder`)."""
        if self.entity is not None:
            self.entity.dense = dense

    def forward(self, observation: ObservationTensors) -> Encoded:
        """Arrays of N rows -> their encoding."""
        scalars = self.scalar(self.inputs(observation))
        if self.condition is not None:
            scalars = scalars + self.condition(observation.get("condition"))
        scalars = functional.relu(scalars)
        parts = [scalars]
        entities = embeddings = scalars.new_zeros((len(scalars), 0, self.entity_width))
        if self.entity is not None:
            entities = observation["entities"]
            pooled, embeddings = self.entity(entities, observation["entity_mask"])
            parts.append(pooled)
        if self.raster is not None:
            parts.append(self.raster(observation["raster"], entities, embeddings))
        return Encoded(functional.relu(self.merge(torch.cat(parts, dim=1))), embeddings, scalars)


def _entity_encoder(spec: Spec, config: NetworkConfig) -> EntityEncoder | EntityTransformer:
    return EntityTransformer(spec, config) if config.entity_layers else EntityEncoder(spec, config.entity_width)


def _raster_encoder(spec: Spec, config: NetworkConfig) -> RasterEncoder | ScatterEncoder:
    return ScatterEncoder(spec, config) if config.map_width else RasterEncoder(spec, config)
