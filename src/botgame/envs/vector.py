"""Many matches at once as a `VectorEnv` of Gymnasium, without an environment for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import Matchup
from botgame.envs.number_checks import is_whole
from botgame.envs.rendering import FRAMES_PER_SECOND, check_render_mode, picture_of
from botgame.envs.spaces import action_space, as_element, blank, observation_space
from botgame.errors import UserError
from botgame.game import Array, Observation


class MatchVectorEnv(VectorEnv[Observation, Array, Array]):
    """`num_envs` matches of `matchup`; environment b plays what a single one with the same seed plays.

    An environment whose match is over starts the next one in the same step (`AutoresetMode.SAME_STEP`): the
    observation is then the first one of the next match, `rewards` and `info["ticks"]` are still of the last decision,
    `info["places"]` says how it ended, and `info["final_obs"]` holds the last observation, of zeros where the match
    was over and what the seat would have decided on where it was truncated after `max_episode_steps`. `info` beside
    that as in `LearnerMatches.step`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (as Gymnasium declares it)
        "render_modes": ["rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self, matchup: Matchup, num_envs: int = 1, render_mode: str | None = None, max_episode_steps: int = 0
    ) -> None:
        check_render_mode(matchup, render_mode)
        if render_mode == "human":
            raise UserError("render_mode 'human': a batch has no window; use rgb_array or one environment", 2)
        self._spec = matchup.game.spec
        self._blank = as_element(self._spec, blank(self._spec))
        self._matches = LearnerMatches(matchup, num_envs, most_decisions=max_episode_steps or 0)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.single_observation_space = observation_space(self._spec)
        self.single_action_space = action_space(self._spec)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start every match anew. seed: of environment 0, the others have the numbers after it; or one for each."""
        first = int(seed) if is_whole(seed) else None  # of NumPy too
        super().reset(seed=first, options=options)
        alone = seed is None or first is not None
        each = [None if first is None else first + number for number in range(self.num_envs)]
        rows, info = self._matches.reset(each if alone else cast(Sequence[int | None], seed))
        return as_element(self._spec, rows), info

    def step(self, actions: Array) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """Decide in every environment: int [num_envs, H]. The arrays handed out are new and the caller's own."""
        rows, rewards, terminated, truncated, info = self._matches.step(actions)
        if "places" in info or "final" in info:
            info["final_obs"], info["_final_obs"] = self._final(terminated, info), terminated | truncated
        return as_element(self._spec, rows), rewards, terminated, truncated, info

    def action_masks(self) -> Array:
        """Legal categories now, bool [num_envs, all heads]."""
        legal: Array = self._matches.observe()["legal"]
        return legal

    def render(self) -> tuple[Array, ...] | None:
        """A picture of every match, uint8 [height, width, 3] each; None without a `render_mode`."""
        if self.render_mode is None:
            return None
        return tuple(picture_of(self._matches, slot) for slot in range(self.num_envs))

    def _final(self, terminated: Array, info: dict[str, Any]) -> Array:
        """The last observation of every match that ended in this step, None in the others: object [num_envs]."""
        final = np.full(self.num_envs, None, object)
        for slot in np.flatnonzero(terminated).tolist():
            final[slot] = {name: array[0].copy() for name, array in self._blank.items()}
        if "final" in info:
            last = as_element(self._spec, info.pop("final"))
            for row, slot in enumerate(info.pop("final_slots").tolist()):
                final[slot] = {name: array[row] for name, array in last.items()}
        return final
