"""Types that describe a game to a learner: observation fields, action heads, rewards. Types only, no game in here.

A game offers one `Spec`; the network, replay loaders, exporters and docs loop over it, and each checkpoint embeds it.

The observation of N seats is a dict of arrays, one row a seat (`Spec.arrays` has their shapes and dtypes):

| key           | dtype, shape             | meaning                                                              |
|---------------|--------------------------|----------------------------------------------------------------------|
| `scalars`     | float32 [N, S]           | one column a `Scalar`, scaled to about [-1, 1]                        |
| `vectors`     | float32 [N, V, 2]        | unit vectors in world axes; (0, 0) when there is nothing to point at  |
| `entities`    | float32 [N, E, F]        | table of things seen; valid rows first, the targets before the others |
| `entity_mask` | bool [N, E]              | True for the valid rows                                              |
| `raster`      | uint8 [N, C, R, R]       | egocentric map, [row = y, column = x], 0..255                         |
| `legal`       | bool [N, sum head sizes] | legal categories of every head, heads side by side (`Spec.slices`)    |
| `privileged`  | float32 [N, Q]           | opponents' true state: for the critic in training only                |

A game without vectors, say, has an array of them with no columns. Actions are int64 [N, H], one column a head in spec
order; an unused head (see `Head.used_when`) holds 0.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from botgame.json_reading import converted
from botgame.spec_check import contradictions

HeadKind = Literal["categorical", "direction", "pointer"]
OBSERVED = ("scalars", "vectors", "entities", "entity_mask", "raster", "legal", "privileged")  # the arrays, in order


class Array(NamedTuple):
    """One array of an observation: the shape of a seat's row, and the dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Scalar:
    """One number a seat sees. `thresholds`: values where small differences decide, for a thermometer encoding."""

    name: str
    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Condition:
    """True where the category that was chosen in the earlier head `head` is one of `values`."""

    head: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Head:
    """One action head. Heads are chosen in the order of the spec, each given those before it (autoregressive).

    kind: `categorical`; `direction`, where `directions[k]` is the unit vector of category k ((0, 0): stay);
    or `pointer`, where category 0 is "none" and category k points at row k - 1 of the entity table.
    group: heads of one group share an importance ratio in V-trace.
    used_when: all conditions must hold for the head to matter; otherwise it holds 0 and gives no loss.
    category_scalars: groups of scalar names, one name a category ("" for none), that say something of that category:
    whether that direction is blocked, whether it is held now.
    temperature: of sampling at play time; the training code always uses one set of tempered logits.
    """

    name: str
    size: int
    kind: HeadKind
    group: str
    labels: tuple[str, ...] = ()
    directions: tuple[tuple[float, float], ...] = ()
    used_when: tuple[Condition, ...] = ()
    category_scalars: tuple[tuple[str, ...], ...] = ()
    temperature: float = 1.0


@dataclass(frozen=True)
class Reward:
    """One reward stream. `dense` streams are differences of a running score; the other is paid at the end."""

    name: str
    dense: bool


@dataclass(frozen=True)
class Spec:
    """Everything a learner must know of a game. Checkpoints outlive new columns of it (`botgame.spec_columns`).

    Raises ValueError for a contradiction among its fields.

    version: raise it when a field keeps its name but changes its meaning; older checkpoints are then refused.
    """

    name: str
    version: int
    ticks_per_second: int
    scalars: tuple[Scalar, ...]
    vectors: tuple[str, ...]
    entity_columns: tuple[str, ...]
    entity_position: tuple[int, int]
    entity_position_scale: float
    max_entities: int
    raster_channels: tuple[str, ...]
    raster_size: int
    raster_cell: float
    privileged: tuple[str, ...]
    heads: tuple[Head, ...]
    rewards: tuple[Reward, ...]

    def __post_init__(self) -> None:
        """Refuse what contradicts itself, with the first reason."""
        if clause := next(contradictions(self), ""):
            raise ValueError(f"spec {self.name}: {clause}")

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """Every array of an observation by name, in the order of `OBSERVED`."""
        shapes = (
            ((len(self.scalars),), np.float32),
            ((len(self.vectors), 2), np.float32),
            ((self.max_entities, len(self.entity_columns)), np.float32),
            ((self.max_entities,), np.bool_),
            ((len(self.raster_channels), self.raster_size, self.raster_size), np.uint8),
            ((self.logits,), np.bool_),
            ((len(self.privileged),), np.float32),
        )
        return {name: Array(shape, np.dtype(kind)) for name, (shape, kind) in zip(OBSERVED, shapes, strict=True)}

    @cached_property
    def policy_arrays(self) -> dict[str, Array]:
        """Those of `arrays` that a policy reads: neither the privileged one nor those without a column."""
        return {name: array for name, array in self.arrays.items() if name != "privileged" and 0 not in array.shape}

    def blank(self, rows: int) -> dict[str, np.ndarray]:
        """An observation of `rows` seats, not yet filled."""
        first = (rows,)
        return {name: np.empty(first + shape, dtype) for name, (shape, dtype) in self.arrays.items()}

    def zeros(self, rows: int) -> dict[str, np.ndarray]:
        """An observation of `rows` seats in which everything is 0."""
        return {name: np.zeros((rows, *shape), dtype) for name, (shape, dtype) in self.arrays.items()}

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each head's categories lie in `legal` and in concatenated logits."""
        out, start = {}, 0
        for head in self.heads:
            out[head.name] = slice(start, start + head.size)
            start += head.size
        return out

    @property
    def logits(self) -> int:
        """Sum of all head sizes."""
        return sum(head.size for head in self.heads)

    @property
    def groups(self) -> tuple[str, ...]:
        """V-trace groups in order of first appearance."""
        return tuple(dict.fromkeys(head.group for head in self.heads))

    def head_index(self, name: str) -> int:
        """Column of head `name` in an action. Raises KeyError for an unknown name."""
        for index, head in enumerate(self.heads):
            if head.name == name:
                return index
        raise KeyError(name)

    def scalar_index(self, name: str) -> int:
        """Column of scalar `name`. Raises KeyError for an unknown name."""
        for index, scalar in enumerate(self.scalars):
            if scalar.name == name:
                return index
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Spec:
        """Inverse of `to_dict`. Raises KeyError, TypeError or ValueError for foreign data."""
        converted(data, Spec)  # its types are right; numbers stay as they are written, or the digest would change
        heads = tuple(
            Head(
                name=h["name"],
                size=h["size"],
                kind=h["kind"],
                group=h["group"],
                labels=tuple(h["labels"]),
                directions=tuple((x, y) for x, y in h["directions"]),
                used_when=tuple(Condition(c["head"], tuple(c["values"])) for c in h["used_when"]),
                category_scalars=tuple(tuple(names) for names in h["category_scalars"]),
                temperature=h["temperature"],
            )
            for h in data["heads"]
        )
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        plain["heads"] = heads
        plain["scalars"] = tuple(Scalar(s["name"], tuple(s["thresholds"])) for s in data["scalars"])
        plain["rewards"] = tuple(Reward(**r) for r in data["rewards"])
        return Spec(**plain)

    def digest(self) -> str:
        """16 hex digits that change with any field, head or reward."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
