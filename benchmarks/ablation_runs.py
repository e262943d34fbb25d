"""Makes runs: a sitting works through (arm, seed) in order, several side by side, and each that ends leaves a file.

A run trains and is measured in processes of its own. Whatever stops a sitting, the next one takes what is finished from
`results/` and lets what was begun go on from its last commit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from ablation_arms import BY_NAME, IMITATION, Arm, Plan, measured, measuring, past_selves, training
from ablation_child import CPU_FILE
from botgame.files import write_atomic
from botgame.lms.game import lms
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.best_response.results import FILE, read_results
from botgame.training.evaluation.worst_rival import worst_rate
from botgame.wording import counted

CHILD = Path(__file__).with_name("ablation_child.py")


class Job(NamedTuple):
    """One arm with one seed."""

    arm: Arm
    seed: int

    def __str__(self) -> str:
        return f"{self.arm.name}, seed {self.seed}"


class StoppedError(Exception):
    """The sitting was stopped while a command ran."""


class FailedError(Exception):
    """A command failed; its log says why."""


def result_path(plan: Plan, arm: str, seed: int) -> Path:
    """The file that a finished run leaves."""
    return plan.folder / "results" / f"{arm}.seed{seed}.json"


def finished(plan: Plan, arm: Arm, seed: int) -> dict[str, Any] | None:
    """The result of a run; None before it is finished, and where the arm has other flags by now."""
    path = result_path(plan, arm.name, seed)
    result: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return result if result.get("commands", [[]])[0] == training(arm, seed, plan) else None


class Sitting:
    """Works off jobs on `workers` threads, each of which waits for one command at a time."""

    def __init__(self, plan: Plan, jobs: Sequence[Job], *, workers: int, minutes: float | None) -> None:
        """`minutes`: after so long no further run is started."""
        self._plan, self._waiting, self._workers = plan, list(jobs), workers
        self._until = time.monotonic() + 60.0 * minutes if minutes is not None else float("inf")
        self._changed = threading.Condition()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._running = 0
        self.stopped = False
        self.failed: list[str] = []

    def work(self) -> bool:
        """Returns whether all jobs are done."""
        self._drop_done()
        print(f"{counted(len(self._waiting), 'run')} to make, {self._workers} at a time", flush=True)
        threads = [threading.Thread(target=self._work) for _ in range(self._workers)]
        with self._stopping():
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)  # short waits: a signal is handled between them
        return not self._waiting and not self.failed and not self.stopped

    def _work(self) -> None:
        while (job := self._take()) is not None:
            started = time.monotonic()
            print(f"begins: {job}", flush=True)
            try:
                run(self._plan, job, self._execute)
                print(f"done: {job} in {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
            except StoppedError:
                print(f"stopped: {job}", flush=True)
            except Exception as error:  # one run that fails must not end the night
                print(f"failed: {job}: {error}", file=sys.stderr, flush=True)
                self.failed.append(str(job))
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _take(self) -> Job | None:
        """The first job whose needs are met; waits while a running one may still meet them."""
        with self._changed:
            while self._waiting and not self.stopped and time.monotonic() < self._until:
                self._drop_done()  # what another sitting has made meanwhile
                for job in self._waiting:
                    if all(self._done(name, job.seed) for name in job.arm.needs):
                        self._waiting.remove(job)
                        self._running += 1
                        return job
                if not self._running:
                    break
                self._changed.wait(1.0)
        return None

    def _drop_done(self) -> None:
        self._waiting = [job for job in self._waiting if not self._done(job.arm.name, job.seed)]

    def _done(self, arm: str, seed: int) -> bool:
        return finished(self._plan, BY_NAME[arm], seed) is not None

    def _execute(self, command: Sequence[str], log: Path, cpu: Path) -> None:
        """Run module and arguments to the end, its CPU seconds in `cpu`. Raises StoppedError or FailedError."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", CPU_FILE: str(cpu)}
        words = [sys.executable, str(CHILD), *command]
        with log.open("ab") as out:
            with self._changed:
                if self.stopped:
                    raise StoppedError
                child = subprocess.Popen(
                    words, stdin=subprocess.PIPE, stdout=out, stderr=out, env=environment, start_new_session=True
                )
                self._children.add(child)
                if self.stopped:  # while it was started
                    interrupt(child)
            code = child.wait()
        with self._changed:
            self._children.discard(child)
        assert child.stdin is not None
        child.stdin.close()
        if self.stopped:
            raise StoppedError
        if code:
            raise FailedError(f"{command[0]} ended with {code}: see {log}")

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Ctrl-C or a plain kill stops the commands, which commit first."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self.stopped:
            print("stopping: the runs in progress commit; a later sitting goes on", flush=True)
        self.stopped = True
        for child in tuple(self._children):
            interrupt(child)


