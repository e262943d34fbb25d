"""The ASGI application: pages, replays, health, metrics, and the entry of the WebSocket.

| route                     | answer                                                    |
|---------------------------|-----------------------------------------------------------|
| `/`, `/play`, `/player`, `/replays`, `/replay` | pages of `botgame/web`               |
| `/static/<path>`          | files of `botgame/web`                                    |
| `/api/replays...`, `/api/films` | recorded matches, see `replay_routes`               |
| `/api/player`             | profile of a person, `?name=`                             |
| `/healthz`, `/metrics`    | whether matches tick; Prometheus text                     |
| `/ws`                     | live play, see `botgame.server.protocol`                  |

Where a token is set, `/api` and `/metrics` require it too: `?token=`, `Authorization: Bearer`, or the cookie that a
page sets when it is opened with `?token=`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from botgame.lms.replay.showing.bundle import WEB
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.hosting.connection import Connection
from botgame.server.hosting.guard import COOKIE, RouteGuard, RouteHandler
from botgame.server.hosting.live_server import LiveServer
from botgame.server.hosting.origin_check import OriginCheck
from botgame.server.hosting.replay_routes import ReplayRoutes
from botgame.server.hosting.socket_gate import OpenSocket, SocketGate
from botgame.server.hosting.token_bucket import AddressLimits
from botgame.server.protocol import MAX_NAME
from botgame.server.records.policy_readout import ReadoutMaker
from botgame.server.records.profiles import profile
from botgame.server.records.replay_list import ReplayList

PAGES = {
    "/": "index.html",
    "/play": "play.html",
    "/player": "player.html",
    "/replays": "replays.html",
    "/replay": "replay.html",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_LOG = logging.getLogger(__name__)
REQUEST_RATE, REQUEST_BURST = 50.0, 500.0  # of one address, a second and at once; a page takes about 60
_SWEEP_SECONDS = 1.0


class WebApp:
    """Answers the routes."""

    def __init__(
        self,
        server: LiveServer,
        workers: BotWorkers,
        replays: ReplayList,
        origin_check: OriginCheck,
        gate: SocketGate,
    ) -> None:
        self._server, self._workers, self._origin_check, self._gate = server, workers, origin_check, gate
        self._list = replays
        self._guard = RouteGuard(server.lobby.is_token, server.guesses)
        self._replays = ReplayRoutes(replays, ReadoutMaker(workers.names), origin_check, server.clock)
        self._requests = AddressLimits(REQUEST_RATE, REQUEST_BURST, server.clock)

    def build(self) -> ASGIApp:
        """The application."""
        routes: list[BaseRoute] = [Route(path, self._page(name)) for path, name in PAGES.items()]
        routes += [
            Route("/healthz", self.health),
            Route("/metrics", self._guard(self.metrics)),
            Route("/api/player", self._guard(self.player)),
            *self._replays.routes(self._guard),
            Mount("/static", StaticFiles(directory=WEB)),
        ]
        return self._with_headers(Starlette(routes=routes, lifespan=self._lifespan))

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[dict[str, SocketGate]]:
        """The server ticks; the protocols of `wire` find the gate in the state that this yields."""
        del app
        sweeping = asyncio.create_task(self._sweep())
        async with self._server:
            yield {"gate": self._gate}
        sweeping.cancel()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self._gate.sweep()

    # ---- pages -------------------------------------------------------------------------------------------------

    def _page(self, name: str) -> RouteHandler:
        async def page(request: Request) -> Response:
            if not (WEB / name).is_file():
                raise HTTPException(404)
            response = FileResponse(WEB / name, media_type="text/html; charset=utf-8")
            given = request.query_params.get("token", "")
            if given and await self._guard.has_token(request, [given]):  # the page's requests need not repeat it then
                response.set_cookie(COOKIE, quote(given), httponly=True, samesite="strict")
            return response

        return page

    def _with_headers(self, app: ASGIApp) -> ASGIApp:
        """Wrap the pages: the WebSocket bypasses them, answers get safe headers, unknown hosts are refused."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket" and scope["path"] == "/ws":
                await self.websocket(scope, receive, send)
                return
            if scope["type"] != "http":
                await app(scope, receive, send)
                return

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                    message["headers"] = [*message.get("headers", []), *extra]
                await send(message)

            with _socket_of(scope).answering():
                await (self._refusal(scope) or app)(scope, receive, send_with_headers)

        return wrapped

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """The answer to a request that is refused whatever it asks for."""
        if not self._requests.allows(_socket_of(scope).address):
            return PlainTextResponse("too many requests", 429, {"Connection": "close", "Retry-After": "10"})
        if not self._origin_check.is_known_host(Headers(scope=scope)):
            return PlainTextResponse("unknown host", 421)
        return None

    # ---- numbers -----------------------------------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        """200 while matches tick, else 503."""
        del request
        ticking = self._server.is_ticking
        return PlainTextResponse("ok\n" if ticking else "the pacer has stopped\n", 200 if ticking else 503)

    async def metrics(self, request: Request) -> Response:
        """The counters as Prometheus text."""
        del request
        rooms = list(self._server.lobby.rooms.values())
        gauges = {
            "connections": float(len(self._server.connections)),
            "rooms": float(len(rooms)),
            "rooms_running": float(sum(room.state == "running" for room in rooms)),
            "bot_requests_waiting": float(self._workers.waiting),
            "process_cpu_seconds": time.process_time(),
        }
        return PlainTextResponse(self._server.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def player(self, request: Request) -> Response:
        """The profile of the person called `?name=`, also of one who has not played."""
        name, leaderboard = request.query_params.get("name", "")[:MAX_NAME], self._server.lobby.leaderboard
        found = await asyncio.to_thread(profile, leaderboard, name, self._list.changed)  # it may list a large folder
        return Response(msgspec.json.encode(found), media_type="application/json")

    # ---- live play ---------------------------------------------------------------------------------------------

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection from its handshake to its end."""
        await receive()  # websocket.connect
        if not self._origin_check.may_connect(Headers(scope=scope)):
            self._gate.count_drop("origin")
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        connection = Connection(self._server.next_number(), receive, send, self._server, _socket_of(scope))
        try:
            await connection.run()
        except Exception:
            _LOG.exception("connection %d failed", connection.number)


def _socket_of(scope: Scope) -> OpenSocket:
    """The TCP connection of a request, which `wire` has left in its scope."""
    opened: OpenSocket = scope["state"]["socket"]
    return opened
