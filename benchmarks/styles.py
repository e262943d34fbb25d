"""Does a network play in the style it is asked for? Each style that it knows, in mirrored duels, and how it then plays.

    python benchmarks/styles.py artifacts/alphastar/pi_styles.pt --matches 200 --seed 900000

For every player that it imitated and that is a bot of the game or in its library: the win rate against `--against`; how
far the mean totals of the play are from those of the player itself in the same duels, or in what was imitated if that
is no bot of the game; how far those of play without a style are; and some statistics, the player's and the network's.
`--only A,B` asks for these styles only.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.game import lms
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.lms.statistic_z.meter import ArenaMeter
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, play_batch
from botgame.policies import load_policy
from botgame.ratings import wilson
from botgame.setups import mirrored_setups
from botgame.standings import order_of
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.statistic_z.conditioning import Conditioning

GAME = lms()
TOTALS = ARENA_Z_SPEC.parts["totals"]
NAMES = [entry.name for entry in ARENA_Z_SPEC.totals]
SHOWN = ("use_bolt", "use_offence", "use_mobility", "use_defence", "take_chest", "near_3", "near_5", "near_7", "still")


def measure(name: str, rival: str, matches: int, seed: int, slots: int = 64) -> tuple[float, np.ndarray]:
    """Points of `name` against `rival`, and the mean totals of its play, float64 [A]."""
    simulation = ArenaSimulation(slots, 2)
    meter = ArenaMeter(simulation.arena)
    batch = MatchBatch(simulation, mirrored_setups(GAME, seed, matches // 2), meter)
    policies = [load_policy(GAME, name), load_policy(GAME, rival)]
    points, played = 0.0, []
    for ended in play_batch(batch, policies, SeatMemory(slots, 2), len(GAME.spec.heads)):
        seat = ended.setup.players.index(0)
        points += (order_of(ended.outcome.places, seat, 1 - seat) + 1) / 2
        played.append(meter.final(ended.episode)[seat, TOTALS])
    return points, np.mean(played, axis=0)


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--matches", type=int, default=200, help="duels for each style")
    parser.add_argument("--seed", type=int, default=900_000)
    parser.add_argument("--against", default="lms_re", help="whom it meets")
    parser.add_argument("--only", default="", help="styles to ask for; default: all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    conditioning = Conditioning.restore(load_checkpoint(options.checkpoint, GAME).conditioning)
    known = [name for name in conditioning.styles if name in GAME.bots or name in conditioning.library.policies]
    styles = [name for name in options.only.split(",") if name] or known
    if set(styles) - set(known):
        parser.error(f"--only {options.only}: expected names among {', '.join(known)}")
    print(f"{options.matches} duels against {options.against} for each style, seed {options.seed}")
    print("distance: of the mean totals of z from the player's own. STATISTIC: the player's>the network's")
    print(f"{'name':10}{'won':24}{'distance':10}{'without':9}" + "".join(f"{name:>13}" for name in SHOWN))
    duels = (options.against, options.matches, options.seed)
    points, plain = measure(options.checkpoint, *duels)
    show("(none)", points, options.matches, f"{'':19}", [f"{value:.3f}" for value in shown(plain)])
    for style in styles:
        points, played = measure(f"{options.checkpoint}@{style}", *duels)
        own = measure(style, *duels)[1] if style in GAME.bots else conditioning.library.typical(style)[TOTALS]
        away, without = (np.abs(each - own).mean() for each in (played, plain))
        pairs = zip(shown(own), shown(played), strict=True)
        show(style, points, options.matches, f"{away:<10.4f}{without:<9.4f}", [f"{a:.3f}>{b:.3f}" for a, b in pairs])


def show(style: str, points: float, matches: int, distances: str, cells: list[str]) -> None:
    """Print a line of the table."""
    rate, low, high = wilson(points, matches // 2 * 2)
    print(f"{style:10}{f'{rate:.1%} [{low:.1%}, {high:.1%}]':24}{distances}" + "".join(f"{cell:>13}" for cell in cells))


def shown(totals: np.ndarray) -> list[float]:
    """The totals in `SHOWN`, each in its own unit."""
    columns = [NAMES.index(name) for name in SHOWN]
    return [float(totals[column] * ARENA_Z_SPEC.totals[column].scale) for column in columns]


if __name__ == "__main__":
    main()
