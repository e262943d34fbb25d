"""Encoders of one observation: scalars with thermometers, a set of entities, a raster, and their merge.

All work on N independent rows; whatever the spec does not have is not built. As in AlphaStar each part has an encoder
of its own, but the set of entities is pooled (maximum and mean) instead of attended: several times cheaper, and what
attention would have to find out, the geometry between oneself and each entity, is part of its row.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.presets import NetworkConfig

Observation = dict[str, Tensor]


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

    def forward(self, observation: Observation) -> Tensor:
        """`scalars` [N, S] and `vectors` [N, V, 2] -> [N, width]."""
        scalars = observation["scalars"]
        selected = scalars.index_select(1, self.columns)
        steps = torch.add(self.offsets, selected, alpha=self.steepness).tanh_()
        parts = [scalars, steps]
        if self.has_vectors:
            parts.append(observation["vectors"].flatten(1))
        return torch.cat(parts, dim=1)


class EntityEncoder(nn.Module):
    """One small network for every entity, then the maximum and the mean over those present.

    Only valid rows are computed. Embeddings are >= 0 (ReLU) and absent rows are 0, so plain sums and maxima are the
    masked ones, and an empty set is 0.
    """

    def __init__(self, spec: Spec, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(len(spec.entity_columns), width)
        self.second = nn.Linear(width, width)
        self.width = 2 * width
        self.rows = max([head.size - 1 for head in spec.heads if head.kind == "pointer"], default=0)

    def forward(self, entities: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Entities [N, E, F], mask bool [N, E] -> pooled [N, 2W] and embeddings [N, E', W] (E' = longest row)."""
        counts = mask.sum(1)
        longest = max(int(counts.max()), self.rows) if len(counts) else self.rows
        entities, mask = entities[:, :longest], mask[:, :longest]
        valid = mask.flatten().nonzero().squeeze(1)
        hidden = functional.relu(self.first(entities.flatten(0, 1).index_select(0, valid)))
        rows = functional.relu(self.second(hidden))
        table = rows.new_zeros((mask.numel(), rows.shape[1])).index_copy_(0, valid, rows)
        table = table.view(*mask.shape, rows.shape[1])
        if longest == 0:
            return rows.new_zeros((len(mask), self.width)), table
        mean = table.sum(1) / counts.clamp(min=1).unsqueeze(1)
        return torch.cat([table.amax(1), mean], dim=1), table


class RasterEncoder(nn.Module):
    """One linear layer for each of the non-overlapping patches (a convolution whose stride is its kernel), then all."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.side = -(-spec.raster_size // config.patch)
        self.padding = self.side * config.patch - spec.raster_size
        self.patch = config.patch
        self.patches = nn.Conv2d(len(spec.raster_channels), config.patch_width, config.patch, config.patch)
        self.merge = nn.Linear(self.side**2 * config.patch_width, config.raster_width)
        self.width = config.raster_width

    def forward(self, raster: Tensor) -> Tensor:
        """Raster uint8 [N, C, R, R] -> [N, width]."""
        if self.padding:
            raster = functional.pad(raster, (0, self.padding, 0, self.padding))
        weight = self.patches.weight * (1 / 255)  # scales few weights instead of many cells
        hidden = functional.relu(functional.conv2d(raster.to(weight.dtype), weight, self.patches.bias, self.patch))
        return functional.relu(self.merge(hidden.flatten(1)))


class ObservationEncoder(nn.Module):
    """All parts merged to one vector."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.inputs = ScalarInputs(spec, config.thermometer)
        self.scalar = nn.Linear(self.inputs.width, config.scalar_width)
        self.entity_width = config.entity_width
        self.entity = EntityEncoder(spec, config.entity_width) if spec.max_entities else None
        self.raster = RasterEncoder(spec, config) if spec.raster_channels else None
        parts = [part.width for part in (self.entity, self.raster) if part is not None]
        self.merge = nn.Linear(config.scalar_width + sum(parts), config.encoder_width)

    def forward(self, observation: Observation) -> tuple[Tensor, Tensor]:
        """Returns the encoding [N, encoder_width] and the embeddings of entities [N, E', W], E' = 0 without any."""
        parts = [functional.relu(self.scalar(self.inputs(observation)))]
        embeddings = parts[0].new_zeros((len(parts[0]), 0, self.entity_width))
        if self.entity is not None:
            pooled, embeddings = self.entity(observation["entities"], observation["entity_mask"])
            parts.append(pooled)
        if self.raster is not None:
            parts.append(self.raster(observation["raster"]))
        return functional.relu(self.merge(torch.cat(parts, dim=1))), embeddings
