"""One search of `exploit` for a best response: from one start, on the same loop as `alphastar_rl`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from botgame.errors import UserError
from botgame.files import next_backup, replace
from botgame.game import Policy
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.best_response.judge import TARGET, TargetJudge
from botgame.training.best_response.results import FILE, Exploit, Search, read_results, write_results
from botgame.training.rl.flags import flag_values
from botgame.training.rl.run import RLRun, carry_out
from botgame.training.rl.setting import Goal, Schedule, Setting
from botgame.training.runs.origin import Origin, scratch_origin, supervised_origin, untaught, with_critic
from botgame.training.runs.run import NEUTRAL_FLAGS, RunPaths, begin, refuse_unfinished

SUPERVISED, SCRATCH = "supervised", "scratch"
# Flags that the other start alone reads: random weights have no teacher, and no policy worth waiting for a critic.
_UNUSED = {SUPERVISED: ("preset",), SCRATCH: ("supervised_checkpoint", "kl_cost", "value_iterations")}


@dataclasses.dataclass(frozen=True)
class Task:
    """What all searches of one command share."""

    options: argparse.Namespace
    config: RLConfig
    target: Policy
    folder: Path
    threads: int
    device: torch.device

    def paths(self, start: str) -> RunPaths:
        """Files of the search from `start`."""
        return RunPaths.inside(self.folder / start, main="best_response.pt")

    def flags(self, start: str) -> dict[str, Any]:
        """The flags that decide what the search from `start` computes."""
        return flag_values(self.options, leave_out=[*NEUTRAL_FLAGS, "start", *_UNUSED[start]])

    def setting(self, start: str, origin: Origin) -> Setting:
        """The RL run that the search is."""
        options, config = self.options, self.config
        if start == SCRATCH:
            config = untaught(config)
        return Setting(
            kind="exploit",
            origin=origin,
            config=config,
            shares={TARGET: 1.0},
            fixed={TARGET: self.target},
            goal=Goal("decision", options.budget),
            schedule=Schedule(options.eval_every, options.save_every, evaluate_start=True),
            seed=options.seed,
            threads=self.threads,
            device=self.device,
        )


def prepare(task: Task, starts: Sequence[str], results: Exploit) -> None:
    """Take over earlier results against the same target, before anything is written.

    Raises UserError (code 2) when an unfinished search would be overwritten or the target is not the one before.
    """
    resume, path = task.options.resume, task.folder / FILE
    for start in starts:
        if not resume:
            refuse_unfinished(task.paths(start))
    if not path.exists():
        return
    earlier = read_results(path)
    if earlier.same_target(results):
        results.searches = {name: kept for name, kept in earlier.searches.items() if resume or name not in starts}
    elif resume:
        raise UserError(
            f"{path} is about other weights than {results.target} now holds, or other rules; start anew without "
            "--resume",
            2,
        )
    else:
        replace(path, next_backup(path))


def search(task: Task, start: str, results: Exploit, go_on: str) -> bool:
    """Search from `start` to the end, keeping `results` and their file up to date; False when Ctrl-C stopped it."""
    options, paths, flags = task.options, task.paths(start), task.flags(start)
    resuming = options.resume and paths.resume.exists()
    origin = {} if resuming else _origin(options, start) | {"target": results.digest}
    state = begin(paths, flags, resume=options.resume, extends=["budget"])
    origin = state["origin"] if state else origin
    if origin["target"] != results.digest:
        raise UserError(f"{results.target} has changed since {paths.resume} was made; start anew without --resume", 2)
    setting = task.setting(start, origin)
    judge = TargetJudge(setting, task.target, options.eval_matches, options.final_matches)

    def publish() -> None:
        results.searches[start] = Search(
            source=setting.source,
            seed=options.seed,
            budget=options.budget,
            curve=list(judge.curve),
            final=judge.final if run.finished else None,
            checkpoint=paths.best.relative_to(task.folder).as_posix(),
        )
        write_results(task.folder / FILE, results)

    run = RLRun(setting, judge, publish)
    return carry_out(run, paths, flags, state, go_on)


def _origin(options: argparse.Namespace, start: str) -> Origin:
    supervised = start == SUPERVISED
    path, preset = options.supervised_checkpoint, options.preset
    origin = supervised_origin(path) if supervised else scratch_origin(preset, options.seed)
    return with_critic(origin, options.critic)
