"""From the flags of `alphastar_rl` to a run, and the run from start to end."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from botgame.bot_names import files_of
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.outputs import check_apart, check_checkpoint
from botgame.policies import load_policy
from botgame.training.alphastar.actor.opponents import PAST, SELF, normalized, parse_shares
from botgame.training.rl.environment import check_styles
from botgame.training.rl.flags import (
    engine_choice,
    flag_values,
    style_config,
    thread_count,
    training_config,
)
from botgame.training.rl.free_for_alls import royale_share
from botgame.training.rl.limits import limits_from
from botgame.training.rl.run import RLRun, carry_out
from botgame.training.rl.setting import Goal, RLSetting, Schedule
from botgame.training.rl.small_steps import default_opponents, default_weights, defaults_line, rl_defaults
from botgame.training.rl.yardsticks import Yardsticks
from botgame.training.runs.origin import (
    Origin,
    check_same_game,
    check_same_start,
    scratch_origin,
    supervised_origin,
    untaught,
    with_critic,
)
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import NEUTRAL_FLAGS, at_work, begin, choose_device, restoring, resume_command


def train(options: argparse.Namespace, module: str, argv: Sequence[str] | None) -> int:
    """The whole command. Returns the exit code; raises UserError. module: how --resume is told to start it."""
    game = load_game(options.game)
    usual = default_opponents(options, game)
    shares = parse_shares(options.opponents) if options.opponents is not None else normalized(usual)
    check_checkpoint("--output", options.output)
    paths = RunPaths.beside(options.output, "rl")
    check_apart("--output", paths.files, inputs(options, "--opponents", shares))
    config = training_config(options, game, default_weights(options, game))
    if (options.supervised_checkpoint is None) == (options.scratch is None):
        raise UserError("give one of --supervised-checkpoint PATH and --scratch PRESET: where to start from", 2)
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    engine, flags = engine_choice(options), flag_values(options, leave_out=NEUTRAL_FLAGS)
    styles, royale = style_config(options), royale_share(options, game)
    limits = limits_from(options, game)
    bots = {name: name for name in shares if name not in (SELF, PAST)}
    fixed = {name: load_policy(game, name, str(device)) for name in bots}
    resuming = options.resume and paths.resumable
    origin = None if resuming else start_of(options, game)
    if origin:
        check_styles(origin, styles)
    with at_work(paths, paths.checkpoint):
        state = begin(paths, flags, resume=options.resume, extends=["iterations", "decisions"])
        with restoring(paths, state):
            origin = Origin.from_dict(state["origin"]) if state else origin
            assert origin
            check_same_game(origin, game)
        check_same_start(origin, options.supervised_checkpoint, game)
        setting = RLSetting(
            game=game,
            kind="rl",
            origin=origin,
            config=untaught(config) if options.scratch else config,
            shares=shares,
            fixed=fixed,
            game_name=options.game,
            bots=bots,
            goal=Goal("decision", options.decisions) if options.decisions else Goal("iteration", options.iterations),
            schedule=schedule(options),
            seed=options.seed,
            threads=thread_count(options),
            device=device,
            styles=styles,
            royale=royale,
            limits=limits,
            prioritised=options.matchmaking == "prioritised",
            engine=engine,
        )
        if defaults := rl_defaults(options):
            print(defaults_line(options, "--scratch" if options.scratch else "--small-steps", defaults))
        run = RLRun(setting, Yardsticks(setting, options.eval_matches))
        if not carry_out(run, paths, flags, state, resume_command(argv, module)):
            return 130
    best = f"{paths.best} (iteration {run.best_iteration})" if run.best_iteration else "none, --eval-every 0"
    print(f"done: {paths.checkpoint} (iteration {run.iteration}); best: {best}")
    return 0


def inputs(options: argparse.Namespace, flag: str, bots: Iterable[str]) -> list[tuple[str, Path]]:
    """The files that a run reads, each with its flag: where it starts from, and the bots that `flag` names."""
    start = options.supervised_checkpoint
    files = [(flag, path) for name in bots for path in files_of(name)]
    return [*files, ("--supervised-checkpoint", start)] if start else files


def start_of(options: argparse.Namespace, game: Game) -> Origin:
    """Where the flags say that a fresh run starts. Raises UserError."""
    path, preset = options.supervised_checkpoint, options.scratch
    origin = scratch_origin(preset, options.seed, game) if preset else supervised_origin(path, game)
    return with_critic(origin, options.critic)


def schedule(options: argparse.Namespace) -> Schedule:
    """When to freeze, evaluate and save: the fields of `Schedule` from the flags of the same names."""
    return Schedule(**{field.name: getattr(options, field.name) for field in fields(Schedule) if field.name in options})
