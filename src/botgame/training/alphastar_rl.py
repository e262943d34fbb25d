r"""Reinforcement learning from a supervised checkpoint: actors play, the learner improves, opponents grow with it.

    python -m botgame.training.alphastar_rl --supervised-checkpoint artifacts/alphastar/pi_sup.pt \
        --output artifacts/alphastar/pi_rl.pt --iterations 200

Beside the output `pi_rl.pt` lie `pi_rl.best.pt` (best in the held-out evaluation), `pi_rl.iter000010.pt` (periodic),
`pi_rl.resume.pt` (what --resume goes on from), `pi_rl.config.json`, `pi_rl.metrics.jsonl` and `pi_rl.tb/`, and after an
alarm `pi_rl.good.pt` (the checkpoint from before). A tiny run:

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

from botgame import cli
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.policies import load_policy
from botgame.training.alphastar.actor.opponents import PAST, SELF, normalized, parse_shares
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.rl.environment import check_styles
from botgame.training.rl.flags import (
    action_cap_of,
    add_action_cap_flag,
    add_commit_flag,
    add_critic_flag,
    add_evaluation_flags,
    add_machine_flags,
    add_start_flag,
    add_style_flags,
    add_training_flags,
    flag_values,
    style_config,
    training_config,
)
from botgame.training.rl.free_for_alls import add_royale_flags, royale_share
from botgame.training.rl.run import RLRun, carry_out
from botgame.training.rl.setting import Goal, RLSetting, Schedule
from botgame.training.rl.yardsticks import Yardsticks
from botgame.training.runs.game_flags import add_game_flag
from botgame.training.runs.origin import Origin, scratch_origin, supervised_origin, untaught, with_critic
from botgame.training.runs.run import NEUTRAL_FLAGS, RunPaths, begin, choose_device, resume_command

MODULE = "botgame.training.alphastar_rl"


def build_parser() -> cli.Parser:
    """The flags of `alphastar_rl`."""
    parser = cli.Parser(MODULE, "Improve a supervised policy with AlphaStar's off-policy RL.")
    add_game_flag(parser)
    add_start_flag(parser, required=False)
    text = "or start from random weights of this size, without a teacher: --kl-cost and --value-iterations do not apply"
    parser.flag("--scratch", choices=sorted(SIZES), default=None, help=text)
    parser.flag("--output", type=Path, required=True, help="checkpoint to write")
    parser.flag("--iterations", type=cli.positive_int, default=200, help="iterations of acting, then learning")
    text = "end after so many decisions of the learner instead of after --iterations; may grow"
    parser.flag("--decisions", type=cli.positive_int, default=None, help=text)
    add_training_flags(parser)
    add_critic_flag(parser)
    add_style_flags(parser)
    add_royale_flags(parser)
    add_action_cap_flag(parser)
    text = "shares of the matches by opponent: self, past or a bot, as in self=0.6,lms_re=0.4; unless given the game's"
    parser.flag("--opponents", default=None, metavar="NAME=SHARE,...", help=text)
    parser.flag("--snapshot-every", type=cli.positive_int, default=10, help="iterations between two frozen selves")
    parser.flag("--snapshots", type=cli.positive_int, default=8, help="frozen selves among the opponents")
    add_evaluation_flags(parser, "against each yardstick", every=20)
    add_commit_flag(parser)
    parser.flag("--keep", type=cli.non_negative_int, default=5, help="periodic checkpoints to keep; 0: all")
    add_machine_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    options = build_parser().parse_args(argv)
    game = load_game(options.game)
    config = training_config(options, game)
    return train(options, untaught(config) if options.scratch else config, game, argv)


def train(options: argparse.Namespace, config: RLConfig, game: Game, argv: Sequence[str] | None) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    if (options.supervised_checkpoint is None) == (options.scratch is None):
        raise UserError("give one of --supervised-checkpoint PATH and --scratch PRESET: where to start from", 2)
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    paths = RunPaths.beside(options.output)
    flags = flag_values(options, leave_out=NEUTRAL_FLAGS)
    styles, royale = style_config(options), royale_share(options, game)
    action_cap = action_cap_of(options.action_cap, game)
    shares = parse_shares(options.opponents) if options.opponents is not None else normalized(game.opponents)
    fixed = {name: load_policy(game, name, str(device)) for name in shares if name not in (SELF, PAST)}
    resuming = options.resume and paths.resume.exists()
    origin = None if resuming else start_of(options, game)
    if origin:
        check_styles(origin, styles)
    state = begin(paths, flags, resume=options.resume, extends=["iterations", "decisions"])
    origin = Origin.from_dict(state["origin"]) if state else origin
    assert origin
    setting = RLSetting(
        game=game,
        kind="rl",
        origin=origin,
        config=config,
        shares=shares,
        fixed=fixed,
        goal=Goal("decision", options.decisions) if options.decisions else Goal("iteration", options.iterations),
        schedule=schedule(options),
        seed=options.seed,
        threads=options.threads or os.cpu_count() or 1,
        device=device,
        styles=styles,
        royale=royale,
        action_cap=action_cap,
    )
    run = RLRun(setting, Yardsticks(setting, options.eval_matches))
    if not carry_out(run, paths, flags, state, resume_command(argv, MODULE)):
        return 130
    print(f"done: {paths.checkpoint} (iteration {run.iteration}); best: {paths.best} (iteration {run.best_iteration})")
    return 0


def start_of(options: argparse.Namespace, game: Game) -> Origin:
    """Where the flags say that a fresh run starts. Raises UserError."""
    path, preset = options.supervised_checkpoint, options.scratch
    origin = scratch_origin(preset, options.seed, game) if preset else supervised_origin(path, game)
    return with_critic(origin, options.critic)


def schedule(options: argparse.Namespace) -> Schedule:
    """When to freeze, evaluate and save."""
    return Schedule(
        eval_every=options.eval_every,
        save_every=options.save_every,
        snapshot_every=options.snapshot_every,
        snapshots=options.snapshots,
        keep=options.keep,
    )


if __name__ == "__main__":
    sys.exit(main())
