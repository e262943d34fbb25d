"""One run of reinforcement learning in memory: trainer, opponents and judge wired together, logged and committed.

`alphastar_rl` and `exploit` both stand on this loop; they differ in opponents, judge and goal (`RLSetting`).
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.game import Ended
from botgame.standings import order_of
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.opponent_shares import OpponentShares
from botgame.training.alphastar.actor.opponents import PAST, Weights
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.engine.engine import Engine, start_engine
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.learner.trainer import Trainer
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.rl.extension import extension_line
from botgame.training.rl.setting import Goal, Judge, RLSetting, Version
from botgame.training.rl.worker import PLAYER, RLWorker, make_worker
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.progress import ProgressClock, moved_line, rates
from botgame.training.runs.replay_memory import replay_memory_line
from botgame.training.runs.run import commit, handle_flagged, make_room, restoring, stop_on_signal
from botgame.wording import counted


class RLRun:
    """One run in memory. `on_commit` is called after each commit, to write what else follows from the state."""

    def __init__(self, setting: RLSetting, judge: Judge, on_commit: Callable[[], None] = lambda: None) -> None:
        self._setting, self._judge, self._on_commit = setting, judge, on_commit
        self._engine: Engine[RLWorker] = start_engine(
            setting,
            functools.partial(RLWorker, setting),
            lambda worker: worker.networks[PLAYER],
            make_worker,
            [setting.to_dict()],
        )
        worker = self._engine.worker
        self._student, self._pool = worker.networks[PLAYER], worker.pool
        self._shares = OpponentShares(setting.shares, prioritised=setting.prioritised)
        parts = self._engine.parts(PLAYER, worker.size)
        self._trainer = Trainer(parts, self._student, setting.config, device=setting.device)
        self._planned = setting.goal.amount  # when the last commit was made

    @property
    def iteration(self) -> int:
        """Iterations done."""
        return self._trainer.iteration

    @property
    def decisions(self) -> int:
        """Decisions of the learner so far."""
        return self._trainer.decisions

    @property
    def done(self) -> int:
        """How far the run is, in units of its goal."""
        return self.iteration if self._setting.goal.unit == "iteration" else self.decisions

    @property
    def finished(self) -> bool:
        """Whether the goal is reached."""
        return self.done >= self._setting.goal.amount

    def check_unfinished(self) -> None:
        """Raise UserError (code 2) where there is nothing left to do."""
        if self.finished:
            goal = f"--{self._setting.goal.unit}s {self._setting.goal.amount}"
            raise UserError(f"{goal}: the run that --branch-from names has made {self.done} already; give more", 2)

    @property
    def source(self) -> str:
        """Where the first weights came from."""
        return self._setting.source

    @property
    def best_iteration(self) -> int:
        """Iteration of the best version so far; 0 before the first evaluation."""
        return self._judge.best.iteration if self._judge.best else 0

    def iterations(self, paths: RunPaths, flags: dict[str, Any], writer: MetricsWriter) -> Iterator[int]:
        """Train to the goal, yielding after each iteration; logs, evaluates and commits on the way."""
        schedule, goal = self._setting.schedule, self._setting.goal
        self._begin(paths, writer)
        clock = ProgressClock(self.done)
        while not self.finished:
            self._engine.everywhere("turn", self.iteration, self._shares.now())
            metrics = self._iterate(paths, writer)
            number, last = self.iteration, self.finished
            if PAST in self._setting.shares and number % schedule.snapshot_every == 0:
                self._engine.everywhere("freeze")
            evaluated = self._evaluate(last=last) if schedule.evaluates(number, last=last) else {}
            writer.log(number, {**metrics, **evaluated})
            text = functools.partial(_progress_line, goal, self.done, metrics)
            clock.report(self.done, goal.amount, text, force=last or bool(evaluated))
            if last or number % schedule.save_every == 0:
                self.commit(paths, flags, writer)
            yield number

    def commit(self, paths: RunPaths, flags: dict[str, Any], writer: MetricsWriter) -> None:
        """Make the present state the one to resume from, then write the checkpoints that follow from it."""
        state = {
            "origin": self._setting.origin.to_dict(),
            "goal": self._setting.goal.amount,
            "trainer": self._trainer.state_dict(),
            "pool": self._pool.snapshot(),
            "shares": self._shares.snapshot(),
            "engine": self._engine.words,
            "playing": self._engine.everywhere("playing"),
            **self._judge.snapshot(),
        }
        commit(paths, flags, state, offset=writer.offset, finished=self.finished)
        self.write_artefacts(paths)

    def write_artefacts(self, paths: RunPaths) -> None:
        """The latest, the periodic and the best checkpoint of the present state."""
        schedule, best = self._setting.schedule, self._judge.best
        counters = {"decisions": self.decisions, "learner_steps": self._trainer.learner.steps}
        latest = self._checkpoint(self._student.state_dict(), {"iteration": self.iteration, **counters})
        save_checkpoint(paths.checkpoint, latest)
        if schedule.keep is not None and self.iteration % schedule.save_every == 0:
            save_checkpoint(paths.periodic("iter", self.iteration), latest)
            paths.prune(schedule.keep)
        if best:
            checkpoint = self._checkpoint(best.weights, {"iteration": best.iteration})
            checkpoint.extra["yardstick"] = best.yardstick
            save_checkpoint(paths.best, checkpoint)
        self._on_commit()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a committed state."""
        self._planned = state["goal"]
        self._judge.restore(state)
        self._shares.restore(state["shares"])
        self._engine.everywhere("restore_pool", state["pool"], state["playing"])
        self._trainer.load_state_dict(state["trainer"])
        if not self._engine.keeps_matches or state["engine"] != self._engine.words:
            print(moved_line(state["engine"], self._engine.words))

    def close(self) -> None:
        """End the other processes, or leave the cluster."""
        self._engine.close()

    def _begin(self, paths: RunPaths, writer: MetricsWriter) -> None:
        setting = self._setting
        if self.iteration:
            print(f"resuming after {setting.goal.unit} {self.done:,} of {setting.goal.amount:,}")
            if line := extension_line(setting.config, self.done / self._planned, self.done / setting.goal.amount):
                print(line)
            self.write_artefacts(paths)
            return
        config, seats = setting.config, self._pool.learning_seats(setting.game.seats)
        print(
            f"seed {setting.seed}, device {setting.device}, {self._engine.words}: "
            f"{counted(config.matches, 'match')} at once, {counted(config.sequences(seats), 'sequence')} of up to "
            f"{counted(config.unroll_length, 'decision')} an iteration"
        )
        if line := replay_memory_line(setting.game.spec, config):
            print(line)
        if setting.schedule.evaluate_ends:
            writer.log(0, self._evaluate(last=False))

    def _iterate(self, paths: RunPaths, writer: MetricsWriter) -> dict[str, Any]:
        try:
            done = self._trainer.iterate(min(1.0, self.done / self._setting.goal.amount))
        except Diverged:
            writer.log(self.iteration + 1, {"diagnostic/nan": 1.0})
            raise
        where, files = f"in iteration {self.iteration}", (paths.checkpoint, paths.good)
        for line in handle_flagged(done.flagged, where, *files, self.source, newly_failing=done.newly_failing):
            print(line)
        others = self._engine.everywhere("playing")[1:]
        self._pool.keep(number for playing in others for number in playing)
        results = self._results_by_kind(done.ended)
        self._shares.count(results)
        won = {f"win_rate/{kind}": sum(values) / len(values) for kind, values in sorted(results.items())}
        return {**done.metrics, **won, **{f"opponents/{kind}": share for kind, share in self._shares.now().items()}}

    def _results_by_kind(self, ended: Sequence[Ended]) -> dict[str, list[float]]:
        """Results of the learner's seats, in [0, 1], by kind of opponent, seat by seat, of the matches that ended."""
        results: dict[str, list[float]] = {}
        for match in ended:
            for (seat, mine), (other, player) in itertools.permutations(enumerate(match.setup.players), 2):
                if mine == LEARNER != player:
                    order = order_of(match.outcome.places, seat, other)
                    results.setdefault(self._pool.kind(player), []).append(0.5 + 0.5 * order)
        return results

    def _evaluate(self, *, last: bool) -> dict[str, float]:
        started = time.perf_counter()
        weights = {name: tensor.detach().cpu().clone() for name, tensor in self._student.state_dict().items()}
        metrics = self._judge.evaluate(Version(weights, self.iteration, self.decisions, last))
        return {
            **metrics,
            "eval/best_iteration": self.best_iteration,
            "time_evaluation": time.perf_counter() - started,
        }

    def _checkpoint(self, weights: Weights, counters: dict[str, int]) -> Checkpoint:
        origin, config = self._setting.origin, self._setting.config
        return Checkpoint(
            kind=self._setting.kind,
            game=self._setting.game.name,
            spec=self._setting.game.spec,
            network=origin.network,
            weights=weights,
            config=config.to_dict() | (self._setting.styles.to_dict() if self._setting.styles.z_share else {}),
            rules=origin.rules,
            lineage=origin.lineage,
            counters=counters,
            temperature=config.stored_temperature,
            conditioning=origin.conditioning,
            extra={name: limit for name, limit in self._setting.limits._asdict().items() if limit},
        )


