"""A run that branches off another one: it goes on from that one's last commit, with other flags of learning.

Runs that part late differ far less than runs that part at their start, so branches of a few finished runs compare two
ways to learn in a tenth of the time (docs/measures.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.rl.setting import Schedule
from botgame.training.runs.paths import CONFIG_FORMAT, RunPaths
from botgame.training.runs.run import last_commit, restoring
from botgame.training.runs.same_flags import PLACES, as_given, named, plain, then_and_now

_GOAL = ("iterations", "decisions")  # how long the branch is, which the other run cannot say
_SIZES = ("unroll_length", "actor_rollouts", "matches_per_actor", "replay_size")  # of what a commit holds
LEARNING = {field.name for field in fields(RLConfig)} - {*_SIZES}
_FREE = {*_GOAL, *PLACES, *LEARNING, *(field.name for field in fields(Schedule)), "eval_matches"}
"""Flags in which a branch may differ from the run that it comes from."""


def inherited(source: Path, output: Path, *, resume: bool) -> Mapping[str, Any]:
    """What a branch of the run whose checkpoint is `source` does not give; a branch that goes on has its own flags.

    The length of the run is not among it. Raises UserError (code 2) where there is no such run.
    """
    own = RunPaths.beside(output, "rl")
    path, paths = (output, own) if resume and own.resumable else (source, RunPaths.beside(source, "rl"))
    if not paths.config.is_file() or not paths.resumable:
        raise UserError(
            f"--branch-from {path}: no run is there; expected {paths.resume.name} and {paths.config.name}, as "
            "alphastar_rl leaves them beside its --output",
            2,
        )
    flags = _read(paths.config)
    return {name: value for name, value in flags.items() if name not in ("format", *_GOAL)}


def branch_state(path: Path, flags: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The last commit of the run whose checkpoint is `path`, for a run with `flags`, which begins its own metrics.

    Its file, and its state. Where it is damaged, those of the one before, with a warning.
    Raises UserError, with code 2 for flags in which a branch cannot differ.
    """
    paths = RunPaths.beside(path, "rl")
    file, state, damage = last_commit(paths)
    if damage:
        print(f"warning: {damage}\nwarning: branching off the commit before it, {file}", file=sys.stderr)
    with restoring(file, state):
        before, now = dict(state["config"]), plain(flags)
    if changed := [name for name in sorted(set(before) & set(now) - _FREE) if before[name] != now[name]]:
        made = f"{path} was made with {then_and_now(changed, before, now)}"
        raise UserError(f"{named(changed)} cannot change in a branch: {made}", 2)
    return file, {**state, "metrics_offset": 0, "goal": flags["decisions"] or flags["iterations"]}


def changes_line(path: Path, before: Mapping[str, Any], flags: Mapping[str, Any]) -> str:
    """What a branch has in place of the flags of the run that it comes from."""
    now = plain(flags)
    left_out = {*_GOAL, *PLACES}
    changed = [
        f"{as_given(name, now[name])} in place of {before[name]}"
        for name in sorted(set(before) & set(now) - left_out)
        if before[name] != now[name]
    ]
    return f"a branch of {path}" + (f": {', '.join(changed)}" if changed else ", with its flags")


def _read(config: Path) -> dict[str, Any]:
    try:
        flags = json.loads(config.read_text(encoding="utf-8"))
        if flags["format"] != CONFIG_FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        what = f"--branch-from: {config} is not the configuration of a run; name the --output of one"
        raise UserError(what, 2) from error
    return dict(flags)
