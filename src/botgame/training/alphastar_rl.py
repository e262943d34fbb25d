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

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botgame import cli
from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import Rules
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.config import RLConfig
from botgame.training.alphastar.learner import Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.opponents import PAST, SELF, parse_shares
from botgame.training.rl_flags import add_machine_flags, add_training_flags, training_config
from botgame.training.rl_run import RLRun
from botgame.training.run import NEUTRAL_FLAGS, RunPaths, begin, choose_device, resume_command, stop_on_interrupt

MODULE = "botgame.training.alphastar_rl"
DEFAULT_OPPONENTS = "self=0.2,past=0.15,lms_re=0.4,rusher=0.0625,kiter=0.0625,looter=0.0625,camper=0.0625"


def build_parser() -> cli.Parser:
    """The flags of `alphastar_rl`."""
    parser = cli.Parser(MODULE, "Improve a supervised policy with AlphaStar's off-policy RL.")
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


def train(options: argparse.Namespace, config: RLConfig, shares: dict[str, float], argv: Sequence[str] | None) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    threads = options.threads or os.cpu_count() or 1
    device = choose_device(options.device, cpu=options.cpu, threads=1)
    paths = RunPaths.beside(options.output)
    flags = {name: value for name, value in sorted(vars(options).items()) if name not in NEUTRAL_FLAGS}
    fixed = {name: load_policy(name, str(device)) for name in shares if name not in (SELF, PAST)}
    origin = None if options.resume and paths.resume.exists() else _origin(options.supervised_checkpoint)
    state = begin(paths, flags, resume=options.resume, extends=["iterations"])
    run = RLRun(options, config, shares, fixed, state["origin"] if state else origin or {}, threads, device)
    if state:
        run.load(state)
    try:
        with (
            MetricsWriter(
                paths.metrics, paths.tensorboard, offset=state["metrics_offset"] if state else 0, step=run.iteration + 1
            ) as writer,
            stop_on_interrupt() as stop,
        ):
            for _ in run.iterations(paths, flags, writer):
                if stop:
                    run.commit(paths, flags, writer, finished=run.iteration >= options.iterations)
                    print(f"stopped after iteration {run.iteration}; go on with: {resume_command(argv, MODULE)}")
                    return 130
    except Diverged as error:
        good = paths.checkpoint if paths.checkpoint.exists() else options.supervised_checkpoint
        raise UserError(f"{error}; the last good checkpoint is {good}") from error
    except OSError as error:
        raise UserError(f"cannot write beside {options.output}: {error}; free space, then add --resume") from error
    finally:
        run.close()
    print(f"done: {paths.checkpoint} (iteration {run.iteration}); best: {paths.best} (iteration {run.best_iteration})")
    return 0


def _origin(path: Path) -> dict[str, Any]:
    """What a run needs of the supervised checkpoint, as plain values, so that --resume does not need the file."""
    checkpoint = load_checkpoint(path, ARENA_SPEC)
    if checkpoint.rules and checkpoint.rules != Rules().to_dict():
        print(f"warning: {path} was trained under other rule numbers; these are this release's", file=sys.stderr)
    return {
        "network": checkpoint.network,
        "weights": checkpoint.weights,
        "lineage": [*checkpoint.lineage, str(path)],
        "rules": Rules().to_dict(),
    }


if __name__ == "__main__":
    sys.exit(main())
