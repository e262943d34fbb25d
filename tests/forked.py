"""Processes that start at once: commands for tests that stop or kill them, and the children of an engine.

A Python that imports PyTorch and the trainers takes five seconds of a core. Here one process does so for all tests, and
each process is a fork of it (multiprocessing's `forkserver`). Windows forks no process, and knows no SIGKILL.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from botgame.training.alphastar.engine import child_process

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

needs_forks = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
_TRAINERS = [f"botgame.training.{name}.command" for name in ("rl", "league", "imitation", "best_response")]
_SERVERS = ["botgame.server.run_match", "botgame.server.live", "botgame.server.hosting.serving"]
_IMPORTED = ["pytest", "torch.utils.tensorboard", "onnxruntime", "botgame.lms.game", *_TRAINERS, *_SERVERS]


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    return context


@contextmanager
def forked_children() -> Iterator[None]:
    """Let the children of an engine be forks, where there are any; a few of the tests spawn them."""
    if sys.platform == "win32":
        yield
        return
    names = SimpleNamespace(get_context=lambda _spawn: _context(), parent_process=multiprocessing.parent_process)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child_process, "multiprocessing", names)
        yield


class Forked:
    """A command that runs; what it prints, errors too, can be read from `stdout`. Like `subprocess.Popen` else."""

    def __init__(self, module: str, *words: object) -> None:
        context = _context()
        reading, writing = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(module, [*map(str, words)], writing))
        self._process.start()
        writing.close()
        self.stdout = os.fdopen(os.dup(reading.fileno()), encoding="utf-8")
        reading.close()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 240) -> tuple[str, None]:
        """Wait until it has ended: what it has printed that was not read."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self._process.name), timeout)
        with self.stdout:
            return self.stdout.read(), None


def _run(module: str, words: Sequence[str], output: Connection) -> None:
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, "utf-8", closefd=False) for number in (1, 2))
    sys.exit(importlib.import_module(module).main(words))
