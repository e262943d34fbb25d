"""Does a network play in the style it is asked for? Each style that it knows, in mirrored duels, and how it then plays.

    python benchmarks/styles.py artifacts/alphastar/pi_styles.pt --matches 200 --seed 900000

For every policy of the library: the win rate against `--against`; how far the mean totals of the play are from those
asked for; how far those of play without a style are; how far those of the policy itself are in the same duels, if it
is a bot of the game, which is as near as one can come; and some statistics, asked and played. `--only A,B` asks for
these styles only.
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
    parser.add_argument("--only", default="", help="styles to ask for; default: all of the library")
    options = parser.parse_args()
    torch.set_num_threads(1)
    library = Conditioning.restore(load_checkpoint(options.checkpoint, GAME).conditioning).library
    styles = [name for name in options.only.split(",") if name] or library.policies
    print(f"{options.matches} duels against {options.against} for each style, seed {options.seed}")
    header = f"{'':10}{'won':24}{'from asked':12}{'without':9}{'itself':9}"
    print(header + "".join(f"{name[-8:]:>12}" for name in SHOWN))
    plain = None
    for style in ("", *styles):
        name = f"{options.checkpoint}@{style}" if style else options.checkpoint
        points, played = measure(name, options.against, options.matches, options.seed)
        plain = played if plain is None else plain
        asked = library.typical(style)[TOTALS] if style else played
        rate, low, high = wilson(points, options.matches // 2 * 2)
        won = f"{rate:.1%} [{low:.1%}, {high:.1%}]"
        away, without = (f"{np.abs(each - asked).mean():.4f}" if style else "" for each in (played, plain))
        least = ""
        if style in GAME.bots:  # not a person or a checkpoint that was imitated
            itself = measure(style, options.against, options.matches, options.seed)[1]
            least = f"{np.abs(itself - asked).mean():.4f}"
        cells = [statistic(asked, played, shown, style) for shown in SHOWN]
        print(f"{style or '(none)':10}{won:24}{away:12}{without:9}{least:9}" + "".join(f"{cell:>12}" for cell in cells))


def statistic(asked: np.ndarray, played: np.ndarray, name: str, style: str) -> str:
    """Asked and played value of one of the totals, in its own unit."""
    column = NAMES.index(name)
    scale = ARENA_Z_SPEC.totals[column].scale
    value = f"{played[column] * scale:.3f}"
    return f"{asked[column] * scale:.3f}>{value}" if style else value


if __name__ == "__main__":
    main()
