"""A child process that answers messages, and ends with its parent, whatever ends that.

The child imports nothing heavy before it watches its parent, so it cannot outlive it while it still starts. `spawn`
alone, which every system has.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any

from botgame.errors import UserError
from botgame.signals import TERMINATION

_STOP_SECONDS = 5.0
_GRACE_SECONDS = 30.0


class ChildProcess:
    """The parent's side of one child. `shared`: blocks of memory (`RawArray`) that both sides use.

    The first message says what the child does: a pickled function and its arguments. The function is called with a
    `Line` to the parent, the arguments and the blocks.
    """

    def __init__(self, *shared: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, shared), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, message: bytes) -> None:
        """Send a message. Raises UserError when the child has died."""
        try:
            self._pipe.send_bytes(message)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> bytes:
        """Wait for the next answer. Raises UserError when the child has died."""
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._death() from error

    def hang_up(self) -> None:
        """Let the child end: it finds out when it next receives or sends."""
        self._pipe.close()

    def kill(self) -> None:
        """End the child at once, whatever it is doing."""
        self._process.kill()

    def join(self) -> None:
        """Wait for the end of the child, which has been hung up on; after some seconds end it."""
        self._process.join(_STOP_SECONDS)
        self._process.kill()
        self._process.join()

    def _death(self) -> UserError:
        self._process.join(_STOP_SECONDS)
        return UserError(
            f"a process of this run has died (exit code {self._process.exitcode}): go on with --resume, and with a "
            "smaller --threads if memory is short"
        )


class Line:
    """The child's side of the pipe to its parent."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def receive(self) -> bytes | None:
        """The next message; None when the parent has hung up."""
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            return None

    def send(self, message: bytes) -> None:
        """Answer; a parent that has hung up does not get it."""
        with contextlib.suppress(OSError):
            self._pipe.send_bytes(message)


def _run(pipe: Connection, shared: tuple[Any, ...]) -> None:
    """Run a child: start to watch the parent, then do what the first message says."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it, commits, and hangs up
    for number in TERMINATION:
        signal.signal(number, _end_later)
    line = Line(pipe)
    first = line.receive()
    if first is None:
        return
    work: tuple[Callable[..., None], tuple[Any, ...]] = pickle.loads(first)  # noqa: S301 - from our own parent
    function, arguments = work
    function(line, *arguments, *shared)


def _end_with_parent() -> None:
    """End at once when the parent has: it may have been killed, and this process may be in the middle of its work."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _end_later(_number: int, _frame: FrameType | None) -> None:
    """Leave the parent, which was asked to end too, the time to commit and to hang up."""
    timer = threading.Timer(_GRACE_SECONDS, os._exit, [1])
    timer.daemon = True
    timer.start()
