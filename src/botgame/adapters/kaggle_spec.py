"""From the JSON schemas of a Kaggle environment to scalars and a head.

| part of the observation                         | becomes                                                      |
|-------------------------------------------------|--------------------------------------------------------------|
| a number                                        | asinh of it                                                  |
| numbers, as many as there are cells             | a board: the same of each                                    |
| numbers of cells, as many as there happen to be | a board: 1 for the first, falling towards 1/2 along the list |
| one such list for each seat                     | a board for each, own first, then in the order of the seats  |

Cells are `rows` times `columns` of the configuration. `remainingOverageTime` is the clock's and left out.

Where there is one list for each seat, boards are turned around the edges so that the first cell of the seat's own list
comes to the middle: what lies next to a seat is always in the same place. A last board marks where that cell was.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from botgame.errors import UserError
from botgame.game import Array
from botgame.spec import Head

_LEFT_OUT = ("remainingOverageTime", "index")  # of these the second is what the seat says
_EXPECTED = "expected numbers, boards, lists of cells, or one such list for each seat"
_MIDDLE = "own first cell"


class Part(NamedTuple):
    """A part of the observation: its name, how many scalars it is, and how to write them for a seat.

    write: takes the part's value, the seat, the place of every cell on a board int64 [cells], and float [size] of
    zeros to write into. boards: how many boards the scalars are; 0 for a number.
    """

    name: str
    size: int
    write: Callable[[Any, int, Array, Array], None]
    boards: int = 0


class Parts:
    """All parts of an environment's observations, in order of their names, on boards of `rows` and `columns`.

    `names`: of the scalars that `encode` makes.
    """

    def __init__(self, observation: Mapping[str, Any], shape: tuple[int, int], seats: int, title: str) -> None:
        """From a first observation. Raises UserError that names a part which cannot be translated."""
        cells = shape[0] * shape[1]
        names = sorted(set(observation) - set(_LEFT_OUT))
        self._parts = [_part(name, observation[name], cells, seats, title) for name in names]
        self._lists = next((part.name for part in self._parts if part.boards == seats > 1), "")
        self._places, self._turned = np.arange(cells), _turned(*shape)
        sizes = {part.name: part.size for part in self._parts} | ({_MIDDLE: cells} if self._lists else {})
        self.names = [f"{name} {number}" for name, size in sizes.items() for number in range(size)]

    def encode(self, observation: Mapping[str, Any], seat: int) -> Array:
        """The scalars of what a seat sees."""
        own = observation[self._lists][seat][:1] if self._lists else []
        places = self._turned[own[0]] if own else self._places
        out, start = np.zeros(len(self.names)), 0
        for part in self._parts:
            part.write(observation[part.name], seat, places, out[start : start + part.size])
            start += part.size
        for cell in own:
            out[start + cell] = 1.0
        return out


def _turned(rows: int, columns: int) -> Array:
    """Where each cell of a board lies once cell k has come to its middle: int64 [cells k, cells]."""
    row, column = np.divmod(np.arange(rows * columns), max(columns, 1))
    down = (row[None, :] - row[:, None] + rows // 2) % max(rows, 1)
    across = (column[None, :] - column[:, None] + columns // 2) % max(columns, 1)
    places: Array = down * columns + across
    return places


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
        return Part(name, 1, _write_number)
    if isinstance(value, list) and len(value) == seats and all(isinstance(each, list) for each in value) and cells:
        return Part(name, seats * cells, _write_lists, seats)
    if isinstance(value, list) and all(isinstance(each, int | float) for each in value) and cells:
        return Part(name, cells, _write_board if len(value) == cells else _write_list, 1)
    shown = reprlib.repr(value)
    raise UserError(f"game {title}: its observation {name!r}, {shown}, cannot be translated; {_EXPECTED}", 2)


def _write_number(value: float, _seat: int, _places: Array, out: Array) -> None:
    out[0] = np.arcsinh(float(value))


def _write_board(values: Sequence[float], _seat: int, places: Array, out: Array) -> None:
    out[places] = np.arcsinh(np.array(values, np.float64))


def _write_list(cells: Sequence[int], _seat: int, places: Array, out: Array) -> None:
    if cells:
        out[places[cells]] = 1 - np.arange(len(cells)) / (2 * len(cells))  # a last cell must not look like none


def _write_lists(lists: Sequence[Sequence[int]], seat: int, places: Array, out: Array) -> None:
    for number, cells in enumerate((*lists[seat:], *lists[:seat])):
        _write_list(cells, seat, places, out[number * len(places) : (number + 1) * len(places)])
