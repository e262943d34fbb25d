"""The arrays of an observation: their shapes by a spec, a check against it, and random ones."""

from __future__ import annotations

import numpy as np

from botgame.errors import UserError
from botgame.spec import Spec

Observation = dict[str, np.ndarray]
_DTYPES = {"entity_mask": np.bool_, "legal": np.bool_, "raster": np.uint8}


def observation_shapes(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Shape of one row of each observation array that a policy of this spec reads."""
    shapes: dict[str, tuple[int, ...]] = {"scalars": (len(spec.scalars),), "legal": (spec.logits,)}
    if spec.vectors:
        shapes["vectors"] = (len(spec.vectors), 2)
    if spec.max_entities:
        shapes["entities"] = (spec.max_entities, len(spec.entity_columns))
        shapes["entity_mask"] = (spec.max_entities,)
    if spec.raster_channels:
        shapes["raster"] = (len(spec.raster_channels), spec.raster_size, spec.raster_size)
    return shapes


def check_observation(spec: Spec, observation: Observation, name: str) -> None:
    """Raise UserError if an array is missing or its columns are not the spec's."""
    for key, expected in observation_shapes(spec).items():
        found = observation[key].shape[1:] if key in observation else None
        if found != expected:
            raise UserError(
                f"{name}: observation `{key}` has row shape {found}, but it was trained for {expected} "
                f"({spec.name} version {spec.version}); use a checkpoint trained for this game"
            )


def random_observation(spec: Spec, rows: int, generator: np.random.Generator) -> Observation:
    """Every array that a policy of `spec` reads, filled at random; the first category of each head is legal."""
    observation: Observation = {}
    for name, shape in observation_shapes(spec).items():
        kind = _DTYPES.get(name)
        if kind is np.uint8:
            observation[name] = generator.integers(0, 256, (rows, *shape)).astype(np.uint8)
        elif kind is np.bool_:
            observation[name] = generator.random((rows, *shape)) < 0.7
        else:
            observation[name] = generator.uniform(-1, 1, (rows, *shape)).astype(np.float32)
    observation["legal"][:, [part.start for part in spec.slices.values()]] = True
    return observation
