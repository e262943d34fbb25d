"""What a stranger on the network can do to the live server: sockets, frames, guesses, log lines."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from botgame.server import protocol
from botgame.server.hosting import app, connection, log_flood, serving, socket_gate, token_guesses, wire
from botgame.server.hosting.log_flood import FloodFilter
from botgame.server.hosting.serving import HttpServer
from botgame.server.hosting.socket_gate import OpenSocket, SocketGate, address_of
from botgame.server.hosting.token_bucket import MOST_ADDRESSES, AddressLimits
from botgame.server.hosting.token_guesses import TokenGuesses
from botgame.server.protocol import Create, State
from live_server import Client, running_server


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# ---- which connections stay open ---------------------------------------------------------------------------------


class FakeTransport:
    def __init__(self) -> None:
        self.aborted = self.closing = False
        self.unsent = 0

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closing or self.aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Door:
    """A gate with a fake clock and fake transports."""

    def __init__(self, admitted: int = 2, strangers: int = 8) -> None:
        self.clock, self.dropped = FakeClock(), []
        self.gate = SocketGate(admitted, strangers, self.clock, self.dropped.append)
        self.transports: dict[OpenSocket, FakeTransport] = {}

    def open(self, host: str = "10.0.0.1") -> OpenSocket:
        transport = FakeTransport()
        made = self.gate.open(transport, host)
        self.transports[made] = transport
        self.clock.now += 0.01
        return made

    def is_open(self, made: OpenSocket) -> bool:
        return not self.transports[made].aborted


def test_the_stranger_that_has_waited_longest_makes_way_and_clients_never_do() -> None:
    door = Door(strangers=8)
    client, busy = door.open(), door.open()
    assert client.admit()
    with busy.answering():
        flood = [door.open(f"10.0.1.{number}") for number in range(50)]
        assert [door.is_open(made) for made in flood] == [False] * 43 + [True] * 7
        assert door.is_open(busy)
    assert door.is_open(client)
    assert set(door.dropped) == {"stranger"}
    assert door.open().admit()
    assert not door.open().admit()  # there are two clients
    door.gate.close(client)
    assert door.open().admit()


def test_an_address_has_few_strangers() -> None:
    door = Door(strangers=200)
    other = door.open("10.0.0.2")
    flood = [door.open() for _ in range(socket_gate.MOST_OF_ADDRESS + 5)]
    assert [door.is_open(made) for made in flood].count(False) == 5
    assert door.is_open(flood[-1])
    assert door.is_open(other)


def test_strangers_and_closing_clients_are_short_lived() -> None:
    door = Door(admitted=5)
    silent, working, client, leaving = (door.open() for _ in range(4))
    assert client.admit()
    assert leaving.admit()
    door.transports[leaving].closing = True
    with working.answering():
        for _ in range(20):
            door.clock.now += 1.0
            door.gate.sweep()
        assert [door.is_open(made) for made in (silent, working, client, leaving)] == [False, True, True, False]
    door.clock.now += socket_gate.STRANGER_SECONDS - 1
    door.gate.sweep()
    assert door.is_open(working)  # its time began anew with the answer
    door.clock.now += 2
    door.gate.sweep()
    assert not door.is_open(working)


def test_who_reads_slowly_is_not_cut_off_and_who_hardly_reads_is() -> None:
    door = Door()
    slow, hardly = door.open(), door.open()
    for made in (slow, hardly):
        with made.answering():
            door.transports[made].unsent = 1_000_000
    for _ in range(60):
        door.clock.now += 1.0
        door.transports[slow].unsent = max(0, door.transports[slow].unsent - 10_000)
        door.transports[hardly].unsent -= 1_000
        door.gate.sweep()
    assert [door.is_open(made) for made in (slow, hardly)] == [True, False]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_how_addresses_are_counted(host: str, address: str) -> None:
    assert address_of(host) == address


# ---- how often ---------------------------------------------------------------------------------------------------


def test_addresses_are_limited_apart_and_not_remembered_forever() -> None:
    clock = FakeClock()
    limits = AddressLimits(1.0, 2.0, clock)
    assert [limits.allows("a") for _ in range(3)] == [True, True, False]
    assert limits.allows("b")
    clock.now += 3.0
    assert limits.allows("a")
    for number in range(2 * MOST_ADDRESSES):
        limits.allows(str(number))
    assert len(limits._buckets) == MOST_ADDRESSES


def test_guesses_wait_longer_and_longer_and_only_their_address_does() -> None:
    clock = FakeClock()
    guesses, delays = TokenGuesses(clock), []
    for _ in range(15):
        delays.append(guesses.delay("a"))
        guesses.count_wrong("a")
    assert delays[:6] == [0.0] * 6
    assert delays[6:11] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert delays[11:] == [token_guesses.LONGEST] * 4
    assert guesses.delay("b") == 0.0
    clock.now += 60.0
    assert guesses.delay("a") == 0.0


def test_a_flood_of_lines_is_cut_and_counted() -> None:
    clock = FakeClock()
    limit = FloodFilter(clock)
    lines = [logging.LogRecord("x", logging.ERROR, "", 0, "line %d", (number,), None) for number in range(1000)]
    assert sum(limit.filter(line) for line in lines) == log_flood.BURST
    clock.now += 10.0
    last = logging.LogRecord("x", logging.ERROR, "", 0, "line %d", (7,), None)
    assert limit.filter(last)
    assert last.getMessage() == "line 7 (950 lines before this one left out)"


# ---- a real server ------------------------------------------------------------------------------------------------

MASK = b"\0\0\0\0"
PING = b"\x89\xfd" + MASK + b"p" * 125
START, CONTINUATION = b"\x01\x80" + MASK, b"\x00\x80" + MASK
NO_TEXT = b"\x81\x84" + MASK + b"\xff\xfe\xfd\xfc"
UNKNOWN, BAD_CLOSE = b"\x83\x80" + MASK, b"\x88\x84" + MASK + b"\x03\xe8\xff\xff"


def port_of(server: HttpServer) -> int:
    return int(server.url.rsplit(":", 1)[1].strip("/"))


def handshake(server: HttpServer, more: bytes = b"", then: bytes = b"") -> socket.socket:
    """A socket that asks for a WebSocket, with `more` header lines, and sends frames in the same packet."""
    line = socket.create_connection(("127.0.0.1", port_of(server)), timeout=5)
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port_of(server)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    line.sendall(head.encode() + more + b"\r\n" + then)
    return line


def rest_of(line: socket.socket) -> bytes:
    """All that comes until the server closes. Raises TimeoutError when it does not."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while more := line.recv(1 << 16):
            got += more
    return got


