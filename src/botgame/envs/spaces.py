"""A game's spec as spaces of Gymnasium, and its observations as elements of them.

The observation space is a `Dict` of the arrays that a policy reads (`botgame.spec`); bools are `MultiBinary`, whose
numbers are int8. The action space is a `MultiDiscrete` with a number for each head.
"""

from __future__ import annotations

import numpy as np
from gymnasium import spaces

from botgame import spec
from botgame.game import Array, Observation
from botgame.spec import Spec


def observation_space(game_spec: Spec) -> spaces.Dict:
    """The space of what one seat sees."""
    return spaces.Dict({name: _space(array) for name, array in game_spec.policy_arrays.items()})


def _space(array: spec.Array) -> spaces.Space[Array]:
    if array.dtype == np.bool_:
        return spaces.MultiBinary(array.shape[0] if len(array.shape) == 1 else list(array.shape))
    if array.dtype == np.uint8:
        return spaces.Box(0, 255, array.shape, np.uint8)
    return spaces.Box(-np.inf, np.inf, array.shape, np.float32)


def action_space(game_spec: Spec) -> spaces.MultiDiscrete:
    """The space of one seat's action."""
    return spaces.MultiDiscrete([head.size for head in game_spec.heads])


def as_element(game_spec: Spec, observation: Observation) -> Observation:
    """The arrays of an observation that are in the space, with the same memory; rows stay as they are."""
    return {
        name: observation[name].view(np.int8) if dtype == np.bool_ else observation[name]
        for name, (_, dtype) in game_spec.policy_arrays.items()
    }


def blank(game_spec: Spec) -> Observation:
    """What a seat sees when its match is over: a row of zeros, in which only category 0 of every head is legal."""
    arrays = game_spec.zeros(1)
    for heads in game_spec.slices.values():
        arrays["legal"][:, heads.start] = True
    return arrays


def head_masks(game_spec: Spec, legal: Array) -> tuple[Array, ...]:
    """A seat's legal categories as a mask for `MultiDiscrete.sample`: int8 of each head."""
    return tuple(legal[heads].view(np.int8) for heads in game_spec.slices.values())
