"""A match server on this machine, as a child process, for runs that name no server.

It stops when its standard input ends: when the collector closes it, and also when the collector is killed.
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


class LocalServer:
    """Starts on entering, stops on leaving. `address`: that of its WebSocket. flags: of `botgame.server.live`."""

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self.command = [sys.executable, "-m", "botgame.server.live", "--port", "0", "--stop-with-input", *flags]
        self.address = ""
        self._lines: deque[str] = deque(maxlen=20)
        self._found = threading.Event()

    def __enter__(self) -> LocalServer:
        """Start, and wait for the address that it prints. Raises UserError when it prints none."""
        self._process = subprocess.Popen(  # noqa: S603 - our module
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=GROUP,  # a separate group: Ctrl-C reaches only the collector, which then stops the server
            start_new_session=sys.platform != "win32",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._found.wait(0.1):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                last = next((line for line in reversed(self._lines) if line), "it printed nothing")
                raise UserError(f"the match server did not start: {last}")
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop; kill the process when that takes too long."""
        self._stop()

    def _read(self) -> None:
        """Read all output, so that the server never waits for a full pipe."""
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
