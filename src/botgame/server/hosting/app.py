"""The ASGI application: pages, replays, health, metrics, and the door of the WebSocket.

| route                     | answer                                                    |
|---------------------------|-----------------------------------------------------------|
| `/`, `/play`, `/replays`, `/replay` | pages of `botgame/web`                          |
| `/static/<path>`          | files of `botgame/web`                                    |
| `/api/replays`            | `{"replays": [...]}`, newest first                        |
| `/api/replays/<file>`     | film of a replay                                          |
| `/api/replays/<file>/thoughts` | what the networks thought that played it             |
| `/healthz`, `/metrics`    | is it alive; Prometheus text                              |
| `/ws`                     | live play, see `botgame.server.protocol`                  |

Where a token is set, `/api` and `/metrics` ask for it too: `?token=`, `Authorization: Bearer`, or the cookie that a
page sets when it is opened with `?token=`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from botgame.errors import UserError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.showing.film import film_json
from botgame.lms.replay.showing.policy_readout import Thoughts, find_thoughts
from botgame.server.hosting.bot_workers import Brains
from botgame.server.hosting.connection import Connection
from botgame.server.hosting.live_server import LiveServer
from botgame.server.hosting.origin_check import Doors
from botgame.server.records.policy_readout import Thinker
from botgame.server.records.replay_list import Shelf

WEB = Path(__file__).resolve().parents[2] / "web"
PAGES = {"/": "index.html", "/play": "play.html", "/replays": "replays.html", "/replay": "replay.html"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
COOKIE = "botgame_token"
_LOG = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]


class LiveApp:
    """What the routes need. `token`: "" when there is none."""

    def __init__(
        self, server: LiveServer, brains: Brains, shelf: Shelf, doors: Doors, *, token: str, max_clients: int
    ) -> None:
        self._server, self._brains, self._shelf, self._doors = server, brains, shelf, doors
        self._thinker = Thinker(brains.names)
        self._token, self.max_clients = token, max_clients
        self._filming = asyncio.Semaphore(1)  # films take a processor for a while: one at a time

    def build(self) -> ASGIApp:
        """The application."""
        routes: list[BaseRoute] = [Route(path, self._page(name)) for path, name in PAGES.items()]
        routes += [
            Route("/healthz", self.health),
            Route("/metrics", self._guarded(self.metrics)),
            Route("/api/replays", self._guarded(self.replays)),
            Route("/api/replays/{name}", self._guarded(self.film)),
            Route("/api/replays/{name}/thoughts", self._guarded(self.thoughts)),
            Mount("/static", StaticFiles(directory=WEB)),
        ]
        return self._with_door(Starlette(routes=routes, lifespan=self._lifespan))

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        del app
        async with self._server:
            yield

    # ---- pages -------------------------------------------------------------------------------------------------

    def _page(self, name: str) -> Handler:
        async def page(request: Request) -> Response:
            if not (WEB / name).is_file():
                raise HTTPException(404)
            response = FileResponse(WEB / name, media_type="text/html; charset=utf-8")
            given = request.query_params.get("token", "")
            if given and self._is_token(given):  # so that the page's own requests need not repeat it
                response.set_cookie(COOKIE, given, httponly=True, samesite="strict")
            return response

        return page

    def _with_door(self, app: ASGIApp) -> ASGIApp:
        """Around the pages: the WebSocket goes past them, answers get safe headers, unknown hosts get nothing."""

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

            if self._doors.is_our_host(Headers(scope=scope)):
                await app(scope, receive, send_with_headers)
            else:
                await PlainTextResponse("unknown host", 421)(scope, receive, send_with_headers)

        return wrapped

    # ---- numbers and replays -----------------------------------------------------------------------------------

    def _guarded(self, handler: Handler) -> Handler:
        """Only for those who know the token."""

        async def guarded(request: Request) -> Response:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            given = (bearer, request.query_params.get("token", ""), request.cookies.get(COOKIE, ""))
            if not any(self._is_token(token) for token in given):
                raise HTTPException(403, "this server asks for its token")
            return await handler(request)

        return guarded

    def _is_token(self, given: str) -> bool:
        """True where no token is asked for."""
        return not self._token or hmac.compare_digest(given.encode(), self._token.encode())

    async def health(self, request: Request) -> Response:
        """200 while matches tick."""
        del request
        alive = self._server.is_ticking
        return PlainTextResponse("ok\n" if alive else "the clock has stopped\n", 200 if alive else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text."""
        del request
        rooms = list(self._server.lobby.rooms.values())
        gauges = {
            "connections": float(len(self._server.connections)),
            "rooms": float(len(rooms)),
            "rooms_running": float(sum(room.state == "running" for room in rooms)),
            "bot_questions_waiting": float(self._brains.waiting),
            "process_cpu_seconds": time.process_time(),
        }
        return PlainTextResponse(self._server.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def replays(self, request: Request) -> Response:
        """The newest replays."""
        del request
        entries = await asyncio.to_thread(self._shelf.entries)
        return Response(msgspec.json.encode({"replays": entries}), media_type="application/json")

    async def film(self, request: Request) -> Response:
        """The film of one replay, made anew: a fraction of a second."""
        async with self._filming:
            data = await asyncio.to_thread(self._film, request.path_params["name"])
        if data is None:
            raise HTTPException(404, "there is no such replay")
        return Response(data, media_type="application/json")

    async def thoughts(self, request: Request) -> Response:
        """What the networks thought in one replay; they are asked now where nobody has asked them before."""
        try:
            replay = await asyncio.to_thread(self._shelf.find, request.path_params["name"])
            if replay is None:
                raise HTTPException(404, "there is no such replay")
            thoughts = await self._thinker.think(replay)
        except UserError as error:
            raise HTTPException(422, str(error)) from error
        return Response(msgspec.json.encode(thoughts), media_type="application/json")

    def _film(self, name: str) -> bytes | None:
        try:
            replay: Replay | None = self._shelf.find(name)
            return None if replay is None else film_json(replay, _thoughts_of(replay))
        except UserError as error:
            raise HTTPException(422, str(error)) from error

    # ---- live play ---------------------------------------------------------------------------------------------

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A connection from its handshake to its end."""
        headers = Headers(scope=scope)
        full = len(self._server.connections) >= self.max_clients
        await receive()  # websocket.connect
        if full or not self._doors.may_enter(headers):
            self._server.dropped("full" if full else "origin")
            await send({"type": "websocket.close", "code": 1013 if full else 1008})
            return
        await send({"type": "websocket.accept"})
        number, state = self._server.next_number(), scope.get("state", {})
        abort: Callable[[], Any] = state.get("abort", lambda: None)
        connection = Connection(number, receive, send, self._server, clock=self._server.clock, abort=abort)
        try:
            await connection.run()
        except Exception:
            _LOG.exception("connection %d failed", number)


def _thoughts_of(replay: Replay) -> Thoughts | None:
    """What policies thought, where a file beside the replay tells; a bad one is no reason to show nothing."""
    try:
        return find_thoughts(replay)
    except UserError as error:
        _LOG.warning("%s", error)
        return None
