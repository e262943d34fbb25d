"""uvicorn's two protocols with limits below the level of messages: on connections, frames, and what is not read.

Frames are counted before anything looks at them, and pings and fragments count like messages; a frame has at most
`MAX_MESSAGE` bytes, so that this limits bytes too. Data are parsed in slices, so that a megabyte of empty frames does
not hold up a tick before it is counted.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

from botgame.server import protocol
from botgame.server.hosting.socket_gate import OpenSocket, SocketGate
from botgame.server.hosting.token_bucket import TokenBucket

RATE, BURST = 120.0, 240.0  # frames a second that a client may send, and how many at once
MAX_FRAGMENTS = 16  # frames of one message
_SLICE = 512  # bytes that are parsed before their frames are counted: at most 85 frames
_SEND_BUFFER = 1 << 17  # bytes: some seconds of play, so that the server soon notices a client that does not read


class HttpSocket(H11Protocol):
    """A connection as it begins. `app_state` is that of the lifespan: its "gate" is the `SocketGate`.

    Requests find the `OpenSocket` as "socket" in the state of their scope.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Report it to the gate."""
        super().connection_made(transport)
        gate: SocketGate = self.app_state["gate"]
        self.app_state = {**self.app_state, "socket": gate.open(transport, self.client[0] if self.client else "")}

    def connection_lost(self, exc: Exception | None) -> None:
        """Report it to the gate."""
        super().connection_lost(exc)
        _closed(self.app_state)


class WebSocket(WebSocketsSansIOProtocol):
    """A connection after the handshake. Text and binary frames are the same to the application, which gets bytes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bucket = TokenBucket(RATE, BURST, self.loop.time())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the send buffer of the socket small."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report it to the gate."""
        super().connection_lost(exc)
        _closed(self.app_state)

    def data_received(self, data: bytes) -> None:
        """Parse slice by slice, until the connection is closed."""
        for start in range(0, len(data), _SLICE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _SLICE])

    def handle_events(self) -> None:
        """Handle the frames of a slice, unless they are too many."""
        if self._bucket.allows(self.loop.time(), len(self.conn.events)):
            super().handle_events()
        else:
            self._end("too_fast", f"more than {RATE:g} frames a second")

    def handle_text(self, event: Frame) -> None:
        """Like a binary frame: the application decodes it and answers where it is no text."""
        self.handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """One more fragment of a message."""
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._end("malformed", f"a message in more than {MAX_FRAGMENTS} fragments")

    def handle_ping(self) -> None:
        """Answer, unless the client does not read its answers."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # taken out and dropped

    def handle_parser_exception(self) -> None:
        """Close after a frame against the rules; during the handshake there is nothing that could be answered."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
        else:
            self.transport.abort()

    def _end(self, code: str, reason: str) -> None:
        """Say why, and close, once. The gate takes care of a client that does not read it."""
        if self.transport.is_closing():
            return
        gate: SocketGate = self.app_state["gate"]
        gate.count_drop(code)
        if self.conn.state is State.OPEN:
            self.conn.send_text(protocol.encode(protocol.Error(code, reason)).encode())
            self.conn.fail(CloseCode.POLICY_VIOLATION, code)
        self.handle_parser_exception()


def _closed(app_state: dict[str, Any]) -> None:
    opened: OpenSocket = app_state["socket"]
    gate: SocketGate = app_state["gate"]
    gate.close(opened)
