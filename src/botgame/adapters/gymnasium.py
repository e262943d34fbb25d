"""`--game gymnasium:ID`: an environment for one player, as a race for the higher return (`botgame.adapters.race`).

ID is what `gymnasium.make` takes, so a user's own is `gymnasium:my_module:MyEnv-v0`. A return of 1 is the largest one
of a few random episodes. An episode that is truncated ends like one that is terminated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as library
import numpy as np
from gymnasium import Space

from botgame.adapters.adapted import adapted_game
from botgame.adapters.own_code import as_reward, own_code, several
from botgame.adapters.rehearsal import rehearse
from botgame.adapters.spaces import Layout
from botgame.errors import UserError
from botgame.game import Array, Game, Observation

_SEEDS = 2**31
_RESET = ("observation", "info")
_STEP = ("observation", "reward", "terminated", "truncated", "info")


class GymnasiumCopy:
    """A `Copy` of one seat around one environment. unit: what a return of 1 is."""

    def __init__(self, env: Any, layout: Layout, unit: float) -> None:
        self._env, self._layout, self._unit = env, layout, unit
        self._seen: tuple[Any, Any] = (None, None)  # observation and info
        self._total, self._over = 0.0, True

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        with own_code(self._layout.name, "reset"):
            answer = self._env.reset(seed=seed % _SEEDS)
        observation, info = several(answer, _RESET, self._layout.name, "reset")
        self._seen = observation, info
        self._total, self._over = 0.0, False

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return [] if self._over else [0]

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return ()

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        self._layout.write(seat, *self._seen, into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        with own_code(self._layout.name, "step"):
            answer = self._env.step(self._layout.action(actions[0]))
        observation, reward, terminated, truncated, info = several(answer, _STEP, self._layout.name, "step")
        self._seen = observation, info
        self._total += as_reward(reward, self._layout.name)
        self._over = bool(terminated or truncated)

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return np.array([self._total / self._unit], np.float32)


def gymnasium(name: str) -> Game:
    """The game of that environment. Raises UserError for one that there is not, or that cannot be translated."""
    _, _, layout = translation(name)
    spec = layout.spec
    rehearsal = rehearse(spec, lambda: GymnasiumCopy(_make(name), layout, 1.0))
    return adapted_game(
        spec,
        lambda: GymnasiumCopy(_make(name), layout, rehearsal.unit),
        1,
        unit=rehearsal.unit,
        rules={"environment": name},
        unsaved=rehearsal.unsaved,
    )


def translation(name: str) -> tuple[Space[Any], Space[Any], Layout]:
    """Observation space and action space of that environment, and how they become its game's. Raises UserError."""
    env = _make(name)
    layout = Layout(f"gymnasium:{name}", env.observation_space, env.action_space, 1)
    return env.observation_space, env.action_space, layout


def _make(name: str) -> Any:
    try:
        return library.make(name)
    except Exception as error:  # whatever the environment's own code raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(
            f"game gymnasium:{name} could not be made ({reason}); correct the id or install it", 2
        ) from error
