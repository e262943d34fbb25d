"""Plays a session over a WebSocket; reconnects after a lost connection while the server keeps the seat."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from botgame.errors import UserError
from botgame.live.session import Session
from botgame.server import protocol

OPEN_SECONDS = 5.0
ANSWER_SECONDS = 10.0  # for the welcome
WAIT_SECONDS = 0.25  # between looks at the clock
LARGEST_FRAME = 2**20


def socket_address(url: str) -> str:
    """The WebSocket address of `localhost:8000`, `http://...` or `ws://.../ws`. Raises UserError (code 2)."""
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket without the other
        is_address = False
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme) if is_address else ""
    if scheme not in ("ws", "wss"):
        raise UserError(f"{url} is no server address, expected for example ws://127.0.0.1:8000/ws", 2)
    return urlunsplit((scheme, parts.netloc, parts.path if parts.path not in ("", "/") else "/ws", "", ""))


def page_address(url: str) -> str:
    """The address of the web page on the server of a WebSocket address."""
    parts = urlsplit(socket_address(url))
    return urlunsplit(("https" if parts.scheme == "wss" else "http", parts.netloc, "/", "", ""))


def open_socket(url: str) -> ClientConnection:
    """A connection, to be used in a `with` statement. Raises UserError where there is no WebSocket server."""
    try:
        return connect(url, open_timeout=OPEN_SECONDS, max_size=LARGEST_FRAME, proxy=None)
    except (OSError, InvalidHandshake, InvalidURI, EOFError, UnicodeError) as error:  # the last: no name of a host
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"no match server at {url} ({reason}); start one or correct the address") from None


def _closed(url: str, error: ConnectionClosed, *, is_welcome: bool) -> UserError:
    """The error for a server that closes the connection."""
    reason = error.rcvd.reason if error.rcvd and error.rcvd.reason else "no reason given"
    when = (
        "the connection" if is_welcome else "the connection before its welcome: it is no botgame server, or it is full"
    )
    return UserError(f"{url} closed {when} ({reason})")


class SocketPlay:
    """Plays a session. Calls `tick` at least four times a second and ends when it returns True."""

    def __init__(self, url: str, session: Session, tick: Callable[[], bool]) -> None:
        self.url, self.session, self.tick = url, session, tick

    def run(self) -> None:
        """Play until the session is done or `tick` ends it. Raises UserError for a foreign or unreachable server."""
        while not self.session.done:
            with self._connect() as connection:
                try:
                    if self._converse(connection):
                        return
                except ConnectionClosed as error:
                    if not self.session.can_return:
                        raise _closed(self.url, error, is_welcome=self.session.welcome is not None) from None

    def _connect(self) -> ClientConnection:
        """A new connection; to replace a lost one it tries for as long as the server keeps the seat."""
        deadline = time.monotonic() + (protocol.GRACE_SECONDS if self.session.can_return else 0.0)
        while True:
            try:
                return open_socket(self.url)
            except UserError:
                if time.monotonic() >= deadline or self.tick():
                    raise
                time.sleep(WAIT_SECONDS)

    def _converse(self, connection: ClientConnection) -> bool:
        """Exchange messages until the session is done or `tick` returns True; then True."""
        opened = time.monotonic()
        for message in self.session.open():
            connection.send(protocol.encode(message))
        while not self.session.done:
            if self.tick():
                connection.send(protocol.encode(protocol.Leave()))
                return True
            try:
                frame = connection.recv(timeout=WAIT_SECONDS)
            except TimeoutError:
                if self.session.welcome is None and time.monotonic() > opened + ANSWER_SECONDS:
                    raise UserError(f"{self.url} does not answer hello: it is no botgame server") from None
                continue
            for message in self.session.receive(frame):
                connection.send(protocol.encode(message))
        return True
