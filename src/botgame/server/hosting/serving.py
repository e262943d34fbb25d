"""From settings to a listening server: everything is put together here, for the commands and for tests."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from botgame import rng
from botgame.errors import UserError
from botgame.game import Policy
from botgame.lms.arena import Arena, Due
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.policies import load_policy
from botgame.server.hosting.app import LiveApp
from botgame.server.hosting.bot_workers import Brains
from botgame.server.hosting.live_server import LiveServer
from botgame.server.hosting.metrics import Metrics
from botgame.server.hosting.origin_check import Doors
from botgame.server.hosting.pacing import fine_timer
from botgame.server.protocol import MAX_MESSAGE
from botgame.server.records.archive import Archive
from botgame.server.records.leaderboard import Ladder
from botgame.server.records.replay_list import Shelf
from botgame.server.rooms.lobby import Lobby, Settings

_LOG = logging.getLogger(__name__)
_SWITCH = 0.0005  # seconds that the thread of the bots may keep the interpreter while a tick waits for it
_SEND_BUFFER = 1 << 17  # bytes: some seconds of play, so that who does not read is noticed in time
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no address to open: "all of this machine's"
_PING = 10.0  # seconds between pings, and for the answer: a dead line is noticed within twice that


@dataclass(frozen=True)
class Options:
    """What the operator decides. bots: names for `load_policy`. token: "" for none. run: names the report folders."""

    bots: tuple[str, ...]
    data_dir: Path
    reports_dir: Path
    feedback_dir: Path
    run: str
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    seed: int = 0
    max_rooms: int = 64
    max_clients: int = 256
    origins: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)


class _WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which also lets the application cut the line: ASGI knows only polite closing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The application finds `abort` in the state of its scope; what is sent does not pile up in the kernel."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            self.app_state = {**self.app_state, "abort": transport.abort}
        line = transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


class Serving(uvicorn.Server):
    """A live server that can be run or, in tests, started and stopped inside a running loop."""

    def __init__(self, options: Options, on_start: Callable[[Serving], None] | None = None) -> None:
        self.options, self._on_start = options, on_start
        policies = load_bots(options.bots)
        ladder, problems = Ladder.read(options.reports_dir)
        for problem in problems:
            _LOG.warning("%s", problem)
        metrics, brains = Metrics(), Brains(policies)
        settings = Settings(options.bots, options.token, options.max_rooms, options.seed, options.rules)
        self.lobby = Lobby(settings, brains, ladder, metrics, lambda: secrets.token_urlsafe(16))
        archive = Archive(options.data_dir, options.reports_dir, options.feedback_dir, options.run)
        self.live = LiveServer(self.lobby, brains, archive, metrics)
        doors = Doors(options.host, options.origins)
        shelf = Shelf(options.data_dir)
        self.site = LiveApp(self.live, brains, shelf, doors, token=options.token, max_clients=options.max_clients)
        super().__init__(
            uvicorn.Config(
                self.site.build(),
                host=options.host,
                port=options.port,
                ws=_WebSocket,
                ws_max_size=MAX_MESSAGE,
                ws_ping_interval=_PING,
                ws_ping_timeout=_PING,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=5,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
            )
        )

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the server; a port of 0 has become a real one once it has started."""
        host = _HERE.get(self.options.host, self.options.host)
        host = f"[{host}]" if ":" in host else host
        port = self.servers[0].sockets[0].getsockname()[1] if self.started else self.options.port
        return f"http://{host}:{port}/"

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started and self._on_start is not None:
            self._on_start(self)

    def run_until_stopped(self) -> None:
        """Serve until Ctrl-C or SIGTERM; running matches are finished and saved. Raises UserError for a taken port."""
        gc.collect()
        gc.freeze()  # the compiled simulation is a large heap: a full collection would stop every match
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        try:
            with fine_timer():
                self.run()
        except SystemExit as error:
            taken = f"cannot listen at {self.options.host} port {self.options.port}; choose another --port"
            raise UserError(taken) from error
        except KeyboardInterrupt:
            pass  # the usual way to stop a server
        finally:
            sys.setswitchinterval(usual)
            gc.unfreeze()


def load_bots(names: tuple[str, ...]) -> dict[str, Policy]:
    """All bots, each tried once on a first observation so that a broken one is noticed now. Raises UserError."""
    arena = Arena(1, 2)
    arena.reset(0, 0, (0, 1), 900)
    both = Due(np.zeros(2, np.int32), np.arange(2, dtype=np.int32))
    observation, policies = arena.observe(both), {}
    for name in names:
        policy = load_policy(lms(), name)
        keys = np.array([rng.derive(seat) for seat in range(2)], np.uint64)
        actions, _ = policy.act(observation, policy.initial_memory(2), keys)
        if np.shape(actions) != (2, 6):
            raise UserError(f"bot {name!r} returned actions of shape {np.shape(actions)}, expected (2, 6): correct it")
        policies[name] = policy
    return policies