def _progress_line(goal: Goal, done: int, metrics: dict[str, Any]) -> str:
    won = rates(metrics, {name: name[9:] for name in metrics if name.startswith("win_rate/")})
    kl = f"kl {metrics['kl']:z.3f}  " if "kl" in metrics else ""
    return (
        f"{goal.unit} {done:,}/{goal.amount:,}  {metrics['time_decisions_per_second']:.0f} decisions/s  "
        f"{kl}value {metrics['loss/value']:.3f}  won: {won}"
    )


def carry_out(
    run: RLRun,
    paths: RunPaths,
    flags: dict[str, Any],
    state: dict[str, Any] | None,
    go_on: str,
    *,
    branches_off: Path | None = None,
) -> bool:
    """Train `run` to its goal, from `state` if there is one, and end its threads.

    branches_off: the file of another run that `state` is of; such a run is new, as one without a state is, and takes
    the place of an earlier one.
    Returns False when Ctrl-C stopped it; it is committed then, and `go_on`, the command to resume, printed. Raises
    UserError when training diverges, and for a branch that is not longer than what it comes from.
    """
    try:
        if state:
            with restoring(branches_off or paths.resume, state):
                run.restore(state)
        if branches_off or not state:
            run.check_unfinished()
            make_room(paths, flags)
        offset = state["metrics_offset"] if state else 0
        with (
            MetricsWriter(paths.metrics, paths.tensorboard, offset=offset, step=run.iteration + 1) as writer,
            stop_on_signal() as stop,
        ):
            for _ in run.iterations(paths, flags, writer):
                if stop:
                    run.commit(paths, flags, writer)
                    print(f"stopped after iteration {run.iteration}; go on with: {go_on}")
                    return False
    except Diverged as error:
        good = paths.checkpoint if paths.checkpoint.exists() else run.source
        raise UserError(f"{error}; the last good checkpoint is {good}") from error
    finally:
        run.close()
    return True
