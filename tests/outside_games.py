"""Environments of other libraries, as strange as their interfaces allow: for `tests/test_adapters.py`."""

import functools
import itertools
from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

_CALLS = itertools.count()  # global, so that nothing that is drawn from it repeats itself


class Steps(gymnasium.Env):
    """Three steps; the reward is the number that was chosen. Its observation is a mixture of spaces."""

    observation_space = spaces.Dict(
        {
            "board": spaces.Box(0, 1, (9, 8, 2), np.uint8),
            "place": spaces.Discrete(3, start=1),
            "speed": spaces.Box(-np.inf, np.inf, (), np.float64),
            "pair": spaces.Tuple((spaces.MultiBinary(2), spaces.MultiDiscrete([2, 3]))),
        }
    )
    action_space = spaces.Dict(
        {"much": spaces.Box(-1.0, 1.0, (1,), np.float32), "which": spaces.MultiDiscrete([2, 3], start=[5, 0])}
    )

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self._observation(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.time += 1
        return self._observation(), float(action["much"][0]), self.time == 3, False, {}

    def _observation(self):
        board = np.zeros((9, 8, 2), np.uint8)
        board[self.time, 1, 1] = 1
        pair = (np.array([1, 0], np.int8), np.array([1, 2]))
        return {"board": board, "place": 1 + self.time % 3, "speed": np.array(-1e9), "pair": pair}


class Flaky(gymnasium.Env):
    """Four steps whose observations never repeat themselves."""

    observation_space = spaces.Box(0, 1, (1,), np.float64)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return self._observation(), {}

    def step(self, action):
        self.time += 1
        return self._observation(), float(action), False, self.time == 4, {}

    def _observation(self):
        return np.array([next(_CALLS) % 1000 / 1000])


class Words(gymnasium.Env):
    """Sees text."""

    observation_space, action_space = spaces.Dict({"says": spaces.Text(5)}), spaces.Discrete(2)


class Endless(gymnasium.Env):
    """Acts without bounds."""

    observation_space, action_space = spaces.Discrete(2), spaces.Box(-np.inf, np.inf, (2,))


for kind in (Steps, Flaky, Words, Endless):
    gymnasium.register(f"{kind.__name__}-v0", kind, disable_env_checker=True)


class Shift(ParallelEnv):
    """Agent a leaves after the second step, c comes with it; b stays for five. Every step pays 1 for action 1."""

    metadata: ClassVar = {"name": "shift"}
    possible_agents: ClassVar = ["a", "b", "c"]

    @functools.cache  # noqa: B019 - the API asks for the same object each time
    def observation_space(self, agent):
        return spaces.Discrete(6)

    @functools.cache  # noqa: B019
    def action_space(self, agent):
        return spaces.Discrete(3)

    def reset(self, seed=None, options=None):
        self.time, self.agents = 0, ["a", "b"]
        return self._seen()

    def step(self, actions):
        self.time += 1
        acted, self.agents = self.agents, {2: ["b", "c"], 5: []}.get(self.time, self.agents)
        rewards = {agent: float(actions[agent] == 1) for agent in acted}
        observations, infos = self._seen()
        return observations, rewards, dict.fromkeys(acted, False), dict.fromkeys(acted, False), infos

    def _seen(self):
        infos = {agent: {"action_mask": np.array([self.time < 4, 1, 0], np.int8)} for agent in self.agents}
        return dict.fromkeys(self.agents, self.time), infos


class Unlike(Shift):
    """Agents with different actions."""

    @functools.cache  # noqa: B019
    def action_space(self, agent):
        return spaces.Discrete(3 if agent == "a" else 2)


parallel_env = Shift
