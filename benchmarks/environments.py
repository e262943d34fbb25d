"""How fast our environments are: decisions of the learner per CPU second, random actions against `lms_re`, one core.

    python benchmarks/environments.py

A batch is measured with Gymnasium's `make_vec`, one environment with `make`; each figure is the best of three.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import gymnasium
import numpy as np

import botgame.envs  # noqa: F401  (registers the environments)

HEADS = (6, 8, 9, 5, 32, 5)
DIFFERENT = 64  # steps with actions of their own, so that drawing them is not measured


def one(name: str) -> Callable[[int], None]:
    """Steps of one environment."""
    env, actions = gymnasium.make(name), _actions(1)
    env.reset(seed=1)

    def run(steps: int) -> None:
        for step in range(steps):
            if env.step(actions[step % DIFFERENT][0])[2]:
                env.reset()

    return run


def batch(name: str, count: int) -> Callable[[int], None]:
    """Steps of a batch."""
    envs, actions = gymnasium.make_vec(name, count), _actions(count)
    envs.reset(seed=1)

    def run(steps: int) -> None:
        for step in range(steps):
            envs.step(actions[step % DIFFERENT])

    return run


def _actions(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, HEADS, (DIFFERENT, count, len(HEADS)))


def measure(run: Callable[[int], None], steps: int) -> float:
    """The fewest CPU seconds of three runs, after a short one that compiles."""
    run(steps // 10 + 1)
    spent = []
    for _ in range(3):
        began = time.process_time()
        run(steps)
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    """Print a line for each kind of environment."""
    for name, count, steps in (
        ("botgame/Duel-v0", 1, 2000),
        ("botgame/Duel-v0", 256, 60),
        ("botgame/Royale-v0", 1, 1000),
        ("botgame/Royale-v0", 256, 30),
    ):
        spent = measure(one(name) if count == 1 else batch(name, count), steps)
        decisions = count * steps
        print(
            f"{name} x {count}: {decisions / spent:,.0f} decisions/s, {1e6 * spent / decisions:.1f} microseconds each"
        )


if __name__ == "__main__":
    main()