@contextlib.contextmanager
def player_in_a_match(server: HttpServer) -> Iterator[Client]:
    """Whatever happens within the block, a match goes on at its pace."""
    player = Client(server, token="sesame")
    player.send(Create(bots=["idle"], duration=120))
    player.until(State)
    (room,) = server.lobby.rooms.values()
    began, tick = time.monotonic(), room.match.tick
    yield player
    wait = began + 1.0 - time.monotonic()
    time.sleep(max(0.0, wait))
    assert room.match.tick - tick > 0.5 * 30 * (time.monotonic() - began)
    assert player.until(State, lambda state: state.tick >= tick + 10)


@pytest.mark.parametrize(("first", "frame", "code"), [(b"", PING, "too_fast"), (START, CONTINUATION, "malformed")])
def test_a_flood_below_the_messages_ends_its_connection(first, frame, code, tmp_path: Path, monkeypatch) -> None:
    with running_server(tmp_path, monkeypatch, speed=1, token="sesame") as server, player_in_a_match(server):
        line = handshake(server)
        line.recv(1000)
        with contextlib.suppress(OSError):
            line.sendall(first)
            for _ in range(1000):
                line.sendall(frame * 1000)
        with contextlib.suppress(OSError):
            rest_of(line)
        assert server.live.metrics.dropped[code] == 1


