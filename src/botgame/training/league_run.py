"""What `alphastar_league` does around its loop: reads what it starts from, begins or resumes, stops cleanly."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import Rules
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.config import RLConfig
from botgame.training.alphastar.league import LeagueConfig
from botgame.training.alphastar.learner import Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.league_loop import LeaguePaths, LeagueRun, Setting
from botgame.training.rl_evaluation import YARDSTICK
from botgame.training.run import NEUTRAL_FLAGS, begin, choose_device, resume_command, stop_on_interrupt

MODULE = "botgame.training.alphastar_league"


def train(
    options: argparse.Namespace, config: RLConfig, league_config: LeagueConfig, argv: Sequence[str] | None
) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    device = choose_device(options.device, cpu=options.cpu, threads=1)
    paths = LeaguePaths.inside(options.output_dir)
    flags = {name: value for name, value in sorted(vars(options).items()) if name not in NEUTRAL_FLAGS}
    bots = {name: load_policy(name, str(device)) for name in dict.fromkeys([YARDSTICK, *league_config.scripted])}
    resuming = options.resume and paths.run.resume.exists()
    origin = {} if resuming else _origin(options.supervised_checkpoint)
    artefacts = [paths.state, paths.matches, paths.players]
    state = begin(paths.run, flags, resume=options.resume, extends=["rounds"], artefacts=artefacts)
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


def _origin(path: Path) -> dict[str, Any]:
    """What a league needs of the supervised checkpoint, as plain values, so that --resume does not need the file."""
    checkpoint = load_checkpoint(path, ARENA_SPEC)
    if checkpoint.rules and checkpoint.rules != Rules().to_dict():
        print(
            f"warning: {path} was trained under other rule numbers; training goes on under this release's",
            file=sys.stderr,
        )
    return {
        "network": checkpoint.network,
        "weights": checkpoint.weights,
        "lineage": [*checkpoint.lineage, str(path)],
        "rules": Rules().to_dict(),
        "source": str(path),
    }
