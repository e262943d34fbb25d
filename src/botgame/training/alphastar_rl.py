r"""Reinforcement learning from a supervised checkpoint: actors play, the learner improves, opponents grow with it.

    python -m botgame.training.alphastar_rl --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output artifacts/alphastar/pi_rl.pt --iterations 200

Beside the output `pi_rl.pt` lie `pi_rl.best.pt` (best in the held-out evaluation), `pi_rl.iter000010.pt` (periodic),
`pi_rl.resume.pt` (what --resume goes on from), `pi_rl.config.json`, `pi_rl.metrics.jsonl` and `pi_rl.tb/`. A tiny run:

    python -m botgame.training.alphastar_rl --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output artifacts/alphastar/pi_rl_smoke_test.pt --iterations 1 --actor-rollouts 1 --learner-updates 1 \
        --unroll-length 16 --batch-size 2 --replay-size 32 --min-replay-sequences 1 --save-every 1 --cpu
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.training.alphastar.opponents import parse_shares
from botgame.training.rl_flags import add_machine_flags, add_training_flags, training_config
from botgame.training.rl_run import train

DEFAULT_OPPONENTS = "self=0.2,past=0.15,lms_re=0.4,rusher=0.0625,kiter=0.0625,looter=0.0625,camper=0.0625"


def build_parser() -> cli.Parser:
    """The flags of `alphastar_rl`."""
    parser = cli.Parser("botgame.training.alphastar_rl", "Improve a supervised policy with AlphaStar's off-policy RL.")
    parser.flag(
        "--supervised-checkpoint", type=Path, required=True, help="policy to start from and teacher to stay close to"
    )
    parser.flag("--output", type=Path, required=True, help="checkpoint to write")
    parser.flag("--iterations", type=cli.positive_int, default=200, help="iterations of acting, then learning")
    add_training_flags(parser)
    parser.flag("--opponents", default=DEFAULT_OPPONENTS, help="shares of the matches by opponent: self, past or a bot")
    parser.flag("--snapshot-every", type=cli.positive_int, default=10, help="iterations between two frozen selves")
    parser.flag("--snapshots", type=cli.positive_int, default=8, help="frozen selves among the opponents")
    parser.flag(
        "--eval-every", type=cli.non_negative_int, default=20, help="iterations between evaluations (0: at the end)"
    )
    parser.flag("--eval-matches", type=cli.positive_int, default=200, help="held-out duels against each yardstick")
    parser.flag("--save-every", type=cli.positive_int, default=10, help="iterations between two commits")
    parser.flag("--keep", type=cli.non_negative_int, default=5, help="periodic checkpoints to keep; 0: all")
    add_machine_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    options = build_parser().parse_args(argv)
    return train(options, training_config(options), parse_shares(options.opponents), argv)


if __name__ == "__main__":
    sys.exit(main())
