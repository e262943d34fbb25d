"""Whether Stable-Baselines3 accepts our environment and learns in it: its checker, then MaskablePPO for a while.

    pip install sb3-contrib
    python benchmarks/maskable_ppo.py --opponent random --decisions 20000

It prints the mean return of the matches of each round of 2,048 decisions, and decisions per CPU second. sb3-contrib
brings 170 MB (pandas, matplotlib), which is why this is no test.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import gymnasium
import numpy as np
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor

import botgame.envs  # noqa: F401  (registers the environments)
from botgame.envs.flat import FlatObservation

ROUND = 2048


class Returns(BaseCallback):
    """Prints the mean return of the last 100 matches after every round."""

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        last = [match["r"] for match in self.model.ep_info_buffer or ()]
        if last:
            print(f"{self.num_timesteps:,} decisions: mean return {np.mean(last):+.2f} in {len(last)} matches")


def environment(opponent: str) -> gymnasium.Env[Any, Any]:
    """A duel with a flat observation: SB3's own network for a `Dict` wants images of 36 x 36 or more."""
    return FlatObservation(gymnasium.make("botgame/Duel-v0", opponent=opponent), ("scalars", "vectors"))


def main() -> None:
    """Check, then learn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opponent", default="random")
    parser.add_argument("--decisions", type=int, default=20_000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # it recommends boxes with bounds
    check_env(gymnasium.make("botgame/Duel-v0"))
    check_env(environment(arguments.opponent))
    model = MaskablePPO("MlpPolicy", Monitor(environment(arguments.opponent)), n_steps=ROUND, seed=0, device="cpu")
    began = time.process_time()
    model.learn(arguments.decisions, Returns())
    print(f"{model.num_timesteps / (time.process_time() - began):,.0f} decisions per CPU second")


if __name__ == "__main__":
    main()
