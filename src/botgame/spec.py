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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from botgame.json_reading import converted

HeadKind = Literal["categorical", "direction", "pointer"]
OBSERVED = ("scalars", "vectors", "entities", "entity_mask", "raster", "legal", "privileged")  # the arrays, in order
_TUPLES = (
    "scalars", "vectors", "entity_columns", "entity_position", "raster_channels", "privileged", "heads", "rewards",
)  # fmt: skip
_NAMED = ("scalars", "heads", "rewards")  # their entries have names


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
        if clause := next(_contradictions(self), ""):
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

    def illegal(self, actions: np.ndarray, legal: np.ndarray) -> np.ndarray:
        """Where a head that matters (`Head.used_when`) holds a category that is not legal: bool [n, H].

        actions: int64 [n, H], categories that the heads have; legal: bool [n, all heads].
        """
        starts = np.array([part.start for part in self.slices.values()])
        illegal: np.ndarray = ~legal[np.arange(len(actions))[:, None], starts + actions]
        for column, head in enumerate(self.heads):
            for condition in head.used_when:
                illegal[:, column] &= np.isin(actions[:, self.head_index(condition.head)], condition.values)
        return illegal

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


def _contradictions(spec: Spec) -> Iterator[str]:
    """Every contradiction of a spec as a clause; what depends on an earlier one is right once that is."""
    for field in _TUPLES:
        if not isinstance(getattr(spec, field), tuple):
            yield f"{field} is a {type(getattr(spec, field)).__name__}, expected a tuple"
    for field in _NAMED:
        odd = [each for each in getattr(spec, field) if not hasattr(each, "name")]
        if odd:
            yield f"{field} has the entry {odd[0]!r}, expected a botgame.spec.{field[:-1].capitalize()}"
    if not spec.heads or not spec.rewards:
        yield "it has no heads or no rewards, expected one of each at least"
    for field in ("heads", "rewards"):
        names = [each.name for each in getattr(spec, field)]
        yield from (f"several {field} are called {name}" for name in names if names.count(name) > 1)
    if spec.ticks_per_second < 1:
        yield f"ticks_per_second is {spec.ticks_per_second}, expected 1 or more"
    if spec.raster_channels and spec.raster_size < 1:
        yield f"raster_size is {spec.raster_size} although there are raster_channels, expected 1 or more"
    if spec.entity_columns and not all(0 <= column < len(spec.entity_columns) for column in spec.entity_position):
        yield f"entity_position is {spec.entity_position}, expected columns 0 to {len(spec.entity_columns) - 1}"
    for index, head in enumerate(spec.heads):
        yield from (f"head {head.name}: {clause}" for clause in _contradictions_of_head(spec, head, spec.heads[:index]))


def _contradictions_of_head(spec: Spec, head: Head, before: Sequence[Head]) -> Iterator[str]:
    if head.kind not in get_args(HeadKind):
        yield f"kind is {head.kind!r}, expected categorical, direction or pointer"
    if not isinstance(head.size, int) or head.size < 1:
        yield f"size is {head.size!r}, expected a whole number of 1 or more"
    if head.kind == "pointer" and head.size > spec.max_entities + 1:
        yield f"size is {head.size}, expected at most {spec.max_entities + 1}: none and {spec.max_entities} entities"
    if head.kind == "direction" and len(head.directions) != head.size:
        yield f"it has {len(head.directions)} directions, expected {head.size}, one a category"
    if head.labels and len(head.labels) != head.size:
        yield f"it has {len(head.labels)} labels, expected {head.size}, one a category"
    if not head.temperature > 0:
        yield f"temperature is {head.temperature}, expected more than 0"
    scalars = {"", *(scalar.name for scalar in spec.scalars)}
    for group in head.category_scalars:
        if len(group) != head.size or not scalars.issuperset(group):
            yield f"category_scalars has {group}, expected a scalar's name or '' for each of {head.size} categories"
    sizes = {each.name: each.size for each in before}
    for condition in head.used_when:
        if condition.head not in sizes:
            yield f"used_when names {condition.head}, expected a head before it: {', '.join(sizes) or 'there is none'}"
        elif not _are_categories(condition.values, sizes[condition.head]):
            last = sizes[condition.head] - 1
            yield f"used_when has {condition.head} {condition.values!r}, expected a tuple of categories 0 to {last}"


def _are_categories(values: Any, size: int) -> bool:
    return isinstance(values, tuple) and all(0 <= value < size for value in values)
