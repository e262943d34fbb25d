"""The mean of several checkpoints' weights: one policy, often stronger than each where all grew from one start.

    python -m botgame.training.average pi_a.pt pi_b.pt champion --output pi_mean.pt
    botgame average pi_a.pt pi_b.pt --output pi_mean.pt

Runs of RL from one checkpoint, with other seeds or opponents, end close to each other, and their mean keeps what they
learned without the noise of each ("model soups", Wortsman et al., 2022). Checkpoints that did not begin with the same
weights have means that play like nothing: measure with `evaluate`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.training.runs.game_flags import add_game_flag


def build_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser("botgame.training.average", "Average the weights of checkpoints that grew from one start.")
    parser.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT", help="two or more: .pt files, or champion")
    add_game_flag(parser)
    parser.flag("--output", type=cli.path, required=True, help="the checkpoint to write")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Write the mean, and say what it is of."""
    options = build_parser().parse_args(argv)
    from botgame.training.averaging import average_checkpoints  # brings torch, which --help does without

    return average_checkpoints(options)


if __name__ == "__main__":
    sys.exit(main())
