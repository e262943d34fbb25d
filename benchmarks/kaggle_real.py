"""Whether matches of a real environment of Kaggle are what its own package plays, and how long they take.

    pip install --no-deps kaggle-environments==1.33.2
    python benchmarks/kaggle_real.py --name hungry_geese --agent greedy --matches 16

The tests play a small environment of the same interface, since the package brings more than a gigabyte; `hungry_geese`
needs nothing of that. Here all matches run at once through our adapter, and then one after another with the package's
environment and agent called directly, from the same random numbers. Every reward has to be the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
from kaggle_environments import make

from botgame import rng
from botgame.adapters.global_generators import seeded
from botgame.adapters.kaggle_agents import ACTIVE, own_copy, seen_by
from botgame.game import Array, Setup
from botgame.games import load_game
from botgame.match_batch import key_bases
from botgame.play import play


def ours(name: str, agent: str, seeds: list[int]) -> Array:
    """Rewards float32 [matches, seats] of four agents, through the adapter with all matches at once."""
    game = load_game(f"kaggle:{name}:4")
    bots = [game.bots[agent]() for _ in range(4)]
    setups = [Setup(seed, (0, 1, 2, 3), tag=number) for number, seed in enumerate(seeds)]
    ended = sorted(play(game, bots, iter(setups), slots=len(seeds)), key=lambda match: match.episode)
    points = game.reward_points["return"]
    return np.array([match.outcome.rewards["return"] * points for match in ended])


def theirs(name: str, agent: str, seed: int) -> list[float]:
    """Rewards of the four seats when the package's environment and agents are called directly."""
    env = make(name)
    agents = [own_copy(env.agents[agent]) for _ in range(4)]
    bases, tick = key_bases(seed, 4), 0
    with seeded(rng.derive(seed, 0)):
        env.reset(4)
    while not env.done:
        actions = [_decision(env, agents[seat], seat, int(rng.mix(bases[seat], np.uint64(tick)))) for seat in range(4)]
        tick += 1
        with seeded(rng.derive(seed, tick)):
            env.step(actions)
    return [float(state.reward or 0) for state in env.state]


def _decision(env: Any, agent: Any, seat: int, key: int) -> str | None:
    if env.state[seat].status != ACTIVE:
        return None
    with seeded(key):
        action: str = agent(seen_by(env.specification, env.state, seat), env.configuration)
    return action


def main() -> int:
    """Compare, print the times, and return 1 where a reward differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="hungry_geese")
    parser.add_argument("--agent", default="greedy")
    parser.add_argument("--matches", type=int, default=16)
    options = parser.parse_args()
    seeds = [rng.derive(1, number) for number in range(options.matches)]
    load_game(f"kaggle:{options.name}:4")
    began = time.process_time()
    mine = ours(options.name, options.agent, seeds)
    between = time.process_time()
    alone = np.array([theirs(options.name, options.agent, seed) for seed in seeds])
    spent = (between - began) / len(seeds), (time.process_time() - between) / len(seeds)
    wrong = int((~np.isclose(mine, alone)).any(axis=1).sum())
    print(
        f"{len(seeds) - wrong} of {len(seeds)} matches are the same; {spent[0]:.3f} CPU s each, {spent[1]:.3f} directly"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
