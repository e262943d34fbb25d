"""From the JSON schemas of a Kaggle environment to scalars and a head.

| part of the observation                         | becomes                                                      |
|-------------------------------------------------|--------------------------------------------------------------|
| a number                                        | asinh of it                                                  |
| numbers, as many as there are cells             | the same of each                                             |
| numbers of cells, as many as there happen to be | a scalar a cell: 1 for the first, falling to 0 along the list |
| one such list for each seat                     | the same for each, own first, then in the order of the seats |

Cells are `rows` times `columns` of the configuration. `remainingOverageTime` is the clock's and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from botgame.errors import UserError
from botgame.game import Array
from botgame.spec import Head

_LEFT_OUT = ("remainingOverageTime", "index")  # of these the second is what the seat says
_EXPECTED = "expected numbers, boards, lists of cells, or one such list for each seat"


class Part(NamedTuple):
    """A part of the observation: its name, how many scalars it is, and how to make them for a seat."""

    name: str
    size: int
    encode: Callable[[Any, int], Array]


def parts_of(observation: Mapping[str, Any], cells: int, seats: int, title: str) -> list[Part]:
    """The parts of a first observation, by name. Raises UserError that names a part which cannot be translated."""
    names = sorted(set(observation) - set(_LEFT_OUT))
    return [_part(name, observation[name], cells, seats, title) for name in names]


def head_of(schema: Mapping[str, Any], title: str) -> tuple[Head, Sequence[Any]]:
    """The head for the schema of an action, and the action of each category. Raises UserError that names the schema."""
    actions = schema.get("enum")
    if actions is None and {"minimum", "maximum"} <= set(schema) and schema.get("type") == "integer":
        actions = list(range(schema["minimum"], schema["maximum"] + 1))
    if not actions:
        raise UserError(
            f"game {title}: its action, {dict(schema)}, cannot be translated; expected an enum, or an integer with "
            "minimum and maximum",
            2,
        )
    return Head("action", len(actions), "categorical", "action", tuple(map(str, actions))), list(actions)


def _part(name: str, value: Any, cells: int, seats: int, title: str) -> Part:
    if isinstance(value, bool | int | float):
        return Part(name, 1, lambda number, _seat: np.arcsinh([float(number)]))
    if isinstance(value, list) and len(value) == seats and all(isinstance(each, list) for each in value) and cells:
        return Part(name, seats * cells, lambda lists, seat: _rotated(lists, seat, cells))
    if isinstance(value, list) and all(isinstance(each, int | float) for each in value) and cells:
        if len(value) == cells:
            return Part(name, cells, lambda board, _seat: np.arcsinh(np.array(board, np.float64)))
        return Part(name, cells, lambda places, _seat: _falling(places, cells))
    raise UserError(f"game {title}: its observation {name!r}, {value!r:.60}, cannot be translated; {_EXPECTED}", 2)


def _rotated(lists: Sequence[Sequence[int]], seat: int, cells: int) -> Array:
    return np.concatenate([_falling(places, cells) for places in (*lists[seat:], *lists[:seat])])


def _falling(places: Sequence[int], cells: int) -> Array:
    out = np.zeros(cells)
    out[list(places)] = np.linspace(1, 0, len(places), endpoint=False)
    return out
