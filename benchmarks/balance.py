"""Is the arena fair? `lms_re` in both seats: seats, schools, draws and lengths over many mirrored duels.

    python benchmarks/balance.py --matches 20000 --seed 31415

Schools are drawn by seed; each seed is played twice with the schools exchanged between the seats, so that a side of
the arena helps both schools alike. Wins count 1, draws a half; intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from botgame import rng
from botgame.game import Setup
from botgame.lms.game import lms
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND
from botgame.play import play
from botgame.policies import load_policy
from botgame.ratings import wilson
from botgame.standings import order_of

GAME = lms()


def setups(seed: int, pairs: int) -> Iterator[Setup]:
    """Every drawn pair of schools, and the same match with the schools exchanged."""
    for pair in range(pairs):
        key = rng.derive(seed, pair)
        first, second = (rng.derive(key, seat) % len(SCHOOLS) for seat in range(2))
        for factions in ((first, second), (second, first)):
            yield Setup(key, (0, 0), factions, GAME.duration_ticks)


def share(points: float, matches: int) -> str:
    """Points of matches in percent, with the interval."""
    rate, low, high = wilson(points, matches)
    return f"{rate:.1%} [{low:.1%}, {high:.1%}]"


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=20_000, help="duels; half of them mirror the other half")
    parser.add_argument("--seed", type=int, default=31415)
    parser.add_argument("--bot", default="lms_re", help="who plays both seats")
    options = parser.parse_args()
    won, met = np.zeros((len(SCHOOLS),) * 2), np.zeros((len(SCHOOLS),) * 2, int)
    seat0, draws, ticks = 0.0, 0, []
    for ended in play(GAME, [load_policy(GAME, options.bot)], setups(options.seed, options.matches // 2)):
        result = order_of(ended.outcome.places, 0, 1)
        points = (result + 1) / 2
        a, b = ended.setup.factions
        won[a, b] += points
        won[b, a] += 1 - points
        met[a, b] += 1
        met[b, a] += 1
        seat0 += points
        draws += result == 0
        ticks.append(ended.outcome.ticks)
    count = len(ticks)
    print(f"{count} duels of {options.bot}, seed {options.seed}")
    print(f"seat 0 wins {share(seat0, count)}, draws {draws / count:.1%}")
    lengths = np.quantile(ticks, (0.1, 0.5, 0.9)) / TICKS_PER_SECOND
    print("length, 10 / 50 / 90 %: " + " / ".join(f"{value:.0f} s" for value in lengths))
    for a, name in enumerate(SCHOOLS):
        others = " ".join(f"{SCHOOLS[b]} {share(won[a, b], met[a, b])} " for b in range(len(SCHOOLS)) if b != a)
        print(f"{name:13} overall {share(won[a].sum(), met[a].sum())}  against {others}")


if __name__ == "__main__":
    main()
