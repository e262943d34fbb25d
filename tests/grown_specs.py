"""Random specs of small games, and the same specs grown: new columns at random places, old ones moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from botgame.spec import Condition, Head, Reward, Scalar, Spec
from botgame.spec_columns import column_names

COMPASS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
KINDS = ("scalars", "vectors", "entities", "raster", "privileged")


def random_spec(generator: np.random.Generator) -> Spec:
    """A game with some of everything; vectors, entities, a raster and privileged columns may be missing."""
    vectors, privileged = int(generator.integers(0, 4)), int(generator.integers(0, 4))
    entities, channels = int(generator.integers(0, 2)) * 5, int(generator.integers(0, 3))
    columns = ("kind", "x", "y", *names("column", int(generator.integers(1, 4)))) if entities else ()
    scalars = scalars_of(generator, "scalar", int(generator.integers(4, 9)))
    categories = tuple(scalar.name for scalar in scalars[:4])
    heads = [
        Head("verb", 3, "categorical", "verb"),
        Head("move", 5, "direction", "rest", directions=COMPASS, category_scalars=(("", *categories),)),
        Head("power", 2, "categorical", "rest", used_when=(Condition("verb", (1, 2)),)),
    ]
    if entities:
        heads.insert(1, Head("target", 4, "pointer", "rest", used_when=(Condition("verb", (1,)),)))
    return Spec(
        name="random", version=1, ticks_per_second=10, scalars=scalars, vectors=names("vector", vectors),
        entity_columns=columns, entity_position=(1, 2) if entities else (0, 0), entity_position_scale=5.0,
        max_entities=entities, raster_channels=names("channel", channels), raster_size=6 if channels else 0,
        raster_cell=1.0, privileged=names("secret", privileged), heads=tuple(heads),
        rewards=(Reward("result", dense=False),),
    )  # fmt: skip


def grown(spec: Spec, generator: np.random.Generator, kinds: Sequence[str] = KINDS, mark: str = "new") -> Spec:
    """`spec` with one to three more columns of each of these kinds, all of that kind in another order.

    A game without entities or raster gets none. `mark`: begins the new names.
    """
    more = {kind: names(f"{mark}_{kind}", int(generator.integers(1, 4))) if kind in kinds else () for kind in KINDS}
    more["entities"] = more["entities"] if spec.max_entities else ()
    more["raster"] = more["raster"] if spec.raster_channels else ()
    scalars = [*spec.scalars, *scalars_of(generator, f"{mark}_scalar", len(more["scalars"]))]
    old = column_names(spec)
    columns = {kind: shuffled((*old[kind], *more[kind]), generator) for kind in KINDS}
    place = [
        columns["entities"].index(spec.entity_columns[column]) for column in spec.entity_position if spec.max_entities
    ]
    return dataclasses.replace(
        spec,
        scalars=shuffled(scalars, generator),
        vectors=columns["vectors"],
        entity_columns=columns["entities"],
        entity_position=tuple(place) or spec.entity_position,
        raster_channels=columns["raster"],
        privileged=columns["privileged"],
    )


def names(kind: str, count: int) -> tuple[str, ...]:
    return tuple(f"{kind}{number}" for number in range(count))


def scalars_of(generator: np.random.Generator, kind: str, count: int) -> tuple[Scalar, ...]:
    """Scalars with none to three thresholds."""
    return tuple(Scalar(name, tuple(sorted(generator.uniform(-1, 1, generator.integers(0, 4)).round(2).tolist())))
                 for name in names(kind, count))  # fmt: skip


def shuffled(things: Sequence, generator: np.random.Generator) -> tuple:
    return tuple(things[k] for k in generator.permutation(len(things)))
