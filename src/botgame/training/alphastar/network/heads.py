"""Action heads, chosen one after another: each adds its choice to the embedding that the next heads read.

The same loop serves acting (sample each head) and learning (take the recorded categories), so both give the same
log-probabilities. A head that the earlier choices do not use holds 0 and adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from botgame.spec import Head, Spec
from botgame.training.alphastar.network.action_distribution import masked_log_softmax, used_head
from botgame.training.alphastar.network.column_groups import groups_of
from botgame.training.alphastar.network.columns import ColumnSplit
from botgame.training.alphastar.network.encoders import Encoded
from botgame.training.alphastar.network.precision import full_precision
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.resblocks import Trunk
from botgame.training.alphastar.network.rows import spread, take

Choose = Callable[[int, Tensor, Tensor], Tensor]
"""(head number, its log-probabilities [N, K], its legal categories bool [N, K]) -> categories int64 [N]."""


UnitVectors = tuple[Tensor, Tensor]
"""x and y, [N, 2V] each: unit vectors of the spec, then the same turned by a quarter (x to y)."""


class Context(NamedTuple):
    """What heads read in addition to the autoregressive embedding."""

    vectors: list[UnitVectors]  # of each group of columns
    entities: Tensor  # [N, E', W]: embeddings, the targets first
    scalars: Tensor  # [N, S]: of the observation
    gates: Tensor  # [N, scalar_width]: embedding of the scalars, for deep heads
    illegal: Tensor  # bool [N, L]: categories that may not be chosen

    def take(self, rows: Tensor | None) -> Context:
        """The rows int64 [K], or for None all of them."""
        if rows is None:
            return self
        vectors = [(take(x, rows), take(y, rows)) for x, y in self.vectors]
        return Context(vectors, *(take(each, rows) for each in self[1:]))


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer that starts at 0, so that a new policy is uniform over its legal categories."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class CategoricalHead(nn.Module):
    """Logits from one linear layer."""

    def __init__(self, head: Head, config: NetworkConfig) -> None:
        super().__init__()
        self.output = zero_linear(config.head_width, head.size)

    def forward(self, hidden: Tensor, context: Context) -> Tensor:  # noqa: ARG002 - one signature for all heads
        """Hidden [N, head_width] -> logits [N, size]."""
        logits: Tensor = self.output(hidden)
        return logits


class DirectionHead(nn.Module):
    """Logits of the directions from a plain layer plus gated sums of the spec's unit vectors.

    Unit u sums the unit vectors v to a resultant r_u = sum_v g_uv v + g'_uv perp(v) with gates from the embedding. Unit
    0 adds r_0 . direction_k to logit k; the others add w_u relu(r_u . direction_k + c_u), which acts on one side of a
    threshold only. So a gate expresses what a plain layer does not learn from few matches: a direction that is a
    product of position and velocity. The scalars of category k (`Head.category_scalars`) add to its logit, also gated.
    """

    directions: Tensor
    columns: Tensor

    def __init__(self, head: Head, spec: Spec, config: NetworkConfig) -> None:
        super().__init__()
        self.units, self.scale = config.direction_units, config.gate_scale
        self.groups = len(head.category_scalars)
        vectors, *added = (2 * len(group.vectors) for group in groups_of(spec, config.column_groups))
        self.added_sizes = [size for size in added if size]
        self.sizes = [head.size, vectors, self.units * vectors, self.units, self.units, self.groups]
        self.output = zero_linear(config.head_width, sum(self.sizes))
        widths = [size + self.units * size for size in self.added_sizes]
        self.added = nn.ModuleList(zero_linear(config.head_width, width) for width in widths)
        self._start_units(sum(self.sizes[:2]), sum(self.sizes[:4]))
        directions = torch.tensor(head.directions, dtype=torch.float32).T.contiguous()
        self.register_buffer("directions", directions, persistent=False)
        absent = len(spec.scalars)  # a column of zeros stands for a category without a scalar
        places = [[spec.scalar_index(n) if n else absent for n in names] for names in head.category_scalars]
        self.register_buffer("columns", torch.tensor(places, dtype=torch.int64), persistent=False)

    def _start_units(self, first: int, last: int) -> None:
        """Random gates and offsets, but zero weights: the units can learn although the first policy is uniform."""
        layer = nn.Linear(self.output.in_features, last - first)
        with torch.no_grad():
            self.output.weight[first:last] = layer.weight
            self.output.bias[first:last] = layer.bias

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        """Hidden [N, head_width] -> logits [N, size]."""
        logits, gates, unit_gates, offsets, weights, shares = self.output(hidden).split(self.sizes, 1)
        gates_of, unit_gates_of = [gates], [unit_gates]
        for layer, size in zip(self.added, self.added_sizes, strict=True):
            gates, unit_gates = layer(hidden).split([size, self.units * size], 1)
            gates_of.append(gates)
            unit_gates_of.append(unit_gates)
        resultant = reduce(torch.add, map(_resultant, gates_of, context.vectors))
        logits = torch.addmm(logits, resultant, self.directions, alpha=self.scale)
        if self.units:
            resultants = reduce(torch.add, map(self._unit_resultants, unit_gates_of, context.vectors))
            activations = functional.relu(resultants @ self.directions + offsets.unsqueeze(2))  # [N, U, size]
            logits = logits + torch.bmm(weights.unsqueeze(1), activations).squeeze(1) * self.scale
        if self.groups:
            scalars = functional.pad(context.scalars, (0, 1))[:, self.columns]  # [N, G, size]
            logits = logits + torch.bmm(shares.unsqueeze(1), scalars).squeeze(1) * self.scale
        return logits

    def _unit_resultants(self, gates: Tensor, vectors: UnitVectors) -> Tensor:
        """Gated sums of one group's vectors for all units but the first: gates [N, U * 2V] -> [N, U, 2]."""
        x, y = vectors
        return torch.bmm(gates.view(gates.shape[0], self.units, x.shape[1]), torch.stack([x, y], dim=2))


