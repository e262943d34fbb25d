"""The encoder of an observation: scalars with thermometers, a set of entities, a raster, and their merge.

All parts work on N independent rows; a part that the spec does not have is not built. As in AlphaStar each part has its
own encoder (`entity_encoder`, `raster_encoder`), and the network's sizes decide which kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.column_groups import groups_of
from botgame.training.alphastar.network.columns import ColumnSplit, GroupedLinear, joined
from botgame.training.alphastar.network.condition_encoder import ConditionEncoder
from botgame.training.alphastar.network.entity_encoder import EntityEncoder, EntityTransformer
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.raster_encoder import RasterEncoder, ScatterEncoder

ObservationTensors = dict[str, Tensor]


class Encoded(NamedTuple):
    """Result of `ObservationEncoder`."""

    merged: Tensor  # [N, encoder_width]: the whole observation
    entities: Tensor  # [N, E', W]: embeddings of the entities, the targets first; E' = 0 without any
    scalars: Tensor  # [N, scalar_width]: gates the deep heads


class Thermometers(nn.Module):
    """tanh(steepness * (v - k)) for each threshold k of each scalar v. No weights.

    A clone must see on which side of a decision boundary a number is; a plain linear layer learns such steps slowly.
    """

    columns: Tensor
    offsets: Tensor

    def __init__(self, thresholds: Sequence[Sequence[float]], steepness: float) -> None:
        """`thresholds` of each scalar, which may have none."""
        super().__init__()
        pairs = [(column, k) for column, each in enumerate(thresholds) for k in each]
        self.steepness, self.width = steepness, len(pairs)
        self.register_buffer("columns", torch.tensor([c for c, _ in pairs], dtype=torch.int64), persistent=False)
        offsets = torch.tensor([-steepness * k for _, k in pairs], dtype=torch.float32)
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, scalars: Tensor) -> Tensor:
        """Scalars [N, S] -> [N, width]."""
        return torch.add(self.offsets, scalars.index_select(1, self.columns), alpha=self.steepness).tanh_()


class ScalarInputs(nn.Module):
    """Scalars, their thermometers and the unit vectors side by side, for each group of columns. No weights."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        groups, steepness = groups_of(spec, config.column_groups), config.thermometer
        thresholds = {scalar.name: scalar.thresholds for scalar in spec.scalars}
        self.scalars = ColumnSplit(tuple(thresholds), (group.scalars for group in groups), axis=1)
        self.vectors = ColumnSplit(spec.vectors, (group.vectors for group in groups), axis=1)
        each = [Thermometers([thresholds[name] for name in group.scalars], steepness) for group in groups]
        self.thermometers = nn.ModuleList(each)
        columns = zip(self.scalars.sizes, (part.width for part in each), self.vectors.sizes, strict=True)
        self.sizes = [scalars + steps + 2 * vectors for scalars, steps, vectors in columns]

    def forward(self, observation: ObservationTensors) -> list[Tensor]:
        """`scalars` [N, S] and `vectors` [N, V, 2] -> [N, size] for each group."""
        scalars = self.scalars(observation["scalars"])
        parts = [[each, steps(each)] for each, steps in zip(scalars, self.thermometers, strict=True)]
        if sum(self.vectors.sizes):
            for part, vectors in zip(parts, self.vectors(observation["vectors"]), strict=True):
                part.append(vectors.flatten(1))
        return [joined(part) for part in parts]


class ObservationEncoder(nn.Module):
    """Encodes all parts of an observation and merges them to one vector."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.inputs = ScalarInputs(spec, config)
        self.scalar = GroupedLinear(self.inputs.sizes, config.scalar_width)
        self.entity_width = config.entity_width
        self.entity = _entity_encoder(spec, config) if spec.max_entities else None
        self.raster = _raster_encoder(spec, config) if spec.raster_channels else None
        parts = [part.width for part in (self.entity, self.raster) if part is not None]
        self.merge = nn.Linear(config.scalar_width + sum(parts), config.encoder_width)
        self.condition = ConditionEncoder(config) if config.condition else None

    def set_dense(self, dense: bool) -> None:
        """Set whether shapes may not depend on the data (see `entity_encoder`)."""
        if self.entity is not None:
            self.entity.dense = dense

    def forward(self, observation: ObservationTensors) -> Encoded:
        """Encode an observation of N rows."""
        scalars = self.scalar(self.inputs(observation))
        if self.condition is not None:
            scalars = scalars + self.condition(observation.get("condition"))
        scalars = functional.relu(scalars)
        parts = [scalars]
        entities = embeddings = scalars.new_zeros((scalars.shape[0], 0, self.entity_width))
        if self.entity is not None:
            entities = observation["entities"]
            pooled, embeddings = self.entity(entities, observation["entity_mask"])
            parts.append(pooled)
        if self.raster is not None:
            parts.append(self.raster(observation["raster"], entities, embeddings))
        return Encoded(functional.relu(self.merge(torch.cat(parts, dim=1))), embeddings, scalars)


def _entity_encoder(spec: Spec, config: NetworkConfig) -> EntityEncoder | EntityTransformer:
    return EntityTransformer(spec, config) if config.entity_layers else EntityEncoder(spec, config)


def _raster_encoder(spec: Spec, config: NetworkConfig) -> RasterEncoder | ScatterEncoder:
    return ScatterEncoder(spec, config) if config.map_width else RasterEncoder(spec, config)
