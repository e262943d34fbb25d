"""What `alphastar_league` does around its loop: reads what it starts from, begins or resumes, stops cleanly."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from botgame.errors import UserError
from botgame.lms.rules import SCHOOLS
from botgame.policies import load_policy
from botgame.training.alphastar.league.league import LeagueConfig
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.evaluation.held_out import YARDSTICK
from botgame.training.league.loop import LeaguePaths, LeagueRun, Setting
from botgame.training.rl.environment import check_styles
from botgame.training.rl.flags import flag_values, style_config
from botgame.training.runs.origin import supervised_origin
from botgame.training.runs.run import NEUTRAL_FLAGS, begin, choose_device, resume_command, stop_on_interrupt

MODULE = "botgame.training.alphastar_league"


def train(
    options: argparse.Namespace, config: RLConfig, league_config: LeagueConfig, argv: Sequence[str] | None
) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    paths = LeaguePaths.inside(options.output_dir)
    flags = flag_values(options, leave_out=NEUTRAL_FLAGS)
    bots = {name: load_policy(name, str(device)) for name in dict.fromkeys([YARDSTICK, *league_config.scripted])}
    resuming = options.resume and paths.run.resume.exists()
    origin = {} if resuming else supervised_origin(options.supervised_checkpoint)
    styles = style_config(options)
    if not resuming:
        check_styles(origin, styles)
    mains = [paths.main_of(school) for school in SCHOOLS]
    mains += [path.with_suffix(".best.pt") for path in mains]
    artefacts = [paths.state, paths.matches, paths.players, paths.good, *mains]
    state = begin(paths.run, flags, resume=options.resume, extends=["rounds", "decisions"], artefacts=artefacts)
    threads = options.threads or os.cpu_count() or 1
    origin = state["origin"] if state else origin
    run = LeagueRun(Setting(options, config, league_config, paths, origin, bots, threads, device), state)
    try:
        return _train(run, options, paths, flags, state, argv)
    except Diverged as error:
        raise UserError(f"{error}; the last good state is that of the last commit, add --resume") from error
    except OSError as error:
        raise UserError(f"cannot write in {options.output_dir}: {error}; free space, then add --resume") from error
    finally:
        run.close()


def _train(
    run: LeagueRun,
    options: argparse.Namespace,
    paths: LeaguePaths,
    flags: dict[str, Any],
    state: dict[str, Any] | None,
    argv: Sequence[str] | None,
) -> int:
    offset = state["metrics_offset"] if state else 0
    with (
        MetricsWriter(paths.run.metrics, paths.run.tensorboard, offset=offset, step=run.iteration + 1) as writer,
        stop_on_interrupt() as stop,
    ):
        for _ in run.iterations(flags, writer):
            if stop:
                run.commit(flags, writer)
                print(f"stopped after iteration {run.iteration}; go on with: {resume_command(argv, MODULE)}")
                return 130
    print(f"done: {paths.run.checkpoint} after {options.rounds} rounds; report: {_report_command(paths)}")
    return 0


def _report_command(paths: LeaguePaths) -> str:
    return (
        f"python -m botgame.training.report_league --league-state {paths.state} --matches {paths.matches} "
        f"--output {paths.state.with_name('summary.json')}"
    )
