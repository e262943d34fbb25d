"""A lobby without sockets for tests: clients by number; bots decide and time passes when the test says so."""

from __future__ import annotations

import itertools
from typing import Any

from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.policies import load_policy
from botgame.server import protocol
from botgame.server.hosting.bot_workers import BotWorkers
from botgame.server.metrics import Metrics
from botgame.server.records.leaderboard import Leaderboard
from botgame.server.records.name_owners import NameOwners
from botgame.server.rooms.lobby import LobbySettings, MatchLobby
from botgame.server.rooms.room import MatchRoom, Outbox

BOTS = ("lms_re", "kiter", "idle")


class Table:
    """A lobby and its clients. `heard[client]`: the messages to a client, decoded; `late`: ticks before bots answer."""

    def __init__(self, *, late: int = 0, policies: dict[str, Any] | None = None, **settings: Any) -> None:
        policies = policies or {name: load_policy(lms(), name) for name in BOTS}
        tokens = itertools.count()
        self.workers, self.metrics = BotWorkers(policies), Metrics()
        chosen = LobbySettings(tuple(policies), **{"seed": 5, **settings})
        self.token = chosen.token
        new_token = lambda: f"secret{next(tokens)}"  # noqa: E731
        self.lobby = MatchLobby(chosen, self.workers, Leaderboard(), NameOwners(), self.metrics, new_token)
        self.heard: dict[int, list[Any]] = {}
        self.late = late
        self._ticks = 0

    def connect(self, *clients: int, hello: bool = True) -> None:
        for client in clients:
            self.heard[client] = []
            self.lobby.connect(client)
            if hello:
                self.say(client, protocol.Hello(1, protocol.GAME, self.token))

    def say(self, client: int, message: protocol.ClientMessage | str | bytes) -> list[Any]:
        """Send; returns what this client is answered."""
        before = len(self.heard[client])
        frame = message if isinstance(message, str | bytes) else protocol.encode(message)
        self.deliver(self.lobby.receive(client, frame))
        return self.heard[client][before:]

    def drop(self, client: int) -> None:
        self.deliver(self.lobby.disconnect(client))
        del self.heard[client]

    def deliver(self, out: Outbox) -> None:
        for client, message in out:
            if client in self.heard:
                text = message if isinstance(message, str) else protocol.encode(message)
                self.heard[client].append(protocol.decode_server(text))

    def tick(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            if self._ticks % (self.late + 1) == 0:
                self.workers.process()
            self._ticks += 1
            self.lobby.collect()
            for room in list(self.lobby.rooms.values()):
                self.deliver(self.lobby.tick(room))

    def play_out(self, room: MatchRoom) -> None:
        while room.state == "running":
            self.tick()

    def last(self, client: int, kind: type) -> Any:
        return [message for message in self.heard[client] if isinstance(message, kind)][-1]

    def room_of(self, client: int) -> MatchRoom:
        return self.lobby.rooms[self.last(client, protocol.Room).room]


def duel(table: Table, client: int = 1, bot: str = "idle", **fields: Any) -> MatchRoom:
    """Client `client` plays a duel in seat 0 against a bot in seat 1."""
    if client not in table.heard:
        table.connect(client)
    table.say(client, protocol.Create(**{"bots": [bot], "name": "Ann", "seed": 11, "duration": 30.0, **fields}))
    return table.room_of(client)


def small_rules() -> Rules:
    """A zone that hurts at once, for matches that are over soon."""
    return Rules(zone_start=0.01, zone_damage=60.0, zone_damage_end=60.0)
