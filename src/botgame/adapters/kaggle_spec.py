"""From the JSON schemas of a Kaggle environment to scalars and a head.

| part of the observation                         | becomes                                                      |
|-------------------------------------------------|--------------------------------------------------------------|
| a number                                        | asinh of it                                                  |
| numbers, as many as there are cells             | a board: the same of each                                    |
| numbers of cells, as many as there happen to be | a board: 1 for the first, falling to 0 along the list        |
| one such list for each seat                     | a board for each, own first, then in the order of the seats  |

Cells are `rows` times `columns` of the configuration. `remainingOverageTime` is the clock's and left out.

Where there is one list for each seat, boards are turned around the edges so that the first cell of the seat's own list
comes to the middle: what lies next to a seat is always in the same place. A last board marks where that cell was.
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
_MIDDLE = "own first cell"


class Part(NamedTuple):
    """A part of the observation: its name, how many scalars it is, and how to make them for a seat.

    boards: how many boards its scalars are; 0 for a number.
    """

    name: str
    size: int
    encode: Callable[[Any, int], Array]
    boards: int = 0


class Parts:
    """All parts of an environment's observations, in order of their names, on boards of `rows` and `columns`.

    `names`: of the scalars that `encode` makes.
    """

    def __init__(self, observation: Mapping[str, Any], shape: tuple[int, int], seats: int, title: str) -> None:
        """From a first observation. Raises UserError that names a part which cannot be translated."""
        self._shape, cells = shape, shape[0] * shape[1]
        names = sorted(set(observation) - set(_LEFT_OUT))
        self._parts = [_part(name, observation[name], cells, seats, title) for name in names]
        self._lists = next((part.name for part in self._parts if part.boards == seats > 1), "")
        sizes = {part.name: part.size for part in self._parts} | ({_MIDDLE: cells} if self._lists else {})
        self.names = [f"{name} {number}" for name, size in sizes.items() for number in range(size)]

    def encode(self, observation: Mapping[str, Any], seat: int) -> Array:
        """The scalars of what a seat sees."""
        own = observation[self._lists][seat] if self._lists else []
        made = [self._turned(part, part.encode(observation[part.name], seat), own) for part in self._parts]
        if self._lists:
            made.append(_falling(own[:1], self._shape[0] * self._shape[1]))
        return np.concatenate(made)

    def _turned(self, part: Part, values: Array, own: Sequence[int]) -> Array:
        """Scalars of a part with the first of the cells `own` in the middle of every board."""
        if not part.boards or not own:
            return values
        rows, columns = self._shape
        by = rows // 2 - own[0] // columns, columns // 2 - own[0] % columns
        return np.roll(values.reshape(part.boards, rows, columns), by, axis=(1, 2)).ravel()


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
        return Part(name, seats * cells, lambda lists, seat: _rotated(lists, seat, cells), seats)
    if isinstance(value, list) and all(isinstance(each, int | float) for each in value) and cells:
        if len(value) == cells:
            return Part(name, cells, lambda board, _seat: np.arcsinh(np.array(board, np.float64)), 1)
        return Part(name, cells, lambda places, _seat: _falling(places, cells), 1)
    raise UserError(f"game {title}: its observation {name!r}, {value!r:.60}, cannot be translated; {_EXPECTED}", 2)


def _rotated(lists: Sequence[Sequence[int]], seat: int, cells: int) -> Array:
    return np.concatenate([_falling(places, cells) for places in (*lists[seat:], *lists[:seat])])


def _falling(places: Sequence[int], cells: int) -> Array:
    out = np.zeros(cells)
    out[list(places)] = 1 - np.arange(len(places)) / max(len(places), 1)
    return out