def _resultant(gates: Tensor, vectors: UnitVectors) -> Tensor:
    """The gated sum of one group's vectors: gates [N, 2V] -> [N, 2]."""
    x, y = vectors
    return torch.stack([(gates * x).sum(1), (gates * y).sum(1)], dim=1)


class PointerHead(nn.Module):
    """Scores of a query against the first size - 1 entities, and a learned logit for "none" (category 0)."""

    def __init__(self, head: Head, config: NetworkConfig) -> None:
        super().__init__()
        self.targets = head.size - 1
        self.output = zero_linear(config.head_width, 1 + config.entity_width)

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        """Hidden [N, head_width] -> logits [N, size]."""
        outputs = self.output(hidden)
        scores = (context.entities[:, : self.targets] * outputs[:, None, 1:]).sum(2)
        return torch.cat([outputs[:, :1], scores], dim=1)


class NumberEmbedding(nn.Module):
    """Embedding of a choice by its number."""

    def __init__(self, head: Head, config: NetworkConfig) -> None:
        super().__init__()
        self.number = nn.Embedding(head.size, config.head_width)

    def forward(self, chosen: Tensor, context: Context) -> Tensor:  # noqa: ARG002 - one signature for all heads
        """Chosen int64 [N] -> [N, head_width]."""
        embedded: Tensor = self.number(chosen)
        return embedded


class PointerEmbedding(NumberEmbedding):
    """Embedding of a chosen entity by its slot and by its content; of "none" by its number."""

    def __init__(self, head: Head, config: NetworkConfig) -> None:
        super().__init__(head, config)
        self.content = nn.Linear(config.entity_width, config.head_width, bias=False)

    def forward(self, chosen: Tensor, context: Context) -> Tensor:
        """Chosen int64 [N] -> [N, head_width]."""
        rows, longest, width = context.entities.shape
        place = torch.arange(rows, device=chosen.device) * longest + (chosen - 1).clamp(min=0)
        content: Tensor = self.content(context.entities.reshape(-1, width).index_select(0, place))
        return super().forward(chosen, context) + content * (chosen > 0).unsqueeze(1)


class Rectified(nn.Module):
    """A rectifier, which shallow heads have instead of a `Trunk`."""

    def forward(self, value: Tensor, context: Tensor) -> Tensor:  # noqa: ARG002 - one signature for both
        """Vectors [N, head_width] -> the same with negative values set to 0."""
        return functional.relu(value)


