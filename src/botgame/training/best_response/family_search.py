"""The search of `exploit --family` for a best response: scouts look for a start, and an evolution strategy goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from botgame import rng
from botgame.bot_file import BotFile, write_bot
from botgame.errors import UserError
from botgame.families import standard_numbers
from botgame.game import Array
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.best_response.evolution import Evolution
from botgame.training.best_response.family_task import NUMBERS, FamilyTask
from botgame.training.best_response.generation import play_generation
from botgame.training.best_response.judge import TARGET, TargetJudge
from botgame.training.best_response.results import DUEL_UNIT, FILE, Exploit, Search, write_results
from botgame.training.best_response.scouting import Round, Scouting
from botgame.training.best_response.search import set_aside
from botgame.training.evaluation.duels import Tally
from botgame.training.rl.setting import Version
from botgame.training.runs.progress import ProgressClock
from botgame.training.runs.run import at_work, begin, commit, make_room, restoring, stop_on_signal
from botgame.wording import counted

_SEEDS = 0x6475656C73  # purpose of the seeds of a generation's matches
_SCOUTING_SEEDS = 0x726F756E6473  # and of those of a round of scouts


class FamilyRun:
    """A search in memory, committed after every step: a batch of scouts, later a generation of the evolution.

    What is judged is the middle of the generations, which the scouting sets at its end.
    """

    def __init__(self, task: FamilyTask, results: Exploit) -> None:
        self._task, self._results = task, results
        self._each = task.contest.matches_each(task.duels)
        self._scout(task.rounds, task.known)
        self._judge = TargetJudge(task.trial, task.policy)

    @property
    def step(self) -> int:
        """Batches of scouts and generations done."""
        return len(self._scouting.history) + len(self._evolution.history)

    @property
    def spent(self) -> int:
        """Duels of the family's bots so far, without those of evaluations."""
        return self._scouting.spent + len(self._evolution.history) * self._task.size * self._each

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.spent >= self._task.budget

    @property
    def numbers(self) -> Array:
        """The numbers of the best bot so far, float64 [D]; the standard ones before the first evaluation."""
        best = self._judge.best
        return best.weights[NUMBERS].numpy() if best else standard_numbers(self._task.contest.family)

    def steps(self, writer: MetricsWriter) -> Iterator[None]:
        """Search to the end of the budget, committing before each yield."""
        if self.step:
            print(f"resuming after {self.spent:,} of {counted(self._task.budget, DUEL_UNIT)}")
            self._write_artefacts()
        else:
            print(self._plan())
            writer.log(0, {"duels": 0, **self._evaluate(last=False)})
        clock = ProgressClock(self.spent)
        while not self.finished:
            scouts, metrics = not self._scouting.over, self._next()
            judged = self._judged(scouts)
            writer.log(self.step, {**metrics, **(self._evaluate(last=self.finished) if judged else {})})
            text = self._progress(scouts, metrics)
            clock.report(self.spent, self._task.budget, text.strip, force=judged)
            self._commit(writer)
            yield

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a committed state. Raises UserError (code 2) for another target than it was made against."""
        if state["target"] != self._results.identity:
            raise UserError(f"{self._results.target} has changed since; start anew without --resume", 2)
        if state["rules"] != self._results.rules:
            raise UserError("the search was made under other rule numbers; start anew without --resume", 2)
        rounds = [Round(*each) for each in state["scouting"]["rounds"]]  # a larger budget changes no scouting
        known = np.array(state["scouting"]["known"]).reshape(-1, len(self._task.contest.family.parameters))
        self._check_known(known)
        self._scout(rounds, known)
        self._scouting.replay(state["scouting"]["history"])
        self._evolution = self._evolve()
        self._evolution.restore(state["evolution"])
        self._judge.restore(state)

    def _check_known(self, known: Array) -> None:
        """Raise UserError (code 2) for a bot of --scout that is not the one of `known` with which the search began."""
        for name, before, now in zip(self._task.flags["scout"], known, self._task.known, strict=True):
            if not np.array_equal(before, now):
                raise UserError(f"--scout {name} has changed since; put it back, or start anew without --resume", 2)

    def _scout(self, rounds: list[Round], known: Array) -> None:
        """Begin with these rounds of scouts, `known` among them.

        Until they are over, the middle of the evolution is the standard bot.
        """
        task = self._task
        self._scouting = Scouting(task.contest.family, rounds, task.size * self._each, task.trial.seed, known)
        self._evolution = self._evolve()

    def _evolve(self) -> Evolution:
        """The evolution that begins at the best scout, or at the standard numbers while there is none."""
        task, family = self._task, self._task.contest.family
        start = self._scouting.best if self._scouting.over else standard_numbers(family)
        return Evolution(family, task.size, task.spread, task.trial.seed, start)

    def _plan(self) -> str:
        scouts = ", ".join(
            f"{counted(each.scouts, 'bot')} x {counted(each.duels, DUEL_UNIT)}" for each in self._scouting.rounds
        )
        scouting = f"scouting {scouts}, then " if scouts else ""
        generations = f"generations of {self._task.size} bots with {counted(self._each, DUEL_UNIT)} each"
        return f"seed {self._task.trial.seed}: {scouting}{generations}"

    def _progress(self, scouts: bool, metrics: dict[str, Any]) -> str:
        phase = "batch of scouts" if scouts else "generation"
        return f"duel {self.spent:,}/{self._task.budget:,}  won in this {phase}: {metrics[f'win_rate/{TARGET}']:.1%}"

    def _judged(self, scouts: bool) -> bool:
        """Whether the middle is judged after this step; scouts: it was a batch of them."""
        if scouts:
            return self._scouting.over
        return self._task.schedule.evaluates(len(self._evolution.history), last=self.finished)

    def _next(self) -> dict[str, Any]:
        """Play a batch of scouts or a generation and learn from it; returns metrics."""
        started = time.perf_counter()
        fitness, tally, more = self._generation() if self._scouting.over else self._batch_of_scouts()
        return {
            "duels": self.spent,
            f"win_rate/{TARGET}": tally.win_rate,
            "fitness/mean": float(fitness.mean()),
            "fitness/best": float(fitness.max()),
            **more,
            "time_acting": time.perf_counter() - started,
        }

    def _batch_of_scouts(self) -> tuple[Array, Tally, dict[str, float]]:
        """Fitness, what they did together, metrics. After the last batch the evolution moves to the best scout."""
        task, scouting = self._task, self._scouting
        seed = rng.derive(task.trial.seed, _SCOUTING_SEEDS, scouting.round)
        scouts = scouting.rounds[scouting.round].scouts
        fitness, tally = play_generation(task.contest, scouting.ask(), scouting.duels, seed)
        scouting.tell(fitness)
        if scouting.over:
            self._evolution = self._evolve()
        return fitness, tally, {"scouts": scouts}

    def _generation(self) -> tuple[Array, Tally, dict[str, float]]:
        """Fitness, what they did together, metrics of the evolution."""
        task, evolution = self._task, self._evolution
        numbers = evolution.ask()
        seed = rng.derive(task.trial.seed, _SEEDS, len(evolution.history))
        fitness, tally = play_generation(task.contest, numbers, self._each, seed)
        evolution.tell(fitness)
        middle = zip(task.contest.family.parameters, evolution.mean.tolist(), strict=True)
        middles = {f"middle/{parameter.name}": value for parameter, value in middle}
        return fitness, tally, {"breadth": evolution.breadth, **middles}

    def _evaluate(self, *, last: bool) -> dict[str, float]:
        started = time.perf_counter()
        weights = {NUMBERS: torch.from_numpy(self._evolution.mean)}
        metrics = self._judge.evaluate(Version(weights, self.step, self.spent, last))
        return {**metrics, "time_evaluation": time.perf_counter() - started}

    def _commit(self, writer: MetricsWriter) -> None:
        identity = {"target": self._results.identity, "rules": self._results.rules}
        search = {"scouting": self._scouting.snapshot(), "evolution": self._evolution.snapshot()}
        state = {**identity, **search, **self._judge.snapshot()}
        commit(self._task.paths, self._task.flags, state, offset=writer.offset, finished=self.finished)
        self._write_artefacts()

    def _write_artefacts(self) -> None:
        """The best bot so far, and the results."""
        task, judge = self._task, self._judge
        names = (each.name for each in task.contest.family.parameters)
        numbers = dict(zip(names, self.numbers.tolist(), strict=True))
        write_bot(task.paths.checkpoint, BotFile(task.contest.game.name, task.name, numbers))
        self._results.searches[task.name] = Search(
            source=self._source(),
            seed=task.trial.seed,
            budget=task.budget,
            curve=list(judge.curve),
            final=judge.final if self.finished else None,
            checkpoint=task.paths.checkpoint.relative_to(task.folder).as_posix(),
            unit=DUEL_UNIT,
        )
        write_results(task.folder / FILE, self._results)

    def _source(self) -> str:
        family, rounds = self._task.name, self._scouting.rounds
        if not rounds:
            return f"the standard numbers of family {family}"
        known = f", {len(self._scouting.known)} of them given" if len(self._scouting.known) else ""
        return f"the best of {counted(rounds[0].scouts, 'scout')} of family {family}{known}"


def search_family(task: FamilyTask, results: Exploit, go_on: str) -> Array | None:
    """Search to the end, keeping `results` and their file up to date; the numbers found, float64 [D].

    Returns None when Ctrl-C stopped it; it is committed then, and `go_on`, the command to resume, printed.
    """
    paths = task.paths
    with at_work(paths, paths.checkpoint):
        state = begin(paths, task.flags, resume=task.resume, extends=["budget"])
        run = FamilyRun(task, results)
        if state:
            with restoring(paths.resume, state):
                run.restore(state)
        else:
            make_room(paths, task.flags)
        set_aside(task.folder / FILE, results)
        offset = state["metrics_offset"] if state else 0
        with (
            MetricsWriter(paths.metrics, paths.tensorboard, offset=offset, step=run.step + 1) as writer,
            stop_on_signal() as stop,
        ):
            for _ in run.steps(writer):
                if stop and not run.finished:
                    print(f"stopped after {counted(run.spent, DUEL_UNIT)}; go on with: {go_on}")
                    return None
        return run.numbers
