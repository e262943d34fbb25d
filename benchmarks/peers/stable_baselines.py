"""Stable-Baselines3's PPO and sb3-contrib's MaskablePPO on our batch of matches."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import VecEnv

import botgame.envs  # noqa: F401  (registers the environments)
from botgame.envs.flat import FlatObservation, FlatVectorObservation, flat
from botgame.envs.options import Options
from botgame.game import Array, Decide, Observation
from peers.marks import Marks

ARRAYS = ("scalars", "vectors", "entities")
MATCHES, STEPS = 128, 32
SETTINGS: dict[str, Any] = {  # as ours, where there is such a setting; a decision has no length here
    "n_steps": STEPS, "batch_size": 1024, "n_epochs": 3, "learning_rate": 5e-4, "gamma": 1.0, "gae_lambda": 0.95,
    "ent_coef": 0.003, "policy_kwargs": {"net_arch": [128, 128]}, "device": "cpu", "seed": 0,
}  # fmt: skip
ENDLESS = 10**12  # decisions


class Batch(VecEnv):
    """Our batch of matches as Stable-Baselines3 wants one. envs: an environment of ours with flat observations."""

    def __init__(self, envs: FlatVectorObservation) -> None:
        self.envs, self._actions = envs, np.zeros(0, np.int64)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Array:
        """First observations, float32 [B, D]."""
        return self.envs.reset(seed=0)[0]

    def step_async(self, actions: Array) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """See `VecEnv.step_wait`. Matches are never truncated, so nobody asks for the last observation."""
        seen, rewards, over, _, _ = self.envs.step(self._actions)
        return seen, rewards, over, [{} for _ in over]

    def env_method(self, method_name: str, *_args: Any, **_named: Any) -> list[Any]:
        """The legal categories, one row a match: what MaskablePPO asks for."""
        assert method_name == "action_masks"
        return list(self.envs.env.action_masks())

    def has_attr(self, attr_name: str) -> bool:
        """Whether there are masks."""
        return attr_name == "action_masks"

    def get_attr(self, attr_name: str, _indices: Any = None) -> list[Any]:
        """The same value for every match, None where there is none."""
        return [getattr(self.envs, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, _value: Any, _indices: Any = None) -> None:
        """There is nothing to set."""
        raise NotImplementedError(attr_name)

    def env_is_wrapped(self, _wrapper_class: Any, _indices: Any = None) -> list[bool]:
        """No match has a wrapper of its own."""
        return [False] * self.num_envs

    def close(self) -> None:
        """Close the batch."""
        self.envs.close()


class Measuring(BaseCallback):
    """Measures after every round, and ends the training after the last mark."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks, self._over = marks, False

    def _on_rollout_start(self) -> None:
        self._over = self._marks.passed(self.num_timesteps, decide(self.model))

    def _on_step(self) -> bool:
        return not self._over


def decide(model: PPO | MaskablePPO) -> Decide:
    """The model as a bot: it samples its actions, as in training."""
    masked = isinstance(model, MaskablePPO)

    def act(observation: Observation, _memory: Array, _keys: Array) -> Array:
        masks = {"action_masks": observation["legal"]} if masked else {}
        actions: Array = model.predict(flat(observation, ARRAYS, leading=1), deterministic=False, **masks)[0]
        return actions.astype(np.int64)

    return act


def train(masked: bool, options: Options, marks: Sequence[float], game: Any, **settings: Any) -> Marks:
    """Check the environment, then learn until the last mark.

    options: of the environment. settings: beside and instead of `SETTINGS`.
    """
    warnings.simplefilter("ignore")  # it recommends boxes with bounds
    check_env(FlatObservation(gymnasium.make("botgame/Duel-v0", **options), ARRAYS))
    envs = gymnasium.make_vec("botgame/Duel-v0", MATCHES, **options)
    kind = MaskablePPO if masked else PPO
    model = kind("MlpPolicy", Batch(FlatVectorObservation(envs, ARRAYS)), **{**SETTINGS, **settings})
    taken = Marks(game, marks)
    model.learn(ENDLESS, Measuring(taken))
    return taken