def test_answers_to_pings_that_nobody_reads_are_not_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(wire, "RATE", 1e9)
    monkeypatch.setattr(wire, "BURST", 1e9)
    with running_server(tmp_path, monkeypatch, token="sesame") as server:
        line = handshake(server)
        line.recv(1000)
        line.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            for _ in range(100):
                line.sendall(PING * 100)  # 1.3 MB in all
        buffers = [opened.transport.get_write_buffer_size() for opened in server.server_state.connections]
        assert max(buffers) < 200_000
        line.close()


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("frame", [NO_TEXT, UNKNOWN, BAD_CLOSE, PING * 300, CONTINUATION])
def test_bad_frames_log_nothing(frame: bytes, together: bool, tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(connection, "HELLO_SECONDS", 0.5)
    with running_server(tmp_path, monkeypatch) as server:
        line = handshake(server, then=frame if together else b"")
        if not together:
            line.recv(1000)
            line.sendall(frame)
        rest_of(line)
        for origin in (b"http://[::1", b"\xe9\xff", b"http://x:y"):
            refused = handshake(server, b"Origin: " + origin + b"\r\n")
            assert refused.recv(1000).startswith(b"HTTP/1.1 403")
        assert Client(server).socket
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("kind", ["idle", "silent", "half a head"])
def test_sockets_of_strangers_are_in_nobodys_way(kind: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(socket_gate, "STRANGER_SECONDS", 2.0)
    with running_server(tmp_path, monkeypatch, speed=1, token="sesame") as server, player_in_a_match(server):
        address, lines = ("127.0.0.1", port_of(server)), []
        for _ in range(120):
            if kind == "silent":
                lines.append(handshake(server))
            else:
                lines.append(socket.create_connection(address, timeout=5))
                lines[-1].sendall(b"GET / HTTP/1.1\r\nHost: 127" if kind == "half a head" else b"")
        Client(server, token="sesame").socket.close()
        assert len(server.gate._strangers) <= socket_gate.MOST_OF_ADDRESS
        for line in lines:
            with contextlib.suppress(ConnectionError):
                rest_of(line)
        assert len(server.server_state.connections) <= 2


def test_guesses_of_the_token_become_slow(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(token_guesses, "BURST", 3.0)
    monkeypatch.setattr(token_guesses, "SHORTEST", 0.1)
    with running_server(tmp_path, monkeypatch, token="sesame") as server:
        began, times = time.monotonic(), []
        for number in range(8):
            with connect(server.url.replace("http", "ws") + "ws") as line:
                line.send(protocol.encode(protocol.Hello(1, protocol.GAME, f"guess{number}")))
                assert protocol.decode_server(line.recv(10)).code == "token"
            times.append(time.monotonic() - began)
        assert times[3] < 1.0
        assert times[7] - times[6] > 0.5
        again = time.monotonic()
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as line:
            line.sendall(b"GET /metrics?token=x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert rest_of(line).startswith(b"HTTP/1.1 403")
        assert time.monotonic() - again > 0.5
        assert Client(server, token="sesame").socket  # who knows the token waits too, but gets in


def test_messages_of_an_address_wait_however_many_connections_they_come_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving, "MESSAGE_RATE", 10.0)
    with running_server(tmp_path, monkeypatch, max_clients=4) as server:
        clients, began = [Client(server) for _ in range(3)], time.monotonic()
        for client in clients:
            for number in range(30):
                client.send(protocol.Ping(float(number)))
        for client in clients:
            client.until(protocol.Pong, lambda pong: pong.t == 29.0)
        assert time.monotonic() - began > 0.9  # 90 messages, 40 of them at once and 40 a second


def test_an_address_sends_requests_at_a_limited_rate(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(app, "REQUEST_RATE", 1.0)
    monkeypatch.setattr(app, "REQUEST_BURST", 5.0)
    with running_server(tmp_path, monkeypatch) as server:
        codes = []
        for _ in range(8):
            with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                codes.append(int(line.recv(1000).split()[1]))
        assert (codes[:5], codes[7]) == ([200] * 5, 429)
