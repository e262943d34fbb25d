"""One match at a time as an environment of Gymnasium: the learner's seat acts, bots hold the others."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from botgame.action_check import whole_numbers
from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import Matchup
from botgame.envs.number_checks import is_whole
from botgame.envs.rendering import FRAMES_PER_SECOND, RENDER_MODES, Rendering
from botgame.envs.spaces import action_space, as_element, blank, head_masks, observation_space
from botgame.game import Array, Observation


class MatchEnv(gymnasium.Env[Observation, Array]):
    """A learner's matches of `matchup`, one after another. An episode is a match; the game itself never truncates.

    `info` has `ticks` (game ticks that the decision lasted), `rewards` (by stream), `action_mask` (legal categories,
    as the action space's `sample` takes them) and, at the end, `place` (1 = first). Raises UserError for a mode of
    rendering that there is not.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (as Gymnasium declares it)
        "render_modes": list(RENDER_MODES),
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(self, matchup: Matchup, render_mode: str | None = None) -> None:
        self._spec, self._matches = matchup.game.spec, LearnerMatches(matchup, refill=False)
        self.observation_space: gymnasium.Space[Any] = observation_space(self._spec)
        self.action_space: gymnasium.Space[Any] = action_space(self._spec)
        self.render_mode = render_mode
        self._legal = blank(self._spec)["legal"][0]
        self._rendering = Rendering(matchup, self._matches, render_mode)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin the stream of set-ups of `seed`; without one go on to its next match. `options` are not used."""
        seed = int(seed) if is_whole(seed) else seed  # of NumPy too
        super().reset(seed=seed, options=options)
        rows, info = self._matches.reset([seed])
        return self._handed_out(rows, info)

    def step(self, action: Array) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Decide: int [H], a category of each head. The bots then play on to the learner's next decision."""
        rows, rewards, terminated, _, info = self._matches.step(self._row(action))
        over = bool(terminated[0])
        seen, said = self._handed_out(blank(self._spec) if over else rows, info)
        return seen, float(rewards[0]), over, False, said

    def action_masks(self) -> Array:
        """Legal categories now, bool [all heads], as `MaskablePPO` of sb3-contrib asks for them."""
        return np.array(self._legal)

    def render(self) -> Array | None:
        """See `Rendering.render`."""
        return self._rendering.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._rendering.close()

    def _row(self, action: Array) -> Array:
        return whole_numbers(action, (len(self._spec.heads),)).reshape(1, -1)

    def _handed_out(self, rows: Observation, info: dict[str, Any]) -> tuple[Observation, dict[str, Any]]:
        """The one row of an observation and of `info`; shows the match where a person watches."""
        self._legal = rows["legal"][0]
        one: dict[str, Any] = {"ticks": int(info["ticks"][0]), "action_mask": head_masks(self._spec, self._legal)}
        one["rewards"] = {name: float(paid[0]) for name, paid in info["rewards"].items()}
        if "places" in info:
            one["place"] = int(info["places"][0])
        self._rendering.follow(one["ticks"])
        return {name: array[0] for name, array in as_element(self._spec, rows).items()}, one
