"""The game of `toy_game.py` in a later version, whose seats see one more scalar and whose critic one more column."""

from __future__ import annotations

import dataclasses

import numpy as np

from botgame.game import Due, Game
from botgame.spec import Scalar
from toy_game import TOY_SPEC, ToySimulation
from toy_game import toy as first_version

GROWN_SPEC = dataclasses.replace(
    TOY_SPEC,
    scalars=(Scalar("parity", (0.5,)), *TOY_SPEC.scalars[::-1]),
    privileged=("their_parity", *TOY_SPEC.privileged),
)


class GrownSimulation(ToySimulation):
    """The same matches."""

    def observe(self, due: Due) -> dict[str, np.ndarray]:
        observation = super().observe(due)
        parity = (observation["scalars"][:, :1] * 10 % 2).astype(np.float32)
        observation["scalars"] = np.concatenate([parity, observation["scalars"][:, ::-1]], axis=1)
        observation["privileged"] = np.concatenate([1 - parity, observation["privileged"]], axis=1)
        return observation


def toy() -> Game:
    """The later version of the game."""
    return dataclasses.replace(first_version(), spec=GROWN_SPEC, simulate=GrownSimulation)
