"""The HTTP server: builds all parts from the options and listens. Commands and tests start it."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import socket
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from botgame import rng
from botgame.errors import UserError
from botgame.game import Due, Policy
from botgame.lms.arena import Arena
from botgame.lms.game import lms
from botgame.policies import load_policy
from botgame.server.hosting.app import WebApp
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.live_server import LiveServer
from botgame.server.hosting.origin_check import OriginCheck
from botgame.server.hosting.pacing import fine_timer
from botgame.server.metrics import Metrics
from botgame.server.options import ServerOptions
from botgame.server.protocol import MAX_MESSAGE
from botgame.server.records.archive import Archive
from botgame.server.records.leaderboard import Leaderboard
from botgame.server.records.replay_list import ReplayList
from botgame.server.rooms.lobby import LobbySettings, MatchLobby

_LOG = logging.getLogger(__name__)
_SWITCH = 0.0005  # seconds that the bots' thread may hold the interpreter while a tick waits for it
_SEND_BUFFER = 1 << 17  # bytes: some seconds of play, so that the server soon notices a client that does not read
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - "every address": a browser cannot open that one
_PING = 10.0  # seconds between pings, and for the answer: a dead connection is noticed within twice that


class _WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket that also lets the application abort: ASGI only offers a closing handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put `abort` into the state of the scope, and keep the send buffer of the socket small."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            self.app_state = {**self.app_state, "abort": transport.abort}
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


class HttpServer(uvicorn.Server):
    """A live server over HTTP. Run it, or start and stop it inside a running loop, as tests do."""

    def __init__(self, options: ServerOptions, on_start: Callable[[HttpServer], None] | None = None) -> None:
        self.options, self._on_start = options, on_start
        policies = load_bots(options.bots)
        leaderboard, problems = Leaderboard.read(options.reports_dir)
        for problem in problems:
            _LOG.warning("%s", problem)
        metrics, workers = Metrics(), BotWorkers(policies)
        settings = LobbySettings(options.bots, options.token, options.max_rooms, options.seed, options.rules)
        self.lobby = MatchLobby(settings, workers, leaderboard, metrics, lambda: secrets.token_urlsafe(16))
        archive = Archive(options.data_dir, options.reports_dir, options.feedback_dir, options.run)
        self.live = LiveServer(self.lobby, workers, archive, metrics)
        origin_check = OriginCheck(options.host, options.origins)
        replays = ReplayList(options.data_dir)
        self.site = WebApp(
            self.live, workers, replays, origin_check, token=options.token, max_clients=options.max_clients
        )
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
        """The address for a browser on this machine; port 0 has become a real port once the server has started."""
        host = _LOOPBACK.get(self.options.host, self.options.host)
        host = f"[{host}]" if ":" in host else host
        port = self.servers[0].sockets[0].getsockname()[1] if self.started else self.options.port
        return f"http://{host}:{port}/"

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then call `on_start`."""
        await super().startup(sockets)
        if self.started and self._on_start is not None:
            self._on_start(self)

    def run_until_stopped(self) -> None:
        """Serve until Ctrl-C or SIGTERM; running matches are finished and saved. Raises UserError for a taken port."""
        gc.collect()
        gc.freeze()  # the compiled simulation is a large heap: a full collection would delay every match
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        try:
            with fine_timer():
                self.run()
        except SystemExit as error:
            taken = f"cannot listen at {self.options.host} port {self.options.port}; choose another port"
            raise UserError(taken) from error
        except KeyboardInterrupt:
            pass  # how a user stops a server
        finally:
            sys.setswitchinterval(usual)
            gc.unfreeze()


def load_bots(names: tuple[str, ...]) -> dict[str, Policy]:
    """Load all bots and try each once, so that a broken one is found now. Raises UserError."""
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
