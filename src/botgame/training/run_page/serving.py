"""Serves the page of a run on this machine, and nothing else: three addresses, all to read."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from botgame.errors import UserError
from botgame.ports import listening
from botgame.training.league_report.document import document, main_part
from botgame.training.run_page.view import RunView

HOST = "127.0.0.1"
_SCRIPT = Path(__file__).with_name("renew.js")
_HEAD = '<script type="module" src="/renew.js"></script><p id="status" class="status" role="status"></p>'
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FRESH = 1.0  # seconds for which a page is as good as a new one


class Pages:
    """Answers the addresses; the files are read by one request at a time, at most once in `_FRESH` seconds."""

    def __init__(self, view: RunView, clock: Callable[[], float] = time.monotonic) -> None:
        self._view, self._clock, self._lock = view, clock, threading.Lock()
        self._read = -_FRESH
        self._main = ""

    def app(self) -> Starlette:
        """The application."""
        routes = [Route("/", self.page), Route("/main", self.main), Route("/renew.js", self.script)]
        guard = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
        return Starlette(routes=routes, middleware=[guard])

    def page(self, _request: Request) -> Response:
        """The whole page."""
        with self._lock:
            html = document(self._view.content(), _HEAD)
        return Response(html, media_type="text/html", headers=_HEADERS)

    def main(self, request: Request) -> Response:
        """The inside of the page; 304 where the browser has it already."""
        with self._lock:
            if self._clock() - self._read >= _FRESH:
                self._main, self._read = main_part(self._view.content()), self._clock()
            html = self._main
        version = f'"{hashlib.sha256(html.encode()).hexdigest()[:16]}"'
        headers = {**_HEADERS, "ETag": version}
        if request.headers.get("If-None-Match") == version:
            return Response(status_code=304, headers=headers)
        return Response(html, media_type="text/html", headers=headers)

    async def script(self, _request: Request) -> Response:
        """The script that renews the page."""
        return FileResponse(_SCRIPT, media_type="text/javascript", headers=_HEADERS)


class PageServer(uvicorn.Server):
    """Serves a run's page until Ctrl-C. browser: open it there too. port: 0 or a taken one becomes a free one."""

    def __init__(self, view: RunView, port: int, *, browser: bool, name: str) -> None:
        self._browser, self._name, self._port = browser, name, port
        super().__init__(
            uvicorn.Config(
                Pages(view).app(),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )

    @property
    def url(self) -> str:
        """The address, once the server has started."""
        return f"http://{HOST}:{self.servers[0].sockets[0].getsockname()[1]}/"

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say where."""
        await super().startup(sockets)
        if self.started:
            print(f"dashboard of {self._name}: {self.url}  (Ctrl-C ends it)", flush=True)
            if self._browser:
                webbrowser.open(self.url)

    def run_until_stopped(self) -> None:
        """Serve until Ctrl-C or SIGTERM. Raises UserError when it cannot listen."""
        try:
            socket = listening(HOST, self._port)
        except OSError as error:
            raise UserError(f"cannot listen at {HOST} ({error.strerror or error}); choose another --port") from error
        with contextlib.suppress(KeyboardInterrupt):  # how a user stops it
            self.run([socket])
