"""How an episode of a dataset becomes a seat's decisions: which spaces fit a game, and how to translate from them.

Two kinds of datasets fit. One has the game's own spaces, as `exporting` writes them; the other has the spaces of the
environment that a game `gymnasium:ID` is made of, as anybody records them with Minari.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from botgame.envs.spaces import action_space, observation_space
from botgame.errors import UserError
from botgame.game import Array, Game, Observation

Translate = Callable[[Any], tuple[Observation, Array]]
"""An episode of Minari with T decisions to the arrays that a policy reads [T, ...] and actions int64 [T, H]."""
_ENVIRONMENT = "gymnasium:"


def translator(game: Game, observation: Any, action: Any) -> Translate:
    """How episodes of a dataset with these two spaces become the game's. Raises UserError when the spaces differ."""
    if (observation, action) == (observation_space(game.spec), action_space(game.spec)):
        return lambda episode: _own(game, episode)
    expected = "the spaces that botgame exports"
    if game.name.startswith(_ENVIRONMENT):
        from botgame.adapters.gymnasium import translation

        seen, done, layout = translation(game.name.removeprefix(_ENVIRONMENT))
        if (observation, action) == (seen, done):
            return lambda episode: _from_environment(game, layout, episode)
        expected = f"{seen} and {done}"
    raise UserError(f"the dataset has {observation} and {action}, game {game.name} needs {expected}; use another")


def _own(game: Game, episode: Any) -> tuple[Observation, Array]:
    """An episode in the game's own spaces; its last observation was made for nobody to decide on."""
    rows, arrays = len(episode.rewards), game.spec.policy_arrays
    seen = {name: np.asarray(episode.observations[name])[:rows].astype(arrays[name].dtype) for name in arrays}
    return seen, np.asarray(episode.actions, np.int64)


def _from_environment(game: Game, layout: Any, episode: Any) -> tuple[Observation, Array]:
    """An episode of the environment, translated row by row as the game does while it is played."""
    rows, spec = len(episode.rewards), game.spec
    whole = spec.zeros(rows)
    whole["legal"][:] = True
    actions = np.zeros((rows, len(spec.heads)), np.int64)
    for row in range(rows):
        into = {name: array[row] for name, array in whole.items()}
        layout.write(0, _at(episode.observations, row), _at(episode.infos or {}, row), into)
        actions[row] = layout.categories(_at(episode.actions, row))
    return {name: whole[name] for name in spec.policy_arrays}, actions


def _at(values: Any, row: int) -> Any:
    """Row `row` of values that Minari holds as one array for each part of a space."""
    if isinstance(values, dict):
        return {key: _at(value, row) for key, value in values.items()}
    if isinstance(values, tuple):
        return tuple(_at(value, row) for value in values)
    return values[row]
