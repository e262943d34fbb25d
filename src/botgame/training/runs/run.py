"""One training run on disk: its files, whether it may start, how it commits and how it goes on.

The resume file is the one commit point: it holds weights, optimiser, buffers, running matches, counters and the
length of the metrics file at that moment. Checkpoints beside it are derived from it and written again on resume,
so a kill at any moment leaves a run that goes on as if nothing had happened. The commit before is kept too, for the
case that the last one's file decays.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from botgame.cli import command_line
from botgame.errors import UserError
from botgame.files import move_to_backups, remove_leftovers, replace, write_atomic
from botgame.locks import locked
from botgame.outputs import Check, check_own
from botgame.signals import STOPPING, handled
from botgame.training.alphastar.checkpoint import is_state, load_state, save_state
from botgame.training.alphastar.learner.diagnostics import Flagged
from botgame.training.alphastar.network.compiled import check_compiler
from botgame.training.alphastar.network.precision import check_precision
from botgame.training.runs.paths import CONFIG_FORMAT, RunPaths
from botgame.training.runs.same_flags import check_same, plain

_NONE: Mapping[Path, Check] = {}


def handle_flagged(
    flagged: Sequence[Flagged], where: str, checkpoint: Path, good: Path, source: str, *, newly_failing: bool
) -> list[str]:
    """Returns a line for each diagnostic that is flagged now, which names the last good checkpoint.

    newly_failing: a check fails for the first time (`Diagnostics`), so `checkpoint`, as of the last commit, is copied
    to `good`, which nothing prunes. where: names the run and the moment; source: where the first weights came from.
    """
    if newly_failing and checkpoint.exists():
        write_atomic(good, checkpoint.read_bytes())
    return [each.line(where, good if good.exists() else source) for each in flagged]


@contextmanager
def at_work(paths: RunPaths, what: Path) -> Iterator[None]:
    """Hold the run's lock, for messages that of `what`; raises UserError for what the disk refuses meanwhile."""
    with locked(paths.lock, what):
        try:
            yield
        except BrokenPipeError:  # the reader of the output is gone; no file of ours is at fault
            raise
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"cannot write beside {what}: {reason}; free space, then add --resume") from error


def begin(
    paths: RunPaths, config: dict[str, Any], *, resume: bool, extends: Sequence[str], more: Mapping[Path, Check] = _NONE
) -> dict[str, Any] | None:
    """Decide how a run starts: returns the state to go on from, or None for a fresh start, which calls `make_room`.

    `extends`: flags that may grow on resume. `more`: further files of such a run, with the check of their kind. Raises
    UserError (code 2) as `check_start` does, and when a flag that matters has changed. The caller holds the run's lock.
    """
    remove_leftovers(paths.checkpoint.parent, paths.owns)
    for folder in more:
        remove_leftovers(folder, bool)
    if resume and paths.resumable:
        return _resume(paths, config, extends)
    if resume:
        print(f"nothing to resume at {paths.resume}: starting", file=sys.stderr)
    check_start(paths, more)
    return None


def make_room(paths: RunPaths, config: dict[str, Any], more: Iterable[Path] = ()) -> None:
    """Move what an earlier run left to backups, `more` files of its kind among it, and write the configuration.

    A fresh run calls it when nothing can keep it from starting any more, so one that cannot start touches no file.
    """
    move_to_backups([*paths.files, *more])
    _write_config(paths, config)


def _resume(paths: RunPaths, config: dict[str, Any], extends: Sequence[str]) -> dict[str, Any]:
    file, state, damage = last_commit(paths)
    with restoring(file, state):
        check_same(state["config"], config, extends, paths.resume)
        int(state["metrics_offset"])
    if damage:
        print(f"warning: {damage}\nwarning: going on from the commit before it, {paths.before}", file=sys.stderr)
        move_to_backups([paths.resume])
    if not paths.resume.exists():
        replace(paths.before, paths.resume)
    return state


def last_commit(paths: RunPaths) -> tuple[Path, dict[str, Any], UserError | None]:
    """File and state of the last commit; where that is damaged, those of the one before, and what is wrong."""
    try:
        return paths.last, load_state(paths.last), None
    except UserError as error:
        if not is_state(paths.before):
            raise
        return paths.before, load_state(paths.before), error


@contextmanager
def restoring(file: Path, state: dict[str, Any] | None) -> Iterator[None]:
    """What `state`, from `file`, lacks or has of a wrong type or size is a UserError: another release wrote it.

    state: None for a new run.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        if state is None:
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(
            f"{file}: the resume state does not fit this release ({reason}); go on with the release that wrote "
            "it, or start anew with another output"
        ) from error


def check_start(paths: RunPaths, more: Mapping[Path, Check] = _NONE) -> None:
    """Raise UserError (code 2) when a fresh start would end an unfinished run, or touch what no such run wrote."""
    if is_state(paths.last) and not load_state(paths.last).get("finished"):
        raise UserError(
            f"{paths.last} is an unfinished run: add --resume to go on, or delete it, or choose another output",
            2,
        )
    check_own({**paths.files, **more})


def commit(paths: RunPaths, config: dict[str, Any], state: dict[str, Any], *, offset: int, finished: bool) -> None:
    """Make `state` the one to resume from. `offset`: bytes of the metrics file that belong to it."""
    flags = plain(config)
    whole = {**state, "config": flags, "metrics_offset": offset, "finished": finished}
    save_state(paths.resume, whole, paths.before)
    _write_config(paths, flags)


def resume_command(argv: Sequence[str] | None, module: str) -> str:
    """The command line that continues this run, to paste into a shell."""
    words = list(argv if argv is not None else sys.argv[1:])
    if "--resume" not in words:
        words.append("--resume")
    return command_line(["python", "-m", module, *words])


class StopRequest:
    """True once the user pressed Ctrl-C, or the process was asked to end; the loop then commits and ends."""

    def __init__(self) -> None:
        self.requested = False

    def __bool__(self) -> bool:
        return self.requested


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn Ctrl-C, SIGTERM or Ctrl-Break into a request that the training loop sees at its next safe point.

    The second time raises KeyboardInterrupt.
    """
    stop = StopRequest()

    def act() -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True
        print("stopping at the next safe point (Ctrl-C again ends at once)", file=sys.stderr)

    with handled(STOPPING, act):
        yield stop


def choose_device(
    device: str, *, cpu: bool, threads: int, precision: str = "auto", compiled: bool = False
) -> torch.device:
    """The device of `--device auto|cpu|cuda` / `--cpu`, with `threads` CPU threads (0: one a core).

    Raises UserError when CUDA is asked for and not there, or what --precision and --compile ask for.
    """
    if threads:
        torch.set_num_threads(threads)
    wanted = "cpu" if cpu else device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: this torch sees no CUDA device; use --device cpu, or install a CUDA build", 2)
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = torch.device(wanted)
    if wanted == "cuda":  # a run repeats exactly: cuDNN and cuBLAS else choose what is fast now
        torch.backends.cudnn.deterministic = True
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    check_precision(precision, chosen)
    if compiled:
        check_compiler(chosen)
    return chosen


def _write_config(paths: RunPaths, config: dict[str, Any]) -> None:
    """`config`: plain values of the flags."""
    text = json.dumps({"format": CONFIG_FORMAT, **config}, indent=2, sort_keys=True, default=str)
    write_atomic(paths.config, text.encode() + b"\n")
