"""The HTTP server: builds all parts from the options and listens. Commands and tests start it."""

from __future__ import annotations

import contextlib
import gc
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import uvicorn

from botgame import rng
from botgame.errors import UserError
from botgame.game import Due, Policy
from botgame.lms.arena import Arena
from botgame.lms.game import lms
from botgame.policies import load_policy
from botgame.server.hosting.app import WebApp
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.file_limit import allow_files
from botgame.server.hosting.level_lines import level_lines
from botgame.server.hosting.live_server import LiveServer
from botgame.server.hosting.log_flood import limited_log
from botgame.server.hosting.origin_check import OriginCheck
from botgame.server.hosting.pacing import fine_timer
from botgame.server.hosting.socket_gate import MOST_STRANGERS, SocketGate
from botgame.server.hosting.token_bucket import AddressLimits
from botgame.server.hosting.token_guesses import TokenGuesses
from botgame.server.hosting.wire import HttpSocket, WebSocket
from botgame.server.metrics import Metrics
from botgame.server.options import ServerOptions
from botgame.server.protocol import MAX_MESSAGE
from botgame.server.records.archive import Archive, read_records
from botgame.server.records.leaderboard import Leaderboard
from botgame.server.records.name_claims import NameClaims
from botgame.server.records.name_owners import NameOwners
from botgame.server.records.replay_list import ReplayList
from botgame.server.rooms.lobby import LobbySettings, MatchLobby
from botgame.wording import counted

_LOG = logging.getLogger(__name__)
_SWITCH = 0.0005  # seconds that the bots' thread may hold the interpreter while a tick waits for it
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - "every address": a browser cannot open that one
_BACKLOG = 64  # connections that are accepted at once
_RESERVED = 4 * _BACKLOG + 64  # open files: those of connections that are being closed, and all that are no connections
_FEWEST_STRANGERS = 16
_MAX_HEAD = 1 << 14  # bytes of a request's head
_ROOM_RATE = 1.0  # rooms a second that an address may make, after `max_rooms` at once
_JOIN_RATE = 4.0  # rooms a second that an address may enter, after `max_clients` at once
MESSAGE_RATE = 30.0  # messages a second of an address, for each client that there may be; then they wait
_PING = 10.0  # seconds between pings, and for the answer: a dead connection is noticed within twice that


class HttpServer(uvicorn.Server):
    """A live server over HTTP. Run it, or start and stop it inside a running loop, as tests do."""

    def __init__(self, options: ServerOptions, on_start: Callable[[HttpServer], None] | None = None) -> None:
        self.options, self._on_start = options, on_start
        policies = load_bots(options.bots)
        records, problems = read_records(options.reports_dir)
        for problem in problems:
            _LOG.warning("%s", problem)
        archive = Archive(options.data_dir, options.reports_dir, options.feedback_dir, options.run)
        archive.check()
        metrics, workers, clock = Metrics(), BotWorkers(policies), time.monotonic
        self.gate = SocketGate(options.max_clients, _strangers(options.max_clients), clock, metrics.drop)
        settings = LobbySettings(
            bots=options.bots,
            token=options.token,
            max_rooms=options.max_rooms,
            seed=options.seed,
            rules=options.rules,
            countdown_ticks=options.countdown_ticks,
            delay_ticks=options.delay_ticks,
            levels=level_lines(options.bots),
        )
        leaderboard, names = Leaderboard(records), NameOwners(records, NameClaims(options.data_dir))
        self.lobby = MatchLobby(settings, workers, leaderboard, names, metrics, lambda: secrets.token_urlsafe(16))
        room_limits = AddressLimits(_ROOM_RATE, options.max_rooms, clock)
        join_limits = AddressLimits(_JOIN_RATE, options.max_clients, clock)
        most = MESSAGE_RATE * options.max_clients
        message_limits, guesses = AddressLimits(most, most, clock), TokenGuesses(clock)
        self.live = LiveServer(self.lobby, workers, archive, metrics, guesses, room_limits, join_limits, message_limits)
        origin_check = OriginCheck(options.host, options.origins)
        site = WebApp(self.live, workers, ReplayList(options.data_dir), origin_check, self.gate)
        super().__init__(
            uvicorn.Config(
                site.build(),
                host=options.host,
                port=options.port,
                http=HttpSocket,
                ws=WebSocket,
                backlog=_BACKLOG,
                h11_max_incomplete_event_size=_MAX_HEAD,
                ws_max_size=MAX_MESSAGE,
                ws_ping_interval=_PING,
                ws_ping_timeout=_PING,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=1,
                log_config=None,
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

    async def shutdown(self, sockets: Any = None) -> None:
        """Save the running matches before anything waits for clients that do not close."""
        await self.live.stop()
        await super().shutdown(sockets)

    def run_until_stopped(self) -> int:
        """Serve until Ctrl-C or SIGTERM. Returns how many matches were saved.

        Running matches are cut off where they are, and saved. Raises UserError for a taken port, and when a match was
        lost.
        """
        with limited_log(), _prepared_for_ticks():
            try:
                self.run()
            except SystemExit as error:
                taken = f"cannot listen at {self.options.host} port {self.options.port}; choose another port"
                raise UserError(taken) from error
            except KeyboardInterrupt:
                pass  # how a user stops a server
        metrics = self.live.metrics
        if metrics.unsaved:
            raise UserError(
                f"not saved: {metrics.unsaved} of {counted(metrics.matches, 'match')}; the lines above say why"
            )
        return metrics.matches


@contextlib.contextmanager
def _prepared_for_ticks() -> Iterator[None]:
    """Set the interpreter and the system's timers up for ticks that come on time."""
    gc.collect()
    gc.freeze()  # the compiled simulation is a large heap: a full collection would delay every match
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        with fine_timer():
            yield
    finally:
        sys.setswitchinterval(usual)
        gc.unfreeze()


def _strangers(clients: int) -> int:
    """How many connections may be open besides those of clients. Raises UserError where there is too little room."""
    limit = allow_files(clients + MOST_STRANGERS + _RESERVED)
    strangers = limit - clients - _RESERVED
    if strangers < _FEWEST_STRANGERS:
        most = limit - _RESERVED - _FEWEST_STRANGERS
        raise UserError(
            f"--max-clients {clients} is more than the {limit} files that this system lets a process open allow; "
            f"choose at most {most}, or raise the limit (ulimit -n)"
            if most > 0
            else f"this system lets a process open {limit} files; raise the limit (ulimit -n)"
        )
    return strangers


def load_bots(names: tuple[str, ...]) -> dict[str, Policy]:
    """Load all bots and try each once, so that a broken one is found now. Raises UserError."""
    arena = Arena(1, 2)
    arena.reset(0, 0, (0, 1), 900)
    both = Due(np.zeros(2, np.int32), np.arange(2, dtype=np.int32))
    observation, policies = arena.observe(both), {}
    arena.digest(0)  # these kernels are compiled on first use: not during a match
    arena.readiness(0)
    for name in names:
        policy = load_policy(lms(), name)
        keys = np.array([rng.derive(seat) for seat in range(2)], np.uint64)
        actions, _ = policy.act(observation, policy.initial_memory(2), keys)
        if np.shape(actions) != (2, 6):
            raise UserError(f"bot {name!r} returned actions of shape {np.shape(actions)}, expected (2, 6): correct it")
        policies[name] = policy
    return policies
