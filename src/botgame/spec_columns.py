"""How the columns of two specs of a game correspond: matched by name, so that a trained policy outlives new columns.

A game may add scalars, vectors, entity columns, raster channels and privileged columns at any place of its spec, and
move them. Everything else must stay as it was: without a column, or with another head, reward, size or threshold, what
a trained policy has learned has no meaning. Raise `Spec.version` when a column keeps its name but changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botgame.spec import Spec

Positions = dict[str, NDArray[np.int64]]
AXES = {"scalars": 1, "vectors": 1, "entities": 2, "raster": 1, "privileged": 1}
"""The arrays of an observation that have named columns, and the axis of the columns."""
_KINDS = {"scalars": "scalar", "vectors": "vector", "entities": "entity column", "raster": "raster channel"}
_SIZES = ("version", "ticks_per_second", "entity_position_scale", "max_entities", "raster_size", "raster_cell")


def column_names(spec: Spec) -> dict[str, tuple[str, ...]]:
    """Names of the columns of each array in `AXES`."""
    scalars = tuple(scalar.name for scalar in spec.scalars)
    columns = (scalars, spec.vectors, spec.entity_columns, spec.raster_channels, spec.privileged)
    return dict(zip(AXES, columns, strict=True))


def difference(old: Spec, new: Spec) -> str:
    """Why a policy of spec `old` cannot play by spec `new`: the first reason as a clause, or "" if it can."""
    return next(_differences(old, new), "")


def positions(old: Spec, new: Spec) -> Positions:
    """Where each column of `old` is in the arrays of `new`: int64 by array. Raises ValueError for a missing column."""
    names = column_names(new)
    return {
        array: np.array([names[array].index(name) for name in columns], np.int64)
        for array, columns in column_names(old).items()
    }


def select(observation: Mapping[str, NDArray[Any]], chosen: Positions) -> dict[str, NDArray[Any]]:
    """The observation with only the chosen columns, in their order; arrays without named columns stay."""
    return {
        name: np.take(array, chosen[name], axis=AXES[name]) if name in chosen else array
        for name, array in observation.items()
    }


def _differences(old: Spec, new: Spec) -> Iterator[str]:
    if old.name != new.name:
        yield f"the spec is {old.name}, not {new.name}"
    for name in _SIZES:
        if getattr(old, name) != getattr(new, name):
            yield f"{name} was {getattr(old, name)} and is {getattr(new, name)}"
    yield from _column_differences(old, new)
    for what, before, now in (("head", old.heads, new.heads), ("reward", old.rewards, new.rewards)):
        yield from _changes(what, {each.name: each for each in before}, {each.name: each for each in now})
        if [each.name for each in before] != [each.name for each in now]:
            yield f"the {what}s have another order"


def _column_differences(old: Spec, new: Spec) -> Iterator[str]:
    now = column_names(new)
    for array, names in column_names(old).items():
        kind = _KINDS.get(array, f"{array} column")
        yield from (f"{kind} {name} is gone" for name in names if name not in now[array])
        twice = (name for name in now[array] if max(now[array].count(name), names.count(name)) > 1)
        yield from (f"several columns are {kind} {name}" for name in twice)
    thresholds = {scalar.name: scalar.thresholds for scalar in new.scalars}
    yield from (f"scalar {s.name} has other thresholds" for s in old.scalars if thresholds.get(s.name) != s.thresholds)
    if bool(old.raster_channels) != bool(new.raster_channels):
        yield "the raster is new"
    if old.max_entities and _place(old) != _place(new):
        yield f"entity_position was {_place(old)} and is {_place(new)}"


def _place(spec: Spec) -> tuple[str, ...]:
    """Names of the entity columns that hold the position."""
    return tuple(spec.entity_columns[column] for column in spec.entity_position)


def _changes(what: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What is gone, new or changed among things by name."""
    yield from (f"{what} {name} is gone" for name in before if name not in now)
    yield from (f"{what} {name} is new" for name in now if name not in before)
    yield from (f"{what} {name} has changed" for name in before if name in now and before[name] != now[name])
