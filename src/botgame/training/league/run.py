"""One league from start to end: begins or resumes, trains, stops cleanly."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.league.loop import LeagueRun, start_league_engine
from botgame.training.league.setting import LeagueSetting
from botgame.training.rl.environment import check_styles
from botgame.training.runs.origin import Origin, check_same_game, check_same_start, supervised_origin
from botgame.training.runs.run import at_work, begin, make_room, restoring, stop_on_signal


def train(setting: LeagueSetting, flags: dict[str, Any], supervised: Path, *, resume: bool, go_on: str) -> bool:
    """Train the league that `setting` describes; returns False when it was stopped before its end.

    flags: plain values of the command's flags, kept with the run. supervised: the checkpoint that it starts from.
    go_on: the command that resumes, printed when the league is stopped. Raises UserError.
    """
    paths = setting.paths
    origin = None if resume and paths.run.resumable else supervised_origin(supervised, setting.game)
    if origin:
        check_styles(origin, setting.styles)
    with at_work(paths.run, paths.run.checkpoint.parent):
        more = paths.more(setting.game.factions)
        state = begin(paths.run, flags, resume=resume, extends=["rounds", "decisions"], more=more)
        with restoring(paths.run.resume, state):
            origin = Origin.from_dict(state["origin"]) if state else origin
            assert origin
            check_same_game(origin, setting.game)
        check_same_start(origin, supervised, setting.game)
        with restoring(paths.run.resume, state):
            engine = start_league_engine(setting, origin)
        with closing(engine):
            if state is None:
                make_room(paths.run, flags, more)
            with restoring(paths.run.resume, state):
                run = LeagueRun(setting, origin, engine, state)
            return _train(run, setting, flags, state, go_on)


def _train(
    run: LeagueRun, setting: LeagueSetting, flags: dict[str, Any], state: dict[str, Any] | None, go_on: str
) -> bool:
    """Train `run` and close it."""
    try:
        return _carry_out(run, setting, flags, state, go_on)
    except Diverged as error:
        raise UserError(f"{error}; the last good state is that of the last commit, add --resume") from error
    finally:
        run.close()


def _carry_out(
    run: LeagueRun, setting: LeagueSetting, flags: dict[str, Any], state: dict[str, Any] | None, go_on: str
) -> bool:
    paths, offset = setting.paths.run, state["metrics_offset"] if state else 0
    with (
        MetricsWriter(paths.metrics, paths.tensorboard, offset=offset, step=run.iteration + 1) as writer,
        stop_on_signal() as stop,
    ):
        for _ in run.iterations(flags, writer):
            if stop and not run.finished:
                run.commit(flags, writer)
                print(f"stopped after iteration {run.iteration}; go on with: {go_on}")
                return False
    return True
