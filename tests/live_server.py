"""A match server in this process, several times faster than real time, for tests of its clients."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from websockets.sync.client import connect

from botgame.server import protocol
from botgame.server.hosting import pacing
from botgame.server.hosting.serving import HttpServer
from botgame.server.options import ServerOptions
from server_thread import in_thread

BOTS = ("lms_re", "kiter", "idle")


@contextlib.contextmanager
def running_server(folder: Path, monkeypatch, *, speed: int = 8, bots=BOTS, **options) -> Iterator[HttpServer]:
    """Serve below `folder`: replays in `replays`, manifests in `live`, feedback in `feedback`.

    options: more of `ServerOptions`.
    """
    monkeypatch.setattr(pacing, "TICKS_PER_SECOND", 30 * speed)
    folders = (folder / "replays", folder / "live", folder / "feedback")
    server = HttpServer(ServerOptions(bots, *folders, "server", **{"port": 0, "countdown_ticks": 0, **options}))
    with in_thread(server, server.run):
        yield server


class Client:
    """A connection after its welcome; `until` reads up to a message of a kind."""

    def __init__(self, server: HttpServer, token: str = "") -> None:
        self.socket = connect(server.url.replace("http", "ws") + "ws", max_size=2**20).__enter__()
        self.send(protocol.Hello(protocol.PROTOCOL_VERSION, protocol.GAME, token))
        self.until(protocol.Welcome)

    def send(self, message) -> None:
        self.socket.send(protocol.encode(message))

    def until(self, kind, accept=lambda message: True):
        while True:
            message = protocol.decode_server(self.socket.recv(20))
            assert not isinstance(message, protocol.Error), message
            if isinstance(message, kind) and accept(message):
                return message
