"""From an observation space of Gymnasium to scalars and a raster, and from observations to arrays.

| space                       | becomes                                                                          |
|-----------------------------|----------------------------------------------------------------------------------|
| `Box`                       | one scalar a number, divided by its larger bound; asinh of it without bounds, of |
|                             | infinity that of a million; no number (NaN) is 0                                 |
| the first `Box` with a map  | the raster: rank 3, or bytes of rank 2, bounded, not negative, 8 cells a side up |
| `Discrete`, `MultiDiscrete` | one scalar a category, 1 for the chosen one                                      |
| `MultiBinary`               | one scalar a bit                                                                 |
| `Dict`, `Tuple`             | their parts, by name; `action_mask` on the outside is left out                   |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from botgame.adapters.action_space import EXPECTED, FARTHEST, is_bounded, parts_of
from botgame.errors import UserError
from botgame.game import Array, Observation
from botgame.streams import say

MASK = "action_mask"
_SMALLEST_MAP = 8  # cells a side
_FARTHEST_SEEN = float(np.arcsinh(FARTHEST))  # what infinity becomes


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
        self._name, self._fields, self._warned = name, list[_Field](), False
        self._map: _Map | None = None
        self._add(space, (), name)
        self.scalars = [scalar for field in self._fields for scalar in field.names]
        self.raster = [f"channel {number}" for number in range(self._map.channels if self._map else 0)]
        self.raster_size = self._map.side if self._map else 0

    def write(self, value: Any, into: Observation) -> None:
        """Write one observation into one row of the arrays. Raises UserError for what is not in the space."""
        parts = [self._encoded(field, value) for field in self._fields]
        if parts:
            numbers = np.concatenate(parts)
            into["scalars"][: len(numbers)] = self._finite(numbers)
        if self._map:
            into["raster"][:] = self._encoded(self._map, value)

    def _encoded(self, field: _Field | _Map, value: Any) -> Array:
        try:
            return field.encode(_part(value, field.path))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            place = f"{_label(field.path)} of an observation" if field.path else "an observation"
            raise UserError(
                f"game {self._name}: {place} does not fit its space ({error}); correct the environment"
            ) from error

    def _finite(self, numbers: Array) -> Array:
        """With 0 for NaN; says so once on stderr."""
        missing = np.isnan(numbers)
        if missing.any() and not self._warned:
            self._warned = True
            scalar = self.scalars[int(missing.argmax())]
            say(f"warning: game {self._name}: {scalar} was NaN in an observation; it is seen as 0")
        return np.nan_to_num(numbers, posinf=_FARTHEST_SEEN, neginf=-_FARTHEST_SEEN)

    def _add(self, space: spaces.Space[Any], path: tuple[Any, ...], name: str) -> None:
        if isinstance(space, spaces.Dict | spaces.Tuple):
            for key, part in parts_of(space):
                if path or key != MASK:
                    self._add(part, (*path, key), name)
        elif isinstance(space, spaces.Box) and self._map is None and _is_map(space):
            self._map = _map(space, path)
        else:
            self._fields.append(_field(space, path, name))


def _field(space: spaces.Space[Any], path: tuple[Any, ...], name: str) -> _Field:
    label = _label(path)
    if isinstance(space, spaces.Box):
        return _Field(path, _numbered(label, int(np.prod(space.shape))), _box_encoder(space))
    if isinstance(space, spaces.Discrete):
        return _Field(path, _numbered(label, int(space.n)), _one_hot([int(space.n)], [int(space.start)]))
    if isinstance(space, spaces.MultiDiscrete):
        sizes = np.ravel(space.nvec).tolist()
        return _Field(path, _numbered(label, sum(sizes)), _one_hot(sizes, np.ravel(space.start).tolist()))
    if isinstance(space, spaces.MultiBinary):
        return _Field(path, _numbered(label, int(np.prod(space.shape))), _bits(space.shape))
    raise UserError(f"game {name}: observation space {label}, {space}, cannot be translated; {EXPECTED}", 2)


def _label(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "observation"


def _numbered(label: str, count: int) -> list[str]:
    return [f"{label} {number}" for number in range(count)]


def _array(value: Any, shape: tuple[int, ...]) -> Array:
    """The value, flat, if it has that shape; axes of one number do not count. Raises ValueError otherwise."""
    array = np.asarray(value)
    if [side for side in array.shape if side != 1] != [side for side in shape if side != 1]:
        raise ValueError(f"its shape is {array.shape}, expected {shape}")
    return array.reshape(-1)


def _bits(shape: tuple[int, ...]) -> Callable[[Any], Array]:
    return lambda value: _array(value, shape).astype(np.float64)


def _box_encoder(space: spaces.Box) -> Callable[[Any], Array]:
    largest = np.maximum(np.abs(space.low.astype(np.float64)), np.abs(space.high.astype(np.float64)))
    bounded = np.ravel(is_bounded(space))
    scale = np.where(bounded & (np.ravel(largest) > 0), np.ravel(largest), 1.0)

    def encode(value: Any) -> Array:
        numbers = _array(value, space.shape).astype(np.float64)
        return np.where(bounded, numbers / scale, np.arcsinh(numbers))

    return encode


def _one_hot(sizes: list[int], starts: list[int]) -> Callable[[Any], Array]:
    lowest, first = np.array(starts), np.cumsum(sizes) - np.array(sizes)

    def encode(value: Any) -> Array:
        chosen = _array(value, (len(sizes),)).astype(np.int64) - lowest
        if ((chosen < 0) | (chosen >= sizes)).any():
            raise ValueError(f"{np.ravel(value).tolist()} is out of its range")
        out = np.zeros(sum(sizes))
        out[first + chosen] = 1.0
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
    """The sides of a map are as long as each other; where they are not, there are fewer channels than cells a side."""
    if len(shape) != 3 or shape[0] == shape[1]:
        return False
    return shape[1] == shape[2] or shape[0] < shape[2]


def _cells(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a map."""
    return (shape[1], shape[2]) if _channels_first(shape) else (shape[0], shape[1])


def _map(space: spaces.Box, path: tuple[Any, ...]) -> _Map:
    shape = space.shape
    (rows, columns), first = _cells(shape), _channels_first(shape)
    channels = 1 if len(shape) == 2 else shape[0] if first else shape[2]
    side, scale = max(rows, columns), 255.0 / max(1.0, float(space.high.max()))

    def encode(value: Any) -> Array:
        cells = _bytes(_array(value, shape), scale).reshape(shape if len(shape) == 3 else (rows, columns, 1))
        out = np.zeros((channels, side, side), np.uint8)
        out[:, :rows, :columns] = cells if first else np.moveaxis(cells, 2, 0)
        return out

    return _Map(path, channels, side, encode)


def _bytes(numbers: Array, scale: float) -> Array:
    """Numbers times `scale` as uint8; those beyond its range are its ends. Raises ValueError for NaN."""
    if numbers.dtype == np.uint8 and scale == 1:
        return numbers
    scaled = numbers * scale
    if np.isnan(scaled).any():
        raise ValueError("a cell is NaN")
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _part(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value
