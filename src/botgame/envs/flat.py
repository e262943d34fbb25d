"""Wrappers that hand out one flat vector instead of a `Dict`: for learners that read nothing else.

env = FlatObservation(gymnasium.make("botgame/Duel-v0"), ("scalars", "vectors"))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from botgame.errors import UserError
from botgame.game import Array, Observation


def flat(observation: Observation, names: Sequence[str], leading: int = 0) -> Array:
    """The arrays `names` side by side, float32 [..., D], a raster scaled to 0..1; `leading` axes stay as they are."""
    parts = []
    for name in names:
        array = observation[name].reshape(*observation[name].shape[:leading], -1)
        parts.append(array / np.float32(255) if array.dtype == np.uint8 else array)
    return np.concatenate(parts, axis=leading, dtype=np.float32)


class FlatObservation(gymnasium.ObservationWrapper[Array, Array, Observation], RecordConstructorArgs):
    """One environment whose observation is a flat vector of the arrays `names`, of all where it is empty.

    Raises UserError for an array that there is not.
    """

    def __init__(self, env: gymnasium.Env[Observation, Array], names: Sequence[str] = ()) -> None:
        RecordConstructorArgs.__init__(self, names=tuple(names))
        super().__init__(env)
        self._names = _checked(env.observation_space, names)
        self.observation_space = _box(env.observation_space, self._names)

    def observation(self, observation: Observation) -> Array:
        """The flat vector, float32 [D]."""
        return flat(observation, self._names)

    def action_masks(self) -> Array:
        """See `MatchEnv.action_masks`."""
        masks: Array = self.env.get_wrapper_attr("action_masks")()
        return masks


class FlatVectorObservation(VectorWrapper):  # older releases of Gymnasium know no type parameters of it
    """A batch whose observation is a flat vector a row, as in `FlatObservation`; last observations are flat too."""

    def __init__(self, env: VectorEnv[Observation, Array, Array], names: Sequence[str] = ()) -> None:
        super().__init__(env)
        self._names = _checked(env.single_observation_space, names)
        self._single_observation_space = _box(env.single_observation_space, self._names)
        self._observation_space = batch_space(self._single_observation_space, env.num_envs)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """See `MatchVectorEnv.reset`; the flat vectors are float32 [num_envs, D]."""
        observation, info = self.env.reset(seed=seed, options=options)
        return flat(observation, self._names, leading=1), info

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """See `MatchVectorEnv.step`."""
        observation, rewards, terminated, truncated, info = self.env.step(actions)
        for slot in np.flatnonzero(info.get("_final_obs", ())).tolist():
            info["final_obs"][slot] = flat(info["final_obs"][slot], self._names)
        return flat(observation, self._names, leading=1), rewards, terminated, truncated, info

    def action_masks(self) -> Array:
        """See `MatchVectorEnv.action_masks`."""
        matches: Any = self.env.unwrapped
        masks: Array = matches.action_masks()
        return masks


def _checked(space: spaces.Space[Any], names: Sequence[str]) -> tuple[str, ...]:
    assert isinstance(space, spaces.Dict)
    if isinstance(names, str):  # a sequence too, of letters
        raise UserError(f"names {names!r}: expected several, such as ({names!r},)", 2)
    if strange := [name for name in names if name not in space.spaces]:
        raise UserError(f"no arrays {', '.join(strange)}: expected some of {', '.join(space.spaces)}", 2)
    return tuple(names) or tuple(space.spaces)


def _box(space: spaces.Space[Any], names: Sequence[str]) -> spaces.Box:
    assert isinstance(space, spaces.Dict)
    size = sum(int(np.prod(space[name].shape or ())) for name in names)
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)