class Heads(nn.Module):
    """All heads of the spec, in its order, and embeddings of the choices of all but the last."""

    def __init__(self, spec: Spec, config: NetworkConfig, features: int) -> None:
        super().__init__()
        self.spec = spec
        self.parts = list(spec.slices.values())
        groups = groups_of(spec, config.column_groups)
        self.vectors = ColumnSplit(spec.vectors, (group.vectors for group in groups), axis=1)
        self.base = nn.Linear(features, config.head_width)
        self.outputs = nn.ModuleList(_output(head, spec, config) for head in spec.heads)
        self.embeddings = nn.ModuleList(_embedding(head, config) for head in spec.heads[:-1])
        deep = [config.head_blocks if index else config.first_head_blocks for index in range(len(spec.heads))]
        self.trunks = nn.ModuleList(_trunk(blocks, config) for blocks in deep)

    @torch.no_grad()
    def start_at(
        self, logits: Mapping[str, Sequence[float]], scalar_logits: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        """Give the first categories of heads, by head, these logits whatever a new policy sees; the others have 0.

        scalar_logits: what a scalar of 1 adds to its category, for the first groups of `Head.category_scalars`.
        """
        for name, first in logits.items():
            bias = cast("nn.Linear", self.outputs[self.spec.head_index(name)].output).bias
            bias[: len(first)] = torch.tensor(first)
        for name, first in (scalar_logits or {}).items():
            head = cast("DirectionHead", self.outputs[self.spec.head_index(name)])
            start = len(head.output.bias) - head.groups
            head.output.bias[start : start + len(first)] = torch.tensor(first) / head.scale

    def forward(
        self,
        features: Tensor,
        observation: dict[str, Tensor],
        encoded: Encoded,
        choose: Choose,
        temperature: float | Tensor | None = 1.0,
        *,
        whole: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Choose every head: features [N, D], their encoding -> actions int64 [N, H], log-probabilities [N, L].

        `temperature` (a tensor [] when exporting) multiplies that of each head, None takes plain logits; the
        log-probabilities are of the tempered logits. An unused head is set to 0, whatever `choose` returns.

        whole: compute every head for every row, so that no operation depends on the data. Otherwise a head is computed
            for the rows that use it, and its log-probabilities are 0 in the others.
        """
        context = self._context(observation, encoded)
        embedding = self.base(features)
        chosen: list[Tensor] = []
        log_probs: list[Tensor] = []
        for index, part in enumerate(self.parts):
            used = used_head(self.spec, index, chosen)
            rows = None if whole or used is None else used.nonzero().squeeze(1)
            own = context.take(rows)
            found = self._log_probs(index, take(embedding, rows), own, temperature)
            log_probs.append(spread(found, rows, embedding.shape[0]))
            category = choose(index, log_probs[-1], observation["legal"][:, part])
            chosen.append(category if used is None else category * used)
            if index < len(self.embeddings):
                added = self.embeddings[index](take(chosen[-1], rows), own)
                embedding = _plus(embedding, added, used, rows)
        return torch.stack(chosen, dim=1), torch.cat(log_probs, dim=1)

    def _log_probs(self, index: int, embedding: Tensor, context: Context, temperature: float | Tensor | None) -> Tensor:
        """Log-probabilities [N, K] of one head's categories."""
        hidden = self.trunks[index](embedding, context.gates)
        with full_precision(hidden):
            logits = self.outputs[index](hidden.float(), context)
        heat = 1.0 if temperature is None else self.spec.heads[index].temperature * temperature
        plain = isinstance(heat, float) and heat == 1.0
        return masked_log_softmax(logits if plain else logits / heat, context.illegal[:, self.parts[index]])

    def _context(self, observation: dict[str, Tensor], encoded: Encoded) -> Context:
        """Unit vectors with their perpendiculars; without vectors one group of none."""
        entities = encoded.entities.float()
        vectors = [(entities.new_zeros((entities.shape[0], 0)),) * 2]
        if self.spec.vectors:
            first, *added = self.vectors(observation["vectors"])
            vectors = [_turned(part) for part in (first, *(part for part in added if part.shape[1]))]
        return Context(vectors, entities, observation["scalars"], encoded.scalars, ~observation["legal"])


def _plus(embedding: Tensor, added: Tensor, used: Tensor | None, rows: Tensor | None) -> Tensor:
    """The embedding [N, W] with a choice's added where it is used; rows int64 [K]: those that `added` has."""
    if rows is not None:
        return embedding.index_add(0, rows, added)
    return embedding + (added if used is None else added * used.unsqueeze(1))


def _turned(vectors: Tensor) -> UnitVectors:
    """Vectors [N, V, 2], followed by the same vectors turned by a quarter."""
    x, y = vectors.unbind(2)
    return torch.cat([x, -y], dim=1), torch.cat([y, x], dim=1)


def _output(head: Head, spec: Spec, config: NetworkConfig) -> nn.Module:
    """The output layer of one head of the spec."""
    if head.kind == "direction":
        return DirectionHead(head, spec, config)
    return PointerHead(head, config) if head.kind == "pointer" else CategoricalHead(head, config)


def _trunk(blocks: int, config: NetworkConfig) -> nn.Module:
    """The layers between the embedding and a head's output."""
    return Trunk(config.head_width, blocks, config.scalar_width) if blocks else Rectified()


def _embedding(head: Head, config: NetworkConfig) -> NumberEmbedding:
    """The embedding of one head's choice."""
    return PointerEmbedding(head, config) if head.kind == "pointer" else NumberEmbedding(head, config)
