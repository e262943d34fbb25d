"""One search of `exploit --family`: its sizes, its files, and the bot that a version of it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from botgame.bot_file import FORMAT
from botgame.families import Member
from botgame.game import Array, Policy
from botgame.outputs import Check, json_of
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.best_response.generation import Contest
from botgame.training.best_response.judge import Trial
from botgame.training.best_response.scouting import Round, rounds_of
from botgame.training.rl.setting import Schedule
from botgame.training.runs.paths import RunPaths

NUMBERS = "numbers"  # what a version's weights are


class FamilyPaths(RunPaths):
    """The files of a search over a family: the bot that it finds is a bot file, and there is one of it, the best."""

    @property
    def lock(self) -> Path:
        """What a process that works on the search holds."""
        return self.checkpoint.with_name("best_response.lock")

    @property
    def files(self) -> dict[Path, Check]:
        """Every file and folder that may lie there, each with the check of its kind."""
        rest = {path: check for path, check in super().files.items() if path in self._of_any_run}
        return {self.checkpoint: json_of(FORMAT), **rest}

    @property
    def _of_any_run(self) -> set[Path]:
        return {self.resume, self.before, self.config, self.metrics, self.tensorboard}


def family_paths(folder: Path, family: str) -> FamilyPaths:
    """The files of the search over `family`, of a command that writes to `folder`."""
    names = ("best_response.bot.json", "resume.pt", "config.json", "metrics.jsonl", "tb")
    return FamilyPaths("exploit", *(folder / family / name for name in names))


@dataclasses.dataclass(frozen=True)
class FamilyTask:
    """One search. name: of the family. budget: duels of its bots; size: bots of a generation, each with so many duels.

    spread: of the first generation, in shares of the ranges. scouting: share of the budget; known: numbers of bots that
    scout beside the random ones, float64 [K, D]. flags: plain values of those that decide the result.
    """

    contest: Contest
    name: str
    trial: Trial
    folder: Path
    budget: int
    size: int
    duels: int
    spread: float
    scouting: float
    known: Array
    eval_every: int
    flags: dict[str, Any]
    resume: bool = False

    @property
    def paths(self) -> FamilyPaths:
        """Its files."""
        return family_paths(self.folder, self.name)

    @property
    def rounds(self) -> list[Round]:
        """The rounds of the scouts."""
        return rounds_of(self.scouting * self.budget, self.contest.matches_each)

    @property
    def schedule(self) -> Schedule:
        """When the middle of the generations is judged: always before the first step and after the last."""
        return Schedule(self.eval_every, save_every=1, evaluate_ends=True)

    def policy(self, weights: Weights) -> Policy:
        """The bot whose numbers are `weights["numbers"]`, float64 [D]."""
        return Member(self.name, self.contest.family, weights[NUMBERS].numpy())