def interrupt(child: subprocess.Popen[bytes]) -> None:
    """Ask a command to commit and end; on Windows, where that cannot be asked of another process, end it."""
    if sys.platform == "win32":
        child.terminate()
    else:
        child.send_signal(signal.SIGINT)


def run(plan: Plan, job: Job, execute: Any) -> None:
    """Train and measure one arm with one seed, then leave its result.

    `execute(command, log, cpu)` runs a command, which adds its CPU seconds to the file `cpu`.
    """
    arm, seed = job
    home = plan.home(arm.name, seed)
    home.mkdir(parents=True, exist_ok=True)
    commands = [training(arm, seed, plan)]
    execute(commands[0], home / "log.txt", home / "training.cpu")
    if measure := measuring(arm, seed, plan):
        commands.append(measure)
        execute(measure, home / "log.txt", home / "measuring.cpu")
    result = {
        "arm": arm.name,
        "seed": seed,
        "commands": commands,
        "cpu_minutes": cpu_minutes(home / "training.cpu"),
        "cpu_minutes_measuring": cpu_minutes(home / "measuring.cpu"),
        **(_response(plan, job) if arm.kind == "response" else _figures(plan, job)),
    }
    write_atomic(result_path(plan, arm.name, seed), json.dumps(result, indent=2).encode() + b"\n")
    for path in home.rglob("*resume*.pt"):  # some hundred MB, of use only to go on
        path.unlink()


def cpu_minutes(path: Path) -> float | None:
    """CPU time of all sittings of a command, but for those that were killed; None where no sitting left any."""
    return sum(float(line) for line in path.read_text().split()) / 60 if path.exists() else None


def _figures(plan: Plan, job: Job) -> dict[str, Any]:
    """Decisions, checkpoint and win rates of a measured run."""
    arm, seed = job
    final = plan.final(arm, seed)
    pairs = json.loads(measured(arm, seed, plan).read_text())["pairs"]
    own = {pair["b"]: pair for pair in pairs if pair["a"] == str(final)}
    rates = {rival: pair["win_rate"] for rival, pair in own.items()}
    past = [own[str(path)] for path in past_selves(arm, seed, plan)]
    imitation = rates.get(str(plan.home(IMITATION, seed) / "pi.pt"))
    return {
        "decisions": load_checkpoint(final, lms()).counters.get("decisions"),
        "checkpoint": str(final),
        "measures": {
            "lms_re": rates["lms_re"],
            **({"imitation": imitation} if imitation is not None else {}),
            **({"past": worst_past(past)} if past else {}),
        },
    }


def worst_past(pairs: Sequence[dict[str, Any]]) -> float:
    """Win rate against the worst past self, from the pairs of `evaluate --json`, which all play the same seeds."""
    return worst_rate(
        {
            (pair["b"], number): (points, matches)
            for pair in pairs
            for number, (points, matches) in enumerate(pair["seeds"])
        }
    )


def _response(plan: Plan, job: Job) -> dict[str, Any]:
    """Win rate of a best response on unseen seeds."""
    search = read_results(plan.home(job.arm.name, job.seed) / FILE).searches["supervised"]
    assert search.final is not None
    return {"decisions": search.curve[-1].spent, "measures": {"response": search.final.win_rate}}
