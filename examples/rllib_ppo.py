"""RLlib's PPO on our arena, from random weights.

    pip install -e ".[gymnasium]" "ray[rllib]==2.60.0"
    python examples/rllib_ppo.py --decisions 200000 --output artifacts/rllib

RLlib needs exactly Gymnasium 1.2.2, so install it into a separate virtual environment. The program prints the mean
return of the matches that ended in each iteration and saves RLlib's checkpoint. RLlib knows no masks here: an illegal
action becomes none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium

import botgame.envs  # noqa: F401  (registers the environments)
from botgame import cli
from botgame.envs.flat import FlatObservation
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Array, Observation

ARRAYS = ("scalars", "vectors", "entities")  # of the observation, side by side


def make_env(options: dict[str, Any]) -> gymnasium.Env[Array, Array]:
    """A duel whose observation is one vector; `options` of `gymnasium.make`, as RLlib's `env_config` has them."""
    env: gymnasium.Env[Observation, Array] = gymnasium.make("botgame/Duel-v0", **options)
    return FlatObservation(env, ARRAYS)


def make_algorithm(matches: int, batch: int) -> Any:
    """PPO on `matches` duels at once, `batch` decisions an iteration, all in this process."""
    try:
        from ray.rllib.algorithms.ppo import PPOConfig
        from ray.tune.registry import register_env
    except ImportError as error:
        raise UserError('RLlib is missing, or a part of it; run: pip install "ray[rllib]==2.60.0"') from error

    register_env("duel", make_env)
    config = PPOConfig().environment("duel", env_config={"scratch": True})
    config.env_runners(num_env_runners=0, num_envs_per_env_runner=matches).learners(num_learners=0)
    config.training(train_batch_size=batch, minibatch_size=min(batch, 1024), num_epochs=3, lr=3e-4, gamma=0.997)
    return config.build_algo()


@cli.command  # what its user can put right is one line
def main(argv: Sequence[str] | None = None) -> int:
    """Train for a number of decisions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=cli.positive_int, default=200_000)
    parser.add_argument("--matches", type=cli.positive_int, default=32, help="at once")
    parser.add_argument("--batch", type=cli.positive_int, default=4096, help="decisions an iteration")
    parser.add_argument("--output", type=Path, default=Path("artifacts/rllib"), help="folder of RLlib's checkpoint")
    options = parser.parse_args(argv)
    check_writable(options.output / "rllib_checkpoint.json")
    algorithm, made = make_algorithm(options.matches, options.batch), 0
    while made < options.decisions:
        result = algorithm.train()["env_runners"]
        made = int(result["num_env_steps_sampled_lifetime"])
        print(f"{made} decisions: mean return {result.get('episode_return_mean', float('nan')):.2f}", flush=True)
    algorithm.save_to_path(options.output.resolve())
    algorithm.stop()
    print(f"{options.output}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
