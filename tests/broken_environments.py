"""Environments whose authors made a mistake, or that only look odd: for `tests/test_broken_environments.py`."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

STEPS = 3


class Odd(gymnasium.Env):
    """Three steps; each part of it can be replaced."""

    observation_space: Any = spaces.Box(-1, 1, (3,), np.float32)
    action_space: Any = spaces.Discrete(3)
    seen: Any = np.zeros(3, np.float32)
    pays: Any = 1.0
    told: ClassVar = {}

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return self.seen, self.told

    def step(self, action):
        self.time += 1
        return self.seen, self.pays, self.time == STEPS, False, self.told


def _raise(self, *_args, **_kwargs):
    raise ValueError("no such file\nwith a second line")


def _like_old_gym(self, action):
    return np.zeros(3, np.float32), 1.0, True, {}


_BYTES, _DICT = (
    spaces.Box(0, 255, (10, 12, 3), np.uint8),
    spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Discrete(2)}),
)


def _seed_all(self, *, seed=None, options=None):
    np.random.seed(seed)  # noqa: NPY002 - the mistake
    self.time = 0
    return np.random.uniform(size=3), {}  # noqa: NPY002


def _draw_from_all(self, action):
    self.time += 1
    return np.random.uniform(size=3), 1.0, self.time == STEPS, False, {}  # noqa: NPY002


KINDS: dict[str, dict[str, Any]] = {
    "RaisesInReset": {"reset": _raise},
    "RaisesInStep": {"step": _raise},
    "OldStep": {"step": _like_old_gym},
    "OldReset": {"reset": lambda self, **_: np.zeros(3, np.float32)},
    "PaysNone": {"pays": None},
    "PaysNan": {"pays": float("nan")},
    "PaysInfinity": {"pays": float("inf")},
    "PaysTwice": {"pays": np.ones(2)},
    "PaysAnArray": {"pays": np.ones(1)},
    "PaysBool": {"pays": True},
    "SeesOne": {"seen": np.zeros(1, np.float32)},
    "SeesNothing": {"seen": None},
    "SeesNan": {"seen": np.array([0, np.nan, 0.5])},
    "SeesInfinity": {"seen": np.array([np.inf, -np.inf, 0.0]), "observation_space": spaces.Box(-np.inf, np.inf, (3,))},
    "LacksAPart": {"observation_space": _DICT, "seen": {"a": 1}},
    "IsTurned": {"observation_space": _BYTES, "seen": np.zeros((12, 10, 3), np.uint8)},
    "IsBright": {"observation_space": spaces.Box(0, 1, (8, 8, 1)), "seen": np.full((8, 8, 1), 1.5)},
    "HasALargeNumber": {"observation_space": spaces.MultiDiscrete([2, 3]), "seen": np.array([2, 0])},
    "HasANegativeNumber": {"observation_space": spaces.Discrete(3), "seen": -1},
    "HasManyChannels": {"observation_space": spaces.Box(0, 1, (9, 9, 17), np.uint8), "seen": np.ones((9, 9, 17))},
    "ChannelsFirst": {"observation_space": spaces.Box(0, 1, (17, 9, 9), np.uint8), "seen": np.ones((17, 9, 9))},
    "ChoosesBytes": {"action_space": spaces.Box(-128, 127, (2,), np.int8)},
    "ChoosesNothing": {"action_space": spaces.Box(0, 1, (0,))},
    "HasALongMask": {"told": {"action_mask": np.ones(4)}},
    "HasAMaskByName": {
        "action_space": spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Discrete(3), "c": spaces.Discrete(2)}),
        "told": {"action_mask": {"b": np.array([0, 1, 0]), "a": np.array([1, 0]), "c": None}},
    },
    "HasAMaskOfRows": {
        "action_space": spaces.MultiDiscrete(np.array([[2, 3], [1, 1]])),
        "told": {"action_mask": ((np.array([1, 0]), [0, 0, 1]), (np.ones(1), np.ones(1)))},
    },
    "HasAMaskWithin": {
        "observation_space": spaces.Dict({"own": spaces.Dict({"action_mask": spaces.MultiBinary(2)})}),
        "seen": {"own": {"action_mask": np.array([1, 0])}},
    },
    "SharesItsGenerator": {"reset": _seed_all, "step": _draw_from_all},
    "NeverEnds": {"step": lambda self, action: (self.seen, 1.0, False, False, {})},
}
for _name, _parts in KINDS.items():
    gymnasium.register(f"{_name}-v0", type(_name, (Odd,), _parts), disable_env_checker=True)


class Noisy(Odd):
    """What it pays never repeats itself."""

    def step(self, action):
        return super().step(action)[0], np.random.default_rng().normal(), self.time == STEPS, False, {}


gymnasium.register("Noisy-v0", Noisy, disable_env_checker=True)


class Together(ParallelEnv):
    """Two agents, three steps, no agent is removed when all are over."""

    metadata: ClassVar = {"name": "together"}
    possible_agents: Any = ("a", "b")
    drops, infos, bonus = (), {}, {}

    def observation_space(self, agent):
        return spaces.Discrete(4)

    def action_space(self, agent):
        return spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        self.time, self.agents = 0, ["a", "b"]
        return {"a": 0, "b": 0}, self.infos

    def step(self, actions):
        self.time += 1
        over = dict.fromkeys(self.agents, self.time == STEPS)
        seen = {agent: self.time for agent in self.agents if agent not in self.drops}
        return seen, dict.fromkeys(self.agents, 1.0) | self.bonus, over, over, self.infos


class InTurns(AECEnv):
    """Two agents take turns, twice each; a is over after its first turn and `removes` says whether it then goes."""

    metadata: ClassVar = {"name": "in_turns"}
    possible_agents: Any = ("a", "b")
    removes = True

    def observation_space(self, agent):
        return spaces.Discrete(9)

    def action_space(self, agent):
        return spaces.Discrete(2)

    def observe(self, agent):
        return self.time

    def reset(self, seed=None, options=None):
        self.time, self.agents, self.agent_selection = 0, ["a", "b"], "a"
        self.rewards, self.infos = {"a": 0.0, "b": 0.0}, {}
        self.terminations, self.truncations = {"a": False, "b": False}, {"a": False, "b": False}

    def step(self, action):
        agent, self.agent_selection = self.agent_selection, "b" if self.agent_selection == "a" else "a"
        if action is None and self.removes:
            self.agents.remove(agent)
        self.time += 1
        self.rewards = {agent: 0.0 if action is None else 1.0}
        self.terminations["a"] = True
        self.terminations["b"] = self.time >= 4
