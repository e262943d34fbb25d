"""Observations for a network: a check against the spec that it was trained for, and random ones."""

from __future__ import annotations

import numpy as np

from botgame.errors import UserError
from botgame.spec import Spec

Observation = dict[str, np.ndarray]


def check_observation(spec: Spec, observation: Observation, name: str) -> None:
    """Raise UserError if an array is missing or its columns are not the spec's."""
    for key, expected in spec.policy_arrays.items():
        found = observation[key].shape[1:] if key in observation else None
        if found != expected.shape:
            raise UserError(
                f"{name}: observation `{key}` has row shape {found}, but it was trained for {expected.shape} "
                f"({spec.name} version {spec.version}); use a checkpoint trained for this game"
            )


def random_observation(spec: Spec, rows: int, generator: np.random.Generator) -> Observation:
    """Every array that a policy of `spec` reads, filled at random; the first category of each head is legal."""
    observation: Observation = {}
    for name, (shape, kind) in spec.policy_arrays.items():
        if kind == np.uint8:
            observation[name] = generator.integers(0, 256, (rows, *shape)).astype(np.uint8)
        elif kind == np.bool_:
            observation[name] = generator.random((rows, *shape)) < 0.7
        else:
            observation[name] = generator.uniform(-1, 1, (rows, *shape)).astype(np.float32)
    observation["legal"][:, [part.start for part in spec.slices.values()]] = True
    return observation
