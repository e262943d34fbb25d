"""Tables of numbers as dataclasses: the usual value of a number, its bounds and its unit stand in one line.

@dataclass(frozen=True)
class Table:
mage_speed: float = number(4.0, 0, 20, "cells/s")
"""

from __future__ import annotations

import math
from dataclasses import field, fields
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints


class Number(NamedTuple):
    """What a table says about one of its numbers.

    least, most: the bounds. unit: "s", "cells/s" and so on, "" for counts and shares. integer: no fraction is allowed.
    length: of a tuple of such numbers, 0 for a single one.
    """

    least: float
    most: float
    unit: str
    integer: bool
    length: int


def number(usual: Any, least: float, most: float, unit: str = "") -> Any:
    """A field of a table: a number, or a tuple of as many numbers as `usual` has, within bounds."""
    return field(default=usual, metadata={"number": (least, most, unit)})


@cache
def numbers_of(table: Any) -> dict[str, Number]:
    """The fields of a table (a dataclass, not an instance) that `number` made, by name."""
    types, found = get_type_hints(table), {}
    for entry in fields(table):
        if "number" in entry.metadata:
            least, most, unit = entry.metadata["number"]
            kinds = get_args(types[entry.name]) or (types[entry.name],)
            length = len(entry.default) if isinstance(entry.default, tuple) else 0
            found[entry.name] = Number(least, most, unit, integer=kinds[0] is int, length=length)
    return found


def check_numbers(table: Any) -> None:
    """Raise ValueError that names the number of a table which is out of its bounds or of another type."""
    for name, about in numbers_of(table.__class__).items():
        value = getattr(table, name)
        if about.length and not (isinstance(value, tuple) and len(value) == about.length):
            raise ValueError(f"{name} is {value!r}, expected {about.length} numbers")
        for entry in value if about.length else (value,):
            _check(name, entry, about)


def _check(name: str, value: Any, about: Number) -> None:
    kinds = int if about.integer else (int, float)
    inside = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not (inside and about.least <= value <= about.most):
        kind = "a whole number of " if about.integer else ""
        raise ValueError(f"{name} is {value!r}, expected {kind}{about.least:g}..{about.most:g}")
