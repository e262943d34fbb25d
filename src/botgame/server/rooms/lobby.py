"""All rooms and who is in them: text frames in, messages out. No sockets, no clock.

    lobby.connect(1)
    out = lobby.receive(1, '{"type":"hello",...}')    # -> [(client, message), ...]; never raises
    out = lobby.tick(lane)                            # every room of that lane plays one tick

Whatever a client sends ends in a message to that client at worst.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

import botgame
from botgame import rng
from botgame.lms.rules import DELAY_TICKS, DIRECTIONS, MOVES, SCHOOLS, TICKS_PER_SECOND, VERBS, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.server import protocol
from botgame.server.hosting.bot_workers import Brains
from botgame.server.hosting.metrics import Metrics
from botgame.server.hosting.pacing import LANES
from botgame.server.protocol import Error, MalformedError
from botgame.server.records.leaderboard import Ladder
from botgame.server.rooms.room import Out, Plan, RefusedError, Room

PATIENCE = 20  # malformed frames after which a connection is closed
_SEED_SPACE = 2**53  # seeds of rooms are numbers that JavaScript can hold


@dataclass(frozen=True)
class Settings:
    """What the operator decides. bots: names that clients may ask for, the first fills seats; token: "" for none."""

    bots: tuple[str, ...]
    token: str = ""
    max_rooms: int = 64
    seed: int = 0
    rules: Rules = field(default_factory=Rules)


@dataclass
class _Client:
    """One connection."""

    greeted: bool = False
    room: str = ""
    malformed: int = 0


class Lobby:
    """See the module. `new_token` makes secrets."""

    def __init__(
        self, settings: Settings, brains: Brains, ladder: Ladder, metrics: Metrics, new_token: Callable[[], str]
    ) -> None:
        self.rooms: dict[str, Room] = {}
        self.ladder = ladder
        self._settings, self._brains, self._metrics, self._new_token = settings, brains, metrics, new_token
        self._clients: dict[int, _Client] = {}
        self._lanes: dict[str, int] = {}
        self._made = 0
        self._welcome = protocol.encode(welcome(settings))

    # ---- connections -------------------------------------------------------------------------------------------

    def connect(self, client: int) -> None:
        """A connection is open."""
        self._clients[client] = _Client()

    def disconnect(self, client: int) -> Out:
        """A connection is gone; its seat waits for it."""
        room = self._room_of(self._clients.pop(client, _Client()), client)
        return room.drop(client) if room is not None else []

    def is_greeted(self, client: int) -> bool:
        """Whether the client has said hello."""
        return client in self._clients and self._clients[client].greeted

    def receive(self, client: int, frame: str | bytes) -> Out:
        """A frame of a client. Never raises for what is in it."""
        self._metrics.received += 1
        known = self._clients.get(client)
        if known is None:
            return []
        try:
            return self._handle(client, known, protocol.decode_client(frame))
        except MalformedError as error:
            self._metrics.malformed += 1
            known.malformed += 1
            code = "malformed" if known.malformed >= PATIENCE or not known.greeted else "invalid"
            return [(client, Error(code, str(error)))]
        except RefusedError as error:
            self._metrics.refused += 1
            return [(client, Error(error.code, str(error)))]

    def _handle(self, client: int, known: _Client, message: protocol.ClientMessage) -> Out:
        if not known.greeted or isinstance(message, protocol.Hello):
            return self._greet(client, known, message)
        if isinstance(message, protocol.Ping):
            return [(client, protocol.Pong(message.t))]
        if isinstance(message, protocol.ListRooms):
            return [(client, self.overview())]
        if isinstance(message, protocol.Create):
            return self._create(client, known, message)
        if isinstance(message, protocol.Join):
            return self._join(client, known, message)
        room = self._room_of(known, client)
        if room is None:
            raise RefusedError("no_room", "join a room first")
        if isinstance(message, protocol.Leave):
            known.room = ""
            return room.leave(client)
        out = room.receive(client, message)
        if isinstance(message, protocol.Ready):
            self._brains.ask(room.name, room.take_asks())
        return out

    def _greet(self, client: int, known: _Client, message: protocol.ClientMessage) -> Out:
        if not isinstance(message, protocol.Hello) or known.greeted:
            return [(client, Error("protocol", "the first message, and only the first, is hello"))]
        if message.game != protocol.GAME or message.protocol != protocol.PROTOCOL_VERSION:
            wanted = f"{protocol.GAME} {protocol.PROTOCOL_VERSION}"
            return [(client, Error("protocol", f"this server speaks {wanted}; update the older of the two"))]
        if not hmac.compare_digest(message.token.encode(), self._settings.token.encode()):
            return [(client, Error("token", "this server asks for another token; open the link that it printed"))]
        known.greeted = True
        return [(client, self._welcome)]

    # ---- rooms -------------------------------------------------------------------------------------------------

    def overview(self) -> protocol.Lobby:
        """Rooms and leaderboard."""
        return protocol.Lobby([room.line() for room in self.rooms.values()], self.ladder.standings())

    def _create(self, client: int, known: _Client, message: protocol.Create) -> Out:
        settings = self._settings
        unknown = [bot for bot in message.bots if bot not in settings.bots]
        if unknown:
            raise RefusedError("bad_bot", f"no bot {unknown[0][:40]!r} here; choose one of {', '.join(settings.bots)}")
        if len(message.bots) > message.seats:
            raise RefusedError("no_seat", f"{len(message.bots)} bots for {message.seats} seats")
        if not self._is_room_left():
            raise RefusedError("busy", f"all {settings.max_rooms} rooms are taken; try again later")
        plan = self._plan(message.seats, message.bots, round(message.duration * TICKS_PER_SECOND), message.seed)
        room = self._make(plan)
        message = msgspec.structs.replace(message, name=self._proper(message.name))
        entered = room.create(client, message)
        out = self._leave(client, known)
        known.room = room.name
        self._open(room)
        return out + entered

    def _is_room_left(self) -> bool:
        """When all rooms are taken, one that waits and that nobody is in makes way."""
        if len(self.rooms) >= self._settings.max_rooms:
            empty = next((room for room in self.rooms.values() if room.is_deserted), None)
            if empty is not None:
                del self.rooms[empty.name], self._lanes[empty.name]
        return len(self.rooms) < self._settings.max_rooms

    def open(self, bot: str, duration_ticks: int) -> str:
        """The operator makes a duel against `bot` that waits for a person, however long. Returns the room's name."""
        room = self._make(replace(self._plan(2, [bot], duration_ticks, None), keep=True))
        self._open(room)
        return room.name

    def _plan(self, seats: int, bots: Sequence[str], duration_ticks: int, seed: int | None) -> Plan:
        self._made += 1
        if seed is None:
            seed = rng.derive(self._settings.seed, self._made) % _SEED_SPACE
        return Plan(seats, tuple(bots), duration_ticks, seed)

    def _make(self, plan: Plan) -> Room:
        settings = self._settings
        return Room(
            f"r{self._made}",
            plan,
            settings.rules,
            fallback=settings.bots[0],
            schools=self._brains.schools,
            caps=self._brains.caps,
            new_token=self._new_token,
            lateness=self._metrics.bots,
        )

    def _open(self, room: Room) -> None:
        """From now on the room ticks, in the lane with the fewest."""
        self.rooms[room.name] = room
        crowd = Counter(self._lanes.values())
        self._lanes[room.name] = min(range(LANES), key=lambda lane: crowd[lane])
        self._brains.ask(room.name, room.take_asks())

    def _join(self, client: int, known: _Client, message: protocol.Join) -> Out:
        room = self.rooms.get(message.room)
        if room is None:
            raise RefusedError("no_room", f"there is no room {message.room!r}; it may be over")
        if client in room.members:
            raise RefusedError("not_now", "you are in this room already; leave it first")
        message = msgspec.structs.replace(message, name=self._proper(message.name))
        entered = room.join(client, message)
        out = self._leave(client, known)
        known.room = room.name
        self._brains.ask(room.name, room.take_asks())
        return out + entered

    def _leave(self, client: int, known: _Client) -> Out:
        """Whoever goes elsewhere leaves the room it was in."""
        room = self._room_of(known, client)
        known.room = ""
        return room.leave(client) if room is not None else []

    def _room_of(self, known: _Client, client: int) -> Room | None:
        """The room that the client is in; another connection with its token may have taken its place."""
        room = self.rooms.get(known.room)
        return room if room is not None and client in room.members else None

    def _proper(self, name: str) -> str:
        """A name fit to be shown; nobody may look like a bot of the house."""
        plain = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
        return "player" if not plain or plain in self._settings.bots else plain

    # ---- time --------------------------------------------------------------------------------------------------

    def collect(self) -> None:
        """Hand over what bots have decided."""
        for decided in self._brains.ready():
            room = self.rooms.get(decided.room)
            if room is not None:
                room.answer(decided.seat, decided.tick, decided.action)

    def lane(self, lane: int) -> list[Room]:
        """The rooms of a lane."""
        return [room for name, room in self.rooms.items() if self._lanes[name] == lane]

    def tick(self, room: Room, *, show: bool = True) -> Out:
        """1/30 s has passed for a room."""
        was_running = room.state == "running"
        out = room.tick(show=show)
        if was_running:
            self._brains.ask(room.name, room.take_asks())
            if room.state == "over":
                self._brains.forget(room.name)
        elif room.is_dead:
            del self.rooms[room.name], self._lanes[room.name]
        return out

    def close(self, room: Room) -> Out:
        """Give a room up, for a mistake of ours."""
        del self.rooms[room.name], self._lanes[room.name]
        self._brains.forget(room.name)
        return [(client, Error("no_room", "this match cannot go on; we are sorry")) for client in room.members]

    def running(self) -> Iterator[Room]:
        """Rooms whose match goes on."""
        return (room for room in self.rooms.values() if room.state == "running")


def welcome(settings: Settings) -> protocol.Welcome:
    """What every client is told first."""
    rules = settings.rules.to_dict()
    return protocol.Welcome(
        version=botgame.__version__,
        bots=list(settings.bots),
        schools=list(SCHOOLS),
        verbs=list(VERBS),
        moves=[(float(x), float(y)) for x, y in MOVES],
        directions=[(float(x), float(y)) for x, y in DIRECTIONS],
        delays=list(DELAY_TICKS),
        rules={name: value for name, value in rules.items() if name != "abilities"},
        abilities=dict(zip(SCHOOLS, rules["abilities"], strict=True)),
        heads=[(head.name, head.size) for head in ARENA_SPEC.heads],
        spec=ARENA_SPEC.digest(),
    )
