"""From the flags of `alphastar_rl` to a run, and the run from start to end."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from botgame.bot_names import files_of
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.outputs import check_apart, check_checkpoint
from botgame.policies import load_policy
from botgame.training.alphastar.actor.opponents import PAST, SELF, normalized, parse_shares
from botgame.training.rl.branch import branch_state, changes_line
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
from botgame.training.rl.small_steps import (
    check_untaught,
    default_opponents,
    default_weights,
    defaults_line,
    rl_defaults,
)
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
from botgame.training.runs.run import at_work, begin, choose_device, restoring, resume_command
from botgame.training.runs.same_flags import NEUTRAL_FLAGS


def train(options: argparse.Namespace, module: str, argv: Sequence[str] | None, given: Collection[str]) -> int:
    """The whole command. Returns the exit code; raises UserError. module: how --resume is told to start it.

    given: the flags that `argv` gives itself.
    """
    game = load_game(options.game)
    shares = opponent_shares(options, game)
    paths = output_paths(options, shares)
    setting_from = partial_setting(options, game, shares)
    goes_on = options.resume and paths.resumable
    if options.scratch and not goes_on:  # a run that was begun with such a flag goes on
        check_untaught(options, given, "--scratch")
    # A start that cannot be used is refused before a file is touched.
    origin = None if options.branch_from or goes_on else start_of(options, game)
    flags = flag_values(options, leave_out=NEUTRAL_FLAGS)
    with at_work(paths, paths.checkpoint):
        state = begin(paths, flags, resume=options.resume, extends=["iterations", "decisions"])
        source = None
        if not state and options.branch_from:
            source, state = branch_state(options.branch_from, flags)
            print(changes_line(options.branch_from, state["config"], flags))
        file = source or paths.resume
        setting = setting_from(origin=_origin_of(state, file, game) if state else origin or start_of(options, game))
        check_same_start(setting.origin, options.supervised_checkpoint, game)
        if not options.branch_from and (defaults := rl_defaults(options)):
            print(defaults_line(options, "--scratch" if options.scratch else "--small-steps", defaults))
        run = RLRun(setting, Yardsticks(setting, options.eval_matches))
        if not carry_out(run, paths, flags, state, resume_command(argv, module), branches_off=source):
            return 130
    best = f"{paths.best} (iteration {run.best_iteration})" if run.best_iteration else "none, --eval-every 0"
    print(f"done: {paths.checkpoint} (iteration {run.iteration}); best: {best}")
    return 0


def opponent_shares(options: argparse.Namespace, game: Game) -> dict[str, float]:
    """The shares of the opponents by name; they sum to 1. Raises UserError (code 2)."""
    if options.opponents is not None:
        return parse_shares(options.opponents)
    return normalized(default_opponents(options, game))


def output_paths(options: argparse.Namespace, opponents: Iterable[str]) -> RunPaths:
    """The files that the run writes. Raises UserError (code 2) where it would write over what it reads."""
    check_checkpoint("--output", options.output)
    paths = RunPaths.beside(options.output, "rl")
    source = [("--branch-from", options.branch_from)] if options.branch_from else []
    check_apart("--output", paths.files, [*inputs(options, "--opponents", opponents), *source])
    return paths


def partial_setting(options: argparse.Namespace, game: Game, shares: dict[str, float]) -> functools.partial[RLSetting]:
    """The run that parsed flags describe, but for its `origin`. Raises UserError for contradictions."""
    config = training_config(options, game, default_weights(options, game))
    if (options.supervised_checkpoint is None) == (options.scratch is None):
        raise UserError("give one of --supervised-checkpoint PATH and --scratch PRESET: where to start from", 2)
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    bots = {name: name for name in shares if name not in (SELF, PAST)}
    return functools.partial(
        RLSetting,
        game=game,
        kind="rl",
        config=untaught(config) if options.scratch else config,
        shares=shares,
        fixed={name: load_policy(game, name, str(device)) for name in bots},
        game_name=options.game,
        bots=bots,
        goal=Goal("decision", options.decisions) if options.decisions else Goal("iteration", options.iterations),
        schedule=schedule(options),
        seed=options.seed,
        threads=thread_count(options),
        device=device,
        styles=style_config(options),
        royale=royale_share(options, game),
        limits=limits_from(options, game),
        prioritised=options.matchmaking == "prioritised",
        engine=engine_choice(options),
    )


def inputs(options: argparse.Namespace, flag: str, bots: Iterable[str]) -> list[tuple[str, Path]]:
    """The files that a run reads, each with its flag: where it starts from, and the bots that `flag` names."""
    start = options.supervised_checkpoint
    files = [(flag, path) for name in bots for path in files_of(name)]
    return [*files, ("--supervised-checkpoint", start)] if start else files


def start_of(options: argparse.Namespace, game: Game) -> Origin:
    """Where the flags say that a fresh run starts. Raises UserError."""
    path, preset = options.supervised_checkpoint, options.scratch
    origin = scratch_origin(preset, options.seed, game) if preset else supervised_origin(path, game)
    origin = with_critic(origin, options.critic)
    check_styles(origin, style_config(options))
    return origin


def _origin_of(state: dict[str, Any], file: Path, game: Game) -> Origin:
    """Where a run that goes on from a committed state, of `file`, started. Raises UserError."""
    with restoring(file, state):
        origin = Origin.from_dict(state["origin"])
        check_same_game(origin, game)
    return origin


def schedule(options: argparse.Namespace) -> Schedule:
    """When to freeze, evaluate and save: the fields of `Schedule` from the flags of the same names."""
    return Schedule(**{field.name: getattr(options, field.name) for field in fields(Schedule) if field.name in options})
