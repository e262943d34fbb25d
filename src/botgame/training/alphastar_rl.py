r"""Reinforcement learning from a supervised checkpoint: actors play, the learner improves, opponents grow with it.

    python -m botgame.training.alphastar_rl --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output artifacts/alphastar/pi_rl.pt --iterations 200

Beside the output `pi_rl.pt` lie `pi_rl.best.pt` (best in the held-out evaluation), `pi_rl.iter000010.pt` (periodic),
`pi_rl.resume.pt` (what --resume goes on from), `pi_rl.config.json`, `pi_rl.metrics.jsonl` and `pi_rl.tb/`, and after a
flagged diagnostic `pi_rl.good.pt` (the checkpoint from before). A tiny run:

    python -m botgame.training.alphastar_rl --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output artifacts/alphastar/pi_rl_smoke_test.pt --iterations 1 --actor-rollouts 1 --learner-updates 1 \
        --unroll-length 16 --batch-size 2 --replay-size 32 --min-replay-sequences 1 --save-every 1 --cpu
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.rl.flags import (
    OPPOSITION,
    RESULTS,
    SECTIONS,
    START,
    add_commit_flag,
    add_critic_flag,
    add_engine_flags,
    add_evaluation_flags,
    add_limit_flags,
    add_machine_flags,
    add_start_flag,
    add_style_flags,
    add_training_flags,
)
from botgame.training.rl.free_for_alls import add_royale_flags
from botgame.training.rl.small_steps import CLONED, SCRATCH, defaults_words, parse, rl_defaults
from botgame.training.runs.game_flags import add_game_flag

MODULE = "botgame.training.alphastar_rl"


def build_parser() -> cli.Parser:
    """The flags of `alphastar_rl`."""
    parser = cli.Parser(MODULE, "Improve a supervised policy with AlphaStar's off-policy RL.", SECTIONS)
    parser.section(START)
    add_game_flag(parser)
    add_start_flag(parser, required=False)
    text = (
        "or start from random weights of this size, without a teacher: --kl-cost, --kl-end and --value-iterations do "
        f"not apply, and what you do not give is {defaults_words(SCRATCH)}"
    )
    parser.flag("--scratch", choices=sorted(SIZES), default=None, help=text)
    text = (
        "learn from a supervised checkpoint by many small steps from fresh data, as --scratch does: what you do not "
        f"give is {defaults_words(CLONED)}"
    )
    parser.flag("--small-steps", action="store_true", help=text)
    text = (
        "or go on from the last commit of another run, named by its --output, in new files: flags of learning may "
        "differ, --iterations or --decisions count from that run's start, and what you do not give is that run's"
    )
    parser.flag("--branch-from", type=cli.path, default=None, metavar="CHECKPOINT", help=text)
    parser.flag("--output", type=cli.path, required=True, help="checkpoint to write")
    parser.flag("--iterations", type=cli.positive_int, default=200, help="iterations of acting, then learning")
    text = "end after so many decisions of the learner instead of after --iterations; may grow"
    parser.flag("--decisions", type=cli.positive_int, default=None, help=text)
    add_training_flags(parser)
    add_critic_flag(parser)
    add_style_flags(parser)
    add_royale_flags(parser)
    add_limit_flags(parser)
    parser.section(OPPOSITION)
    text = "shares of the matches by opponent: self, past or a bot, as in self=0.6,lms_re=0.4 (default: the game's)"
    parser.flag("--opponents", default=None, metavar="NAME=SHARE,...", help=text)
    text = "prioritised: an opponent's share falls with the learner's win rate against it; fixed: it stays"
    parser.flag("--matchmaking", choices=("prioritised", "fixed"), default="prioritised", help=text)
    parser.flag("--snapshot-every", type=cli.positive_int, default=10, help="iterations between two frozen selves")
    parser.flag("--snapshots", type=cli.positive_int, default=8, help="frozen selves among the opponents")
    add_evaluation_flags(
        parser, "against each of: the game's yardstick bot, the start, the best version so far", every=20
    )
    add_commit_flag(parser)
    parser.section(RESULTS)
    parser.flag("--keep", type=cli.non_negative_int, default=5, help="periodic checkpoints to keep; 0: all")
    add_machine_flags(parser)
    add_engine_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    parser = build_parser()
    options = parse(parser, argv, rl_defaults)
    from botgame.training.rl.command import train  # brings torch, which --help does without

    return train(options, MODULE, argv, parser.given(argv))


if __name__ == "__main__":
    sys.exit(main())
