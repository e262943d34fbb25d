"""Encoders of the egocentric map: patches with a linear layer, or convolutions over a map that shows the entities.

The second first writes an embedding of every entity onto the map at its position (AlphaStar's scatter connection), so
that "a shot between me and that wall" is a pattern on the map. The spec says which columns hold the position.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.column_groups import groups_of
from botgame.training.alphastar.network.columns import ColumnSplit, GroupedConv
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.resblocks import MapBlock


class RasterEncoder(nn.Module):
    """A linear layer for the non-overlapping patches (a convolution whose stride is its kernel), then one for all."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.side = -(-spec.raster_size // config.patch)
        self.padding = self.side * config.patch - spec.raster_size
        self.channels = _channels(spec, config)
        self.patches = GroupedConv(self.channels.sizes, config.patch_width, config.patch)
        self.merge = nn.Linear(self.side**2 * config.patch_width, config.raster_width)
        self.width = config.raster_width

    def forward(self, raster: Tensor, entities: Tensor, table: Tensor) -> Tensor:  # noqa: ARG002 - as the other's
        """Raster uint8 [N, C, R, R] -> [N, width]."""
        if self.padding:
            raster = functional.pad(raster, (0, self.padding, 0, self.padding))
        hidden = functional.relu(self.patches(self.channels(raster)))
        return functional.relu(self.merge(hidden.flatten(1)))


class ScatterEncoder(nn.Module):
    """Map and entities to `map_width` channels, a convolution of stride 2, residual blocks, then one linear layer."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.channels = _channels(spec, config)
        self.project = GroupedConv(self.channels.sizes, config.map_width, 1)
        self.write = nn.Linear(config.entity_width, config.map_width, bias=False) if spec.max_entities else None
        self.scatter = Scatter(spec)
        self.shrink = nn.Conv2d(config.map_width, config.map_channels, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(*(MapBlock(config.map_channels) for _ in range(config.map_blocks)))
        self.side = -(-spec.raster_size // 2)
        self.merge = nn.Linear(self.side**2 * config.map_channels, config.raster_width)
        self.width = config.raster_width

    def forward(self, raster: Tensor, entities: Tensor, table: Tensor) -> Tensor:
        """Raster uint8 [N, C, R, R], entities [N, E, F], embeddings [N, E', W] (0 if absent) -> [N, width]."""
        shown = self.project(self.channels(raster))
        if self.write is not None:
            shown = shown + self.scatter(self.write(table), entities[:, : table.shape[1]])
        hidden = functional.relu(self.blocks(self.shrink(functional.relu(shown))))
        return functional.relu(self.merge(hidden.flatten(1)))


def _channels(spec: Spec, config: NetworkConfig) -> ColumnSplit:
    """The channels of a raster [N, C, R, R] by group."""
    groups = groups_of(spec, config.column_groups)
    return ColumnSplit(spec.raster_channels, (group.raster for group in groups), axis=1)


class Scatter(nn.Module):
    """Writes rows onto the map, each divided among the four cells around its entity. No weights.

    The shares are those of bilinear interpolation, which keep the position within a cell. Rows outside the map write
    nothing, and entities in one cell add up. It is a product of two matrices, so repeated runs give the same sum on a
    GPU, where atomic additions would not.
    """

    cells: Tensor

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.position, self.scale = spec.entity_position, spec.entity_position_scale / spec.raster_cell
        centres = torch.arange(spec.raster_size, dtype=torch.float32) + 0.5 - spec.raster_size / 2
        self.register_buffer("cells", centres, persistent=False)  # from the middle of the map, in cells

    def forward(self, rows: Tensor, entities: Tensor) -> Tensor:
        """Rows [N, E, C] of entities [N, E, F] -> map [N, C, R, R] with [row = y, column = x]."""
        x, y = (entities[..., column] * self.scale for column in self.position)
        across, down = (functional.relu(1 - (place.unsqueeze(2) - self.cells).abs()) for place in (x, y))
        shares = (down.unsqueeze(3) * across.unsqueeze(2)).flatten(2)  # [N, E, R * R]
        size = len(self.cells)
        return torch.bmm(rows.transpose(1, 2), shares).view(rows.shape[0], rows.shape[2], size, size)
