"""Encoders of the set of entities: of each entity by itself, or with a transformer over all of them.

Both give the pooled set (maximum and mean over the present entities) and an embedding of every entity, 0 in absent
rows. By default they compute only the rows that the batch needs. `dense` computes the whole table, so that no shape
depends on the data, which ONNX export and a compiler need.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Spec
from botgame.training.alphastar.network.column_groups import groups_of
from botgame.training.alphastar.network.columns import ColumnSplit, GroupedLinear
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.rows import spread, take
from botgame.training.alphastar.network.transformer import TransformerLayer, absence


class EntityEncoder(nn.Module):
    """The same small network for every entity: several times cheaper than attention.

    Attention would have to find the geometry between the seat and each entity, which is part of the entity's row.
    """

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        width = config.entity_width
        self.columns = _columns(spec, config)
        self.first = GroupedLinear(self.columns.sizes, width)
        self.second = nn.Linear(width, width)
        self.width = 2 * width
        self.rows = pointed_rows(spec)
        self.dense = False

    def forward(self, entities: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Entities [N, E, F], mask bool [N, E] -> pooled [N, 2W] and embeddings [N, E', W] (E' = longest row)."""
        if self.dense:
            hidden = functional.relu(self.first(self.columns(entities)))
            table = absent_zero(functional.relu(self.second(hidden)), mask)
            return pool(table, mask), table
        entities, mask = trim(entities, mask, self.rows)
        valid = mask.flatten().nonzero().squeeze(1)
        hidden = functional.relu(self.first(self.columns(take(entities.flatten(0, 1), valid))))
        rows = functional.relu(self.second(hidden))
        table = spread(rows, valid, mask.numel()).view(*mask.shape, rows.shape[1])
        return pool(table, mask), table


class EntityTransformer(nn.Module):
    """A transformer over the entities."""

    def __init__(self, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        width = config.entity_width
        self.columns = _columns(spec, config)
        self.first = GroupedLinear(self.columns.sizes, width)
        self.layers = nn.ModuleList(
            TransformerLayer(width, config.entity_heads, config.entity_hidden) for _ in range(config.entity_layers)
        )
        self.last = nn.Linear(width, width)
        self.width = 2 * width
        self.rows = max(1, pointed_rows(spec))
        self.dense = False

    def forward(self, entities: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Entities [N, E, F], mask bool [N, E] -> pooled and embeddings, as `EntityEncoder.forward`."""
        if not self.dense:
            entities, mask = trim(entities, mask, self.rows)
        members = functional.relu(self.first(self.columns(entities)))
        absent = absence(mask, members)
        for layer in self.layers:
            members = layer(members, absent)
        table = absent_zero(functional.relu(self.last(members)), mask)
        return pool(table, mask), table


def _columns(spec: Spec, config: NetworkConfig) -> ColumnSplit:
    """The columns of entity rows [..., F] by group."""
    groups = groups_of(spec, config.column_groups)
    return ColumnSplit(spec.entity_columns, (group.entities for group in groups), axis=-1)


def pointed_rows(spec: Spec) -> int:
    """Number of rows of the entity table that pointer heads may choose; these are always computed."""
    return max([head.size - 1 for head in spec.heads if head.kind == "pointer"], default=0)


def trim(entities: Tensor, mask: Tensor, least: int) -> tuple[Tensor, Tensor]:
    """Cut the table to as many rows as any seat of the batch has, at least `least`; valid rows come first."""
    counts = mask.sum(1)
    longest = max(int(counts.max()), least) if len(counts) else least
    return entities[:, :longest], mask[:, :longest]


def absent_zero(table: Tensor, mask: Tensor) -> Tensor:
    """Embeddings [N, E, W] with zeros where the mask bool [N, E] is False."""
    return torch.where(mask.unsqueeze(2), table, 0.0)


def pool(table: Tensor, mask: Tensor) -> Tensor:
    """Maximum and mean of embeddings >= 0 that are 0 where absent: [N, E, W], bool [N, E] -> [N, 2W].

    Zeros make plain sums and maxima equal to the masked ones; an empty set gives 0.
    """
    if not table.shape[1]:
        return table.new_zeros((table.shape[0], 2 * table.shape[2]))
    mean = table.sum(1) / mask.sum(1).clamp(min=1).unsqueeze(1)
    return torch.cat([table.amax(1), mean], dim=1)
