"""Held-out evaluation of a learner while it trains, and which of its versions is the best so far.

Win rate against one scripted bot saturates and does not rank agents, so there are three: the game's yardstick bot, the
policy that training started from, and the best version so far. A version becomes the best when it beats that one
and has not lost to that bot what it gained. The matches are mirrored and their seeds are never trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from botgame import rng
from botgame.game import Game, Policy
from botgame.training.evaluation.duels import Tally, mirrored_results

START, BEST = "start", "best"
TOLERATED_LOSS = 0.03  # of the win rate against the yardstick, about its noise at a few hundred matches
_HELD_OUT = 0x6576616C  # purpose of the evaluation's random key
Weights = dict[str, torch.Tensor]


@dataclass
class Best:
    """The best version so far: when, how good against the yardstick, and its weights.

    bar: the highest win rate against the yardstick that any version had when it became the best.
    """

    iteration: int
    yardstick: float
    weights: Weights
    bar: float = 0.0

    def __post_init__(self) -> None:
        self.bar = max(self.bar, self.yardstick)

    def snapshot(self) -> dict[str, Any]:
        """Tensors and numbers."""
        plain = {"iteration": self.iteration, "yardstick": self.yardstick, "bar": self.bar}
        return {**plain, "weights": dict(self.weights)}


def held_out_key(seed: int) -> int:
    """The seed of evaluation matches, which training never uses."""
    return rng.derive(seed, _HELD_OUT)


def evaluate(
    game: Game, policy: Policy, rivals: Mapping[str, Policy], matches: int, seed: int, threads: int = 1
) -> dict[str, Tally]:
    """`matches` mirrored duels of `policy` against each rival, on seeds that training never uses.

    `threads` rivals are met at the same time.
    """
    key = held_out_key(seed)
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        tallies = pool.map(lambda rival: mirrored_results(game, policy, rival, matches, key), rivals.values())
        return dict(zip(rivals, tallies, strict=True))


def is_better(tallies: Mapping[str, Tally], best: Best | None, yardstick: str) -> bool:
    """Whether the version that reached `tallies` replaces `best`.

    It is held against the highest bar so far: against the last best alone, each replacement could lose a little more.
    """
    if best is None:
        return True
    return tallies[BEST].is_ahead and tallies[yardstick].win_rate >= best.bar - TOLERATED_LOSS


def successor(best: Best | None, iteration: int, yardstick: float, weights: Weights) -> Best:
    """The version that replaces `best` and takes over its bar."""
    return Best(iteration, yardstick, weights, best.bar if best else 0.0)


def evaluation_metrics(tallies: Mapping[str, Tally]) -> dict[str, float]:
    """`eval/<rival>` win rates with the ends of their intervals, and `counts/<name>` shares over all matches.

    `eval_reward/<reward>/<rival>` are means of the rewards in the game's own points.
    """
    out: dict[str, float] = {}
    for name, tally in tallies.items():
        low, high = tally.interval
        out |= {f"eval/{name}": tally.win_rate, f"eval_low/{name}": low, f"eval_high/{name}": high}
        out |= {f"eval_reward/{reward}/{name}": earned.mean for reward, earned in tally.earned.items()}
    return out | {f"counts/{name}": share for name, share in count_shares(tallies).items()}


def count_shares(tallies: Mapping[str, Tally]) -> dict[str, float]:
    """Share of each counted thing in what the evaluated policy did, over all its matches."""
    counts = [sum(tally.counts[1:]) for tally in tallies.values()]
    total = max(1, sum(counts))
    sums: dict[str, float] = {}
    for tally, count in zip(tallies.values(), counts, strict=True):
        for name, share in tally.shares.items():
            sums[name] = sums.get(name, 0.0) + share * count / total
    return sums


def evaluation_lines(tallies: Mapping[str, Tally]) -> list[str]:
    """The table for the console."""
    lines = [f"  against {name:<8} {tally}" for name, tally in tallies.items()]
    shares = "  ".join(f"{name} {share:.1%}" for name, share in count_shares(tallies).items())
    return [*lines, f"  did: {shares}"] if shares else lines
