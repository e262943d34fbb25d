"""One WebSocket connection: messages in, a bounded queue of what goes out, and an end for bad clients.

Raw ASGI, because a framework's layers would cost more than the simulation at 3,000 messages a second. `wire` limits
how much comes in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from botgame.server import protocol
from botgame.server.hosting.socket_gate import OpenSocket
from botgame.server.protocol import Error, ServerMessage

MAX_QUEUED = 120  # messages that a client may be behind, some 4 s of play
AT_ONCE = 8  # messages of one client that are read before other clients get the loop
HELLO_SECONDS = 10.0  # until the first message
CLOSE_SECONDS = 2.0  # a client has this long to read why the server closes the connection

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ConnectionHandler(Protocol):
    """Handles what happens on connections."""

    def opened(self, connection: Connection) -> None:
        """The client may send now."""

    def delay(self, connection: Connection) -> float:
        """Seconds to wait before the message that the client has sent is looked at."""

    def received(self, connection: Connection, frame: bytes) -> None:
        """The client sent a frame."""

    def closed(self, connection: Connection) -> None:
        """The connection is closed."""

    def dropped(self, connection: Connection, code: str) -> None:
        """The server closes the connection for the reason `code`."""


class Connection:
    """A client's connection. `push` never blocks. `socket`: the TCP connection behind it."""

    def __init__(
        self, number: int, receive: Receive, send: Send, handler: ConnectionHandler, socket: OpenSocket
    ) -> None:
        self.number, self.socket = number, socket
        self._receive, self._send, self._handler = receive, send, handler
        self._queued: deque[str] = deque()
        self._more = asyncio.Event()
        self._closing = False
        self._has_spoken = False

    def push(self, message: ServerMessage | str) -> None:
        """Queue a message, encoded already or not. A client that does not read its messages is disconnected."""
        if self._closing:
            return
        if len(self._queued) >= MAX_QUEUED:
            self._end("too_slow", 0.0)
            return
        self._queued.append(message if isinstance(message, str) else protocol.encode(message))
        if isinstance(message, Error) and message.code in protocol.FATAL:
            self._end(message.code, CLOSE_SECONDS)
        self._more.set()

    async def run(self) -> None:
        """Serve the connection from the accepted handshake to its end."""
        self._handler.opened(self)
        tasks = [asyncio.create_task(work) for work in (self._read(), self._write(), self._expect_hello())]
        try:
            await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = True
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self._handler.closed(self)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, OSError):
                raise result

    def _end(self, code: str, seconds: float) -> None:
        """Send only what is queued, and close after `seconds` whether or not the client has read it."""
        self._closing = True
        self._handler.dropped(self, code)
        asyncio.get_running_loop().call_later(seconds, self.socket.abort)

    async def _read(self) -> None:
        count = 0
        while (message := await self._receive())["type"] == "websocket.receive":
            self._has_spoken = True
            if delay := self._handler.delay(self):
                await asyncio.sleep(delay)
            if self._closing:
                continue
            count += 1
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)  # frames that have all come at once must not hold up a tick
            self._handler.received(self, message["bytes"])

    async def _write(self) -> None:
        while True:
            while self._queued:
                await self._send({"type": "websocket.send", "text": self._queued.popleft()})
            if self._closing:
                await self._send({"type": "websocket.close", "code": 1008})
                return
            self._more.clear()
            await self._more.wait()

    async def _expect_hello(self) -> None:
        await asyncio.sleep(HELLO_SECONDS)
        if not self._has_spoken:
            self.push(Error("silent", f"no hello within {HELLO_SECONDS:g} s"))
