"""One search of `exploit` for a best response: from one start, on the same loop as `alphastar_rl`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from botgame.errors import UserError
from botgame.files import move_to_backups
from botgame.game import Game, Policy
from botgame.training.alphastar.engine.choice import EngineChoice
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.best_response.judge import TARGET, TargetJudge, Trial
from botgame.training.best_response.results import FILE, Exploit, Search, read_results, write_results
from botgame.training.rl.run import RLRun, carry_out
from botgame.training.rl.setting import Goal, RLSetting, Schedule
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
from botgame.training.runs.run import at_work, begin, check_start, restoring
from botgame.training.runs.same_flags import NEUTRAL_FLAGS

SUPERVISED, SCRATCH = "supervised", "scratch"
# Flags that the other start alone reads: random weights have no teacher, and no policy worth waiting for a critic.
_UNUSED = {SUPERVISED: ("preset",), SCRATCH: ("supervised_checkpoint", "kl_cost", "value_iterations")}


@dataclasses.dataclass(frozen=True)
class Task:
    """What all searches of one command share.

    supervised: the checkpoint of the supervised start; preset: size of the random start's network; critic: what the
    critic sees. budget: decisions of the learner from each start. matches, final_matches: held-out duels against the
    target. flags: plain values of the command's flags.
    """

    game: Game
    config: RLConfig
    target: Policy
    folder: Path
    supervised: Path
    preset: str
    critic: str
    budget: int
    schedule: Schedule
    matches: int
    final_matches: int
    flags: dict[str, Any]
    resume: bool = False
    seed: int = 0
    threads: int = 1
    device: torch.device = dataclasses.field(default_factory=lambda: torch.device("cpu"))
    engine: EngineChoice = dataclasses.field(default_factory=EngineChoice)

    def paths(self, start: str) -> RunPaths:
        """Files of the search from `start`."""
        return paths_of(self.folder, start)

    def flags_of(self, start: str) -> dict[str, Any]:
        """The flags that decide what the search from `start` computes."""
        unread = {*NEUTRAL_FLAGS, "start", *_UNUSED[start]}
        return {name: value for name, value in self.flags.items() if name not in unread}

    def origin(self, start: str, target: str) -> Origin:
        """Where a fresh search from `start` begins. Raises UserError. target: its identity."""
        if start == SUPERVISED:
            origin = supervised_origin(self.supervised, self.game)
        else:
            origin = scratch_origin(self.preset, self.seed, self.game)
        return dataclasses.replace(with_critic(origin, self.critic), target=target)

    def setting(self, start: str, origin: Origin) -> RLSetting:
        """The RL run that the search is."""
        return RLSetting(
            game=self.game,
            kind="exploit",
            origin=origin,
            config=untaught(self.config) if start == SCRATCH else self.config,
            shares={TARGET: 1.0},
            fixed={TARGET: self.target},
            game_name=self.flags["game"],
            bots={TARGET: self.flags["target"]},
            goal=Goal("decision", self.budget),
            schedule=self.schedule,
            seed=self.seed,
            threads=self.threads,
            device=self.device,
            engine=self.engine,
        )


def paths_of(folder: Path, start: str) -> RunPaths:
    """The files of the search from `start`, of a command that writes to `folder`."""
    return RunPaths.inside(folder / start, "exploit", main="best_response.pt")


def files_in(folder: Path) -> list[Path]:
    """Everything that searches for a policy write in `folder`."""
    return [folder / FILE, *(path for start in (SUPERVISED, SCRATCH) for path in paths_of(folder, start).files)]


def fresh_origins(task: Task, starts: Sequence[str], target: str) -> dict[str, Origin]:
    """Where each search that does not go on begins. Raises UserError. target: its identity."""
    fresh = [start for start in starts if not (task.resume and task.paths(start).resumable)]
    return {start: task.origin(start, target) for start in fresh}


def prepare(
    folder: Path, fresh: Iterable[RunPaths], searches: Iterable[str], results: Exploit, *, resume: bool
) -> None:
    """Take over earlier results in `folder` against the same target, before any of the `searches` begins.

    Touches no file.

    fresh: the files of those that do not go on. Raises UserError (code 2) when a search may not start (`check_start`)
    or the target is not the one before.
    """
    for paths in fresh:
        check_start(paths)
    if (folder / FILE).exists():
        _take_over(read_results(folder / FILE), folder / FILE, searches, results, resume=resume)


def _take_over(earlier: Exploit, path: Path, starts: Iterable[str], results: Exploit, *, resume: bool) -> None:
    """Keep what `earlier` says of other searches against the same target."""
    if earlier.same_target(results):
        results.searches = {name: kept for name, kept in earlier.searches.items() if resume or name not in starts}
    elif resume:
        raise UserError(
            f"{path} is about other weights than {results.target} now holds, or other rules; start anew without "
            "--resume",
            2,
        )


def set_aside(path: Path, results: Exploit) -> None:
    """Results about another target become a backup."""
    if path.exists() and not read_results(path).same_target(results):
        move_to_backups([path])


def search(task: Task, start: str, origin: Origin | None, results: Exploit, go_on: str) -> bool:
    """Search from `start` to the end, keeping `results` and their file up to date; False when Ctrl-C stopped it.

    origin: where a fresh search begins, None for one that goes on.
    """
    paths = task.paths(start)
    with at_work(paths, paths.checkpoint):
        return _search(task, start, origin, results, go_on)


def _search(task: Task, start: str, origin: Origin | None, results: Exploit, go_on: str) -> bool:
    paths, flags = task.paths(start), task.flags_of(start)
    state = begin(paths, flags, resume=task.resume, extends=["budget"])
    with restoring(paths.resume, state):
        origin = Origin.from_dict(state["origin"]) if state else origin
        assert origin
        check_same_game(origin, task.game)
    if start == SUPERVISED:
        check_same_start(origin, task.supervised, task.game)
    if origin.target != results.identity:
        raise UserError(f"{results.target} has changed since {paths.resume} was made; start anew without --resume", 2)
    setting = task.setting(start, origin)
    trial = Trial(task.game, task.target, task.matches, task.final_matches, task.seed, task.threads)
    judge = TargetJudge(trial, setting.policy)

    def publish() -> None:
        results.searches[start] = Search(
            source=setting.source,
            seed=task.seed,
            budget=task.budget,
            curve=list(judge.curve),
            final=judge.final if run.finished else None,
            checkpoint=paths.best.relative_to(task.folder).as_posix(),
        )
        write_results(task.folder / FILE, results)

    run = RLRun(setting, judge, publish)
    set_aside(task.folder / FILE, results)
    return carry_out(run, paths, flags, state, go_on)
