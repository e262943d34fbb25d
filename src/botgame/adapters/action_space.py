"""From an action space of Gymnasium to heads, from their categories to an action, and back.

| space                       | becomes                                                                       |
|-----------------------------|-------------------------------------------------------------------------------|
| `Discrete`, `MultiDiscrete` | a head for each number                                                        |
| `MultiBinary`               | a head of two for each bit                                                    |
| `Box` with bounds           | a head for each number: its integers where they are few, else 9 even steps    |
| `Dict`, `Tuple`             | the heads of their parts                                                      |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from botgame.errors import UserError
from botgame.game import Array
from botgame.spec import Head

EXPECTED = "expected Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple"
_STEPS = 9  # of a number that is continuous
_FEW = 64  # integers that are a category each
FARTHEST = 1e6  # bounds beyond are none


@dataclass(frozen=True)
class Acts:
    """How actions of a space are made of heads. decode: categories of the heads, in order, to an action.

    encode: an action to categories, of a continuous number the nearest step's. parts: of a `Dict` or `Tuple`.
    """

    heads: list[Head]
    decode: Callable[[Sequence[int]], Any]
    encode: Callable[[Any], list[int]]
    parts: Mapping[Any, Acts] = field(default_factory=dict)

    def write_legal(self, mask: Any, legal: Array, name: str) -> None:
        """Write a mask, laid out as the heads are, into a row of `legal`; a head without any category gets all.

        Raises UserError for a mask of another size. name: of the game.
        """
        flat = np.concatenate(self._flat(mask))
        if flat.shape != legal.shape:
            heads = ", ".join(f"{head.name} ({head.size})" for head in self.heads[:9])
            raise UserError(
                f"game {name}: its action mask has {flat.size} entries, expected {legal.size}, one a category of "
                f"{heads}; correct the environment"
            )
        start = 0
        for head in self.heads:
            part = flat[start : start + head.size] != 0
            legal[start : start + head.size] = part if part.any() else True
            start += head.size

    def _flat(self, mask: Any) -> list[Array]:
        """The numbers of a mask; where it holds None for a part, or nothing for one of a `Dict`, all is legal."""
        if mask is None:
            return [np.ones(sum(head.size for head in self.heads))]
        if isinstance(mask, Mapping) and set(mask) <= set(self.parts):
            return [flat for key, part in self.parts.items() for flat in part._flat(mask.get(key))]
        if isinstance(mask, tuple) and len(mask) == len(self.parts):
            return [flat for part, own in zip(self.parts.values(), mask, strict=True) for flat in part._flat(own)]
        return _leaves(mask)


def _leaves(mask: Any) -> list[Array]:
    """The arrays of a mask, which may be in tuples or lists, in their order."""
    return [leaf for part in mask for leaf in _leaves(part)] if isinstance(mask, tuple | list) else [np.ravel(mask)]


def acts_of(space: spaces.Space[Any], name: str) -> Acts:
    """The heads for an action space of game `name`. Raises UserError that names a space which cannot be."""
    return _acts(space, "action", name)


def is_bounded(space: spaces.Box) -> Array:
    """Which numbers of a box have bounds worth the name: bool of its shape."""
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    bounded: Array = (np.abs(low) < FARTHEST) & (np.abs(high) < FARTHEST)
    return bounded


def parts_of(space: Any) -> list[tuple[Any, spaces.Space[Any]]]:
    """The parts of a `Dict` or `Tuple`, each with its key or number."""
    return list(space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces))


def _acts(space: spaces.Space[Any], label: str, name: str) -> Acts:
    if isinstance(space, spaces.Discrete):
        first = int(space.start)
        return Acts(
            [_head(label, int(space.n))], lambda chosen: first + int(chosen[0]), lambda action: [int(action) - first]
        )
    if isinstance(space, spaces.MultiDiscrete):
        return _stepped(space, _each(label, space.nvec), space.start, np.ones(space.shape))
    if isinstance(space, spaces.MultiBinary):
        return _stepped(space, _each(label, np.full(space.shape, 2)), np.zeros(space.shape), np.ones(space.shape))
    if isinstance(space, spaces.Box) and is_bounded(space).all():
        return _box_acts(space, label)
    if isinstance(space, spaces.Dict | spaces.Tuple):
        return _joined_acts(space, label, name)
    bounds = f"with bounds within {FARTHEST:,.0f}"
    raise UserError(f"game {name}: action space {label}, {space}, cannot be translated; {EXPECTED}, {bounds}", 2)


def _stepped(space: spaces.Space[Any], heads: list[Head], low: Array, step: Array) -> Acts:
    """Numbers `low + step * category`, in an array of the space's shape and dtype."""

    def encode(action: Any) -> list[int]:
        counted = (np.asarray(action, np.float64) - low) / np.where(step == 0, 1, step)
        largest = np.array([head.size - 1 for head in heads])
        return [int(category) for category in np.clip(np.rint(np.ravel(counted)), 0, largest)]

    return Acts(heads, lambda chosen: (low + step * _shaped(chosen, space)).astype(space.dtype), encode)


def _box_acts(space: spaces.Box, label: str) -> Acts:
    span = space.high.astype(np.float64) - space.low
    whole = np.issubdtype(space.dtype, np.integer) and bool((span < _FEW).all())
    sizes = (span + 1).astype(np.int64) if whole else np.full(space.shape, _STEPS)
    step = np.ones(space.shape) if whole else span / (_STEPS - 1)
    return _stepped(space, _each(label, sizes), space.low, step)


def _joined_acts(space: Any, label: str, name: str) -> Acts:
    parts = {key: _acts(part, f"{label}.{key}", name) for key, part in parts_of(space)}

    def decode(chosen: Sequence[int]) -> Any:
        values, start = {}, 0
        for key, part in parts.items():
            values[key] = part.decode(chosen[start : start + len(part.heads)])
            start += len(part.heads)
        return values if isinstance(space, spaces.Dict) else tuple(values.values())

    def encode(action: Any) -> list[int]:
        return [category for key, part in parts.items() for category in part.encode(action[key])]

    return Acts([head for part in parts.values() for head in part.heads], decode, encode, parts)


def _head(label: str, size: int) -> Head:
    return Head(label, size, "categorical", "action")


def _each(label: str, sizes: Array) -> list[Head]:
    return [_head(f"{label} {number}", int(size)) for number, size in enumerate(np.ravel(sizes))]


def _shaped(chosen: Sequence[int], space: spaces.Space[Any]) -> Array:
    return np.array(chosen, np.int64).reshape(space.shape or ())
