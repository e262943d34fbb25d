"""A match server of our own, as a program beside this one, for runs without `--server`.

It stops when its standard input ends: when we close it, and also when we are killed.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence

from botgame.errors import UserError
from botgame.live.socket_play import socket_address

START_SECONDS = 120.0  # a cold start compiles the simulation
STOP_SECONDS = 20.0  # the server finishes and saves its matches
GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # only Windows has it
_ADDRESS = re.compile(r"(?:http|ws)s?://[\w.:\[\]-]+")


class OwnServer:
    """Starts on entering, stops on leaving. `address` is that of its socket."""

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self.command = [sys.executable, "-m", "botgame.server.live", "--port", "0", "--stop-with-input", *flags]
        self.address = ""
        self._lines: deque[str] = deque(maxlen=20)
        self._found = threading.Event()

    def __enter__(self) -> OwnServer:
        """Start, and wait until it says where it listens. Raises UserError when it does not."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=GROUP,  # a group of its own: Ctrl-C stops us, and we then stop the server in order
            start_new_session=sys.platform != "win32",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        give_up = time.monotonic() + START_SECONDS
        while not self._found.wait(0.1):
            if self._process.poll() is not None or time.monotonic() > give_up:
                self._stop()
                last = next((line for line in reversed(self._lines) if line), "it said nothing")
                raise UserError(f"the match server did not start: {last}")
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop in order; by force when that takes too long."""
        self._stop()

    def _read(self) -> None:
        """Keep reading, so that the server never waits for a full pipe."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.strip())
            if not self._found.is_set() and (match := _ADDRESS.search(line)):
                self.address = socket_address(match.group())
                self._found.set()

    def _stop(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1.0)
        assert self._process.stdout is not None
        self._process.stdout.close()
