"""From an observation space of Gymnasium to scalars and a raster, and from observations to arrays.

| space                       | becomes                                                                          |
|-----------------------------|----------------------------------------------------------------------------------|
| `Box`                       | one scalar a number, divided by its larger bound; asinh of it without bounds     |
| the first `Box` with a map  | the raster: rank 3, or bytes of rank 2, bounded, not negative, 8 cells a side up |
| `Discrete`, `MultiDiscrete` | one scalar a category, 1 for the chosen one                                      |
| `MultiBinary`               | one scalar a bit                                                                 |
| `Dict`, `Tuple`             | their parts, by name; a part `action_mask` is left out                           |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from botgame.adapters.action_space import EXPECTED, is_bounded, parts_of
from botgame.errors import UserError
from botgame.game import Array, Observation

MASK = "action_mask"
_SMALLEST_MAP = 8  # cells a side


class _Field(NamedTuple):
    """A part of an observation that becomes scalars: where it is, what they are called, and how to make them."""

    path: tuple[Any, ...]
    names: list[str]
    encode: Callable[[Any], Array]


class _Map(NamedTuple):
    """The part that becomes the raster: uint8 [channels, side, side]."""

    path: tuple[Any, ...]
    channels: int
    side: int
    encode: Callable[[Any], Array]


class Seen:
    """How observations of `space` are laid out. Raises UserError that names a space which cannot be."""

    def __init__(self, space: spaces.Space[Any], name: str) -> None:
        """`name`: of the game, for messages."""
        self._fields: list[_Field] = []
        self._map: _Map | None = None
        self._add(space, (), name)
        self.scalars = [scalar for field in self._fields for scalar in field.names]
        self.raster = [f"channel {number}" for number in range(self._map.channels if self._map else 0)]
        self.raster_size = self._map.side if self._map else 0

    def write(self, value: Any, into: Observation) -> None:
        """Write one observation into one row of the arrays."""
        parts = [field.encode(_part(value, field.path)) for field in self._fields]
        if parts:
            numbers = np.concatenate(parts)
            into["scalars"][: len(numbers)] = np.nan_to_num(numbers, posinf=0.0, neginf=0.0)
        if self._map:
            into["raster"][:] = self._map.encode(_part(value, self._map.path))

    def _add(self, space: spaces.Space[Any], path: tuple[Any, ...], name: str) -> None:
        if isinstance(space, spaces.Dict | spaces.Tuple):
            for key, part in parts_of(space):
                if key != MASK:
                    self._add(part, (*path, key), name)
        elif isinstance(space, spaces.Box) and self._map is None and _is_map(space):
            self._map = _map(space, path)
        else:
            self._fields.append(_field(space, path, name))


def _field(space: spaces.Space[Any], path: tuple[Any, ...], name: str) -> _Field:
    label = ".".join(map(str, path)) or "observation"
    if isinstance(space, spaces.Box):
        return _Field(path, _numbered(label, int(np.prod(space.shape))), _box_encoder(space))
    if isinstance(space, spaces.Discrete):
        return _Field(path, _numbered(label, int(space.n)), _one_hot([int(space.n)], [int(space.start)]))
    if isinstance(space, spaces.MultiDiscrete):
        sizes = np.ravel(space.nvec).tolist()
        return _Field(path, _numbered(label, sum(sizes)), _one_hot(sizes, np.ravel(space.start).tolist()))
    if isinstance(space, spaces.MultiBinary):
        return _Field(path, _numbered(label, int(np.prod(space.shape))), lambda value: np.ravel(value))
    raise UserError(f"game {name}: observation space {label}, {space}, cannot be translated; {EXPECTED}", 2)


def _numbered(label: str, count: int) -> list[str]:
    return [f"{label} {number}" for number in range(count)]


def _box_encoder(space: spaces.Box) -> Callable[[Any], Array]:
    largest = np.maximum(np.abs(space.low.astype(np.float64)), np.abs(space.high.astype(np.float64)))
    scale, bounded = np.ravel(np.where(largest > 0, largest, 1.0)), np.ravel(is_bounded(space))

    def encode(value: Any) -> Array:
        numbers = np.ravel(value).astype(np.float64)
        return np.where(bounded, numbers / scale, np.arcsinh(numbers))

    return encode


def _one_hot(sizes: list[int], starts: list[int]) -> Callable[[Any], Array]:
    first = np.cumsum(sizes) - np.array(sizes) - np.array(starts)

    def encode(value: Any) -> Array:
        out = np.zeros(sum(sizes))
        out[first + np.ravel(value)] = 1.0
        return out

    return encode


def _is_map(space: spaces.Box) -> bool:
    """Whether a box is a picture or a board large enough to be worth a raster."""
    rank = len(space.shape)
    if rank not in (2, 3) or (rank == 2 and space.dtype != np.uint8):
        return False
    plain = bool(is_bounded(space).all()) and not space.low.any()
    return plain and min(_cells(space.shape)) >= _SMALLEST_MAP


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] < shape[2]


def _cells(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a map of rank 2 or 3."""
    return (shape[1], shape[2]) if _channels_first(shape) else (shape[0], shape[1])


def _map(space: spaces.Box, path: tuple[Any, ...]) -> _Map:
    shape = space.shape
    (rows, columns), first = _cells(shape), _channels_first(shape)
    channels = 1 if len(shape) == 2 else shape[0] if first else shape[2]
    side, scale = max(rows, columns), 255.0 / max(1.0, float(space.high.max()))

    def encode(value: Any) -> Array:
        cells = np.asarray(value).reshape(shape if len(shape) == 3 else (rows, columns, 1))
        out = np.zeros((channels, side, side), np.uint8)
        out[:, :rows, :columns] = (cells if first else np.moveaxis(cells, 2, 0)) * scale
        return out

    return _Map(path, channels, side, encode)


def _part(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value
