"""All rooms and their members: text frames in, messages out. No sockets, no clock.

    lobby.connect(1)
    out = lobby.receive(1, '{"type":"hello",...}')    # -> [(client, message), ...]; never raises
    out = lobby.tick(room)                            # the room plays one tick

The worst result of anything that a client sends is an error message to that client.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import msgspec

import botgame
from botgame import rng
from botgame.feedback import UNNAMED
from botgame.game import SeatLimits
from botgame.lms.rules import DELAY_TICKS, DIRECTIONS, MOVES, SCHOOLS, TICKS_PER_SECOND, VERBS, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.server import protocol
from botgame.server.metrics import Metrics
from botgame.server.protocol import Error, LevelLine, MalformedError
from botgame.server.records.leaderboard import Leaderboard
from botgame.server.records.name_looks import looks, printable
from botgame.server.records.name_owners import NameOwners, hashed
from botgame.server.rooms.match_driver import BotDecision, DecisionRequest
from botgame.server.rooms.room import MatchRoom, Outbox, RefusedError
from botgame.server.rooms.room_seat import RoomSeat
from botgame.server.rooms.room_setup import RoomSetup
from botgame.server.rooms.seat_ownership import BotRoster

LANES = 8  # groups of rooms that tick one after the other within a tick's time
MAX_MALFORMED = 20  # malformed frames after which a connection is closed
_START_LETTERS = 8
_SEED_SPACE = 2**53  # seeds of rooms must fit a JavaScript number
Entry = TypeVar("Entry", protocol.Create, protocol.Join)


@dataclass(frozen=True)
class LobbySettings:
    """What the operator decides. bots: names that clients may use, the first fills seats; token: "" for none.

    levels: of the bots that are levels of a trained one, for the lobby. countdown_ticks: nobody acts before this tick
    in matches with people. delay_ticks: how late those who do not play see a rated match with people.
    """

    bots: tuple[str, ...]
    token: str = ""
    max_rooms: int = 64
    seed: int = 0
    rules: Rules = field(default_factory=Rules)
    countdown_ticks: int = 0
    delay_ticks: int = 0
    levels: tuple[LevelLine, ...] = ()


@dataclass
class _Client:
    """One connection."""

    greeted: bool = False
    room: str = ""
    malformed: int = 0


class Bots(Protocol):
    """The operator's bots, which decide in the background (`botgame.server.hosting.bot_workers`)."""

    @property
    def schools(self) -> Mapping[str, int]:
        """The school of each bot that was trained in one school only."""

    @property
    def limits(self) -> Mapping[str, SeatLimits]:
        """The limits that each bot plays under."""

    def submit(self, room: str, requests: Sequence[DecisionRequest]) -> None:
        """Queue the requests of one room."""

    def collect(self) -> Sequence[BotDecision]:
        """The decisions made since the last call."""

    def forget(self, room: str) -> None:
        """Drop the memories of a room's bots."""


class MatchLobby:
    """Holds the rooms, and the clients by number. `new_token` makes secrets."""

    def __init__(
        self,
        settings: LobbySettings,
        bots: Bots,
        leaderboard: Leaderboard,
        names: NameOwners,
        metrics: Metrics,
        new_token: Callable[[], str],
    ) -> None:
        self.rooms: dict[str, MatchRoom] = {}
        self.leaderboard, self.names = leaderboard, names
        self._settings, self._bots, self._metrics, self._new_token = settings, bots, metrics, new_token
        self.may_create: Callable[[int], bool] = lambda client: True  # noqa: ARG005 - the host may set limits
        self.may_join: Callable[[int], bool] = lambda client: True  # noqa: ARG005
        self._start = new_token()[
            :_START_LETTERS
        ]  # part of all names of rooms: they do not repeat when a server restarts
        self._clients: dict[int, _Client] = {}
        self._lanes: dict[str, int] = {}
        self._made = 0
        self._welcome = protocol.encode(welcome(settings))

    # ---- connections -------------------------------------------------------------------------------------------

    def connect(self, client: int) -> None:
        """A connection is open."""
        self._clients[client] = _Client()

    def disconnect(self, client: int) -> Outbox:
        """A connection is lost; its seat waits for it."""
        room = self._room_of(self._clients.pop(client, _Client()), client)
        return room.disconnect(client) if room is not None else []

    def has_greeted(self, client: int) -> bool:
        """Whether the client has sent `hello`."""
        return client in self._clients and self._clients[client].greeted

    def receive(self, client: int, frame: str | bytes) -> Outbox:
        """Handle a client's frame. Never raises for its contents."""
        self._metrics.received += 1
        known = self._clients.get(client)
        if known is None:
            return []
        try:
            return self._handle(client, known, protocol.decode_client(frame))
        except MalformedError as error:
            self._metrics.malformed += 1
            known.malformed += 1
            code = "malformed" if known.malformed >= MAX_MALFORMED or not known.greeted else "invalid"
            return [(client, Error(code, str(error)))]
        except RefusedError as error:
            self._metrics.refused += 1
            return [(client, Error(error.code, str(error)))]

    def _handle(self, client: int, known: _Client, message: protocol.ClientMessage) -> Outbox:
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
        if isinstance(message, protocol.Rematch):
            return self._rematch(client, known, room)
        out = room.receive(client, message)
        if isinstance(message, protocol.Ready):
            self._bots.submit(room.name, room.take_bot_requests())
        return out

    def _greet(self, client: int, known: _Client, message: protocol.ClientMessage) -> Outbox:
        if not isinstance(message, protocol.Hello) or known.greeted:
            return [(client, Error("protocol", "hello must be the first message and is sent only once"))]
        if message.game != protocol.GAME or message.protocol != protocol.PROTOCOL_VERSION:
            wanted = f"{protocol.GAME} {protocol.PROTOCOL_VERSION}"
            return [(client, Error("protocol", f"this server speaks {wanted}; update the older of the two programs"))]
        if not self.is_token(message.token):
            return [(client, Error("token", "the token is wrong; open the link that the server printed"))]
        known.greeted = True
        return [(client, self._welcome)]

    def is_token(self, given: str) -> bool:
        """Whether `given` is the operator's token, "" where there is none."""
        return hmac.compare_digest(given.encode(errors="replace"), self._settings.token.encode())

    # ---- rooms -------------------------------------------------------------------------------------------------

    def overview(self) -> protocol.Lobby:
        """The rooms and the leaderboard."""
        return protocol.Lobby([room.line() for room in self.rooms.values()], self.leaderboard.standings())

    def _create(self, client: int, known: _Client, message: protocol.Create) -> Outbox:
        settings = self._settings
        unknown = [bot for bot in message.bots if bot not in settings.bots]
        if unknown:
            raise RefusedError(
                "bad_bot", f"this server has no bot {unknown[0][:40]!r}; choose one of {', '.join(settings.bots)}"
            )
        if len(message.bots) > message.seats:
            raise RefusedError("no_seat", f"{len(message.bots)} bots for {message.seats} seats")
        self._check_rate(client)
        message = message if message.seat < 0 else self._identified(message)
        self._check_space()
        players = ("",) * (message.seats - len(message.bots)) + tuple(message.bots)
        seed = self._draw_seed() if message.seed is None else message.seed
        room = self._make(self._setup(players, round(message.duration * TICKS_PER_SECOND), seed))
        entered = room.create(client, message)
        out = self._leave(client, known)
        known.room = room.name
        self._open(room)
        return out + entered

    def _check_rate(self, client: int) -> None:
        """Raises RefusedError when the client has made too many rooms lately."""
        if not self.may_create(client):
            raise RefusedError("busy", "your address makes rooms too fast; try again in some seconds")

    def _check_space(self) -> None:
        """Raises RefusedError when there is no space for one more room."""
        if not self._make_space():
            raise RefusedError("busy", f"all {self._settings.max_rooms} rooms are taken; try again later")

    def _rematch(self, client: int, known: _Client, room: MatchRoom) -> Outbox:
        """The client plays the match of its room again, in the same new room as all others who ask for that."""
        if room.state != "over":
            raise RefusedError("not_now", "the match is not over")
        again = self.rooms.get(room.rematch)
        if again is None or again.is_dismissed or again.state == "over":
            self._check_rate(client)
            self._check_space()
            again = self._make(room.rematch_setup(self._draw_seed()))
        known.room = again.name
        out = room.follow_into(again, client)
        self._open(again)
        return out

    def _make_space(self) -> bool:
        """Whether a room can be added. If all are taken, the one that has been without members for longest ends."""
        taken = [room for room in self.rooms.values() if room.is_taking_space]
        if len(taken) < self._settings.max_rooms:
            return True
        empty = max((room for room in taken if room.is_deserted), key=lambda room: room.idle_ticks, default=None)
        if empty is not None:
            empty.is_dismissed = True
        return empty is not None

    def open_duel(self, bot: str, duration_ticks: int) -> str:
        """Make a duel against `bot` that waits for a person without limit. Returns the room's name."""
        room = self._make(replace(self._setup(("", bot), duration_ticks, self._draw_seed()), keep=True))
        self._open(room)
        return room.name

    def _setup(self, players: Sequence[str], duration_ticks: int, seed: int) -> RoomSetup:
        countdown_ticks, delay_ticks = self._settings.countdown_ticks, self._settings.delay_ticks
        return RoomSetup(tuple(players), duration_ticks, seed, countdown_ticks=countdown_ticks, delay_ticks=delay_ticks)

    def _draw_seed(self) -> int:
        """The seed of the next room."""
        return rng.derive(self._settings.seed, self._made + 1) % _SEED_SPACE

    def _make(self, setup: RoomSetup) -> MatchRoom:
        settings, bots = self._settings, self._bots
        self._made += 1
        roster = BotRoster(settings.bots[0], bots.schools, bots.limits)
        return MatchRoom(
            f"r{self._made}-{self._start}", setup, settings.rules, roster, self._new_token, self._metrics.bots
        )

    def _open(self, room: MatchRoom) -> None:
        """Add a new room to the lane with the fewest rooms, so that it ticks; pass on what its bots are to decide."""
        if room.name not in self.rooms:
            self.rooms[room.name] = room
            sizes = Counter(self._lanes.values())
            self._lanes[room.name] = min(range(LANES), key=lambda lane: sizes[lane])
        self._bots.submit(room.name, room.take_bot_requests())

    def _join(self, client: int, known: _Client, message: protocol.Join) -> Outbox:
        room = self._find(message.room)
        if room is None or room.is_dismissed:
            raise RefusedError("no_room", f"there is no room {message.room!r}; it may be over")
        if client in room.members:
            raise RefusedError("not_now", "you are in this room already; leave it first")
        if not self.may_join(client):
            raise RefusedError("busy", "your address enters rooms too fast; try again in some seconds")
        keeps_name = bool(message.seat_token) or message.spectate
        entered = room.join(client, message if keeps_name else self._identified(message))
        out = self._leave(client, known)
        known.room = room.name
        self._bots.submit(room.name, room.take_bot_requests())
        return out + entered

    def _find(self, name: str) -> MatchRoom | None:
        """The room of that name or code: the part of its name before the hyphen, in capital letters or not."""
        code = name.strip().lower()
        return self.rooms.get(name) or next(
            (room for full, room in self.rooms.items() if full.split("-")[0] == code), None
        )

    def _leave(self, client: int, known: _Client) -> Outbox:
        """The client leaves its present room, because it enters another."""
        room = self._room_of(known, client)
        known.room = ""
        return room.leave(client) if room is not None else []

    def _room_of(self, known: _Client, client: int) -> MatchRoom | None:
        """The client's room, None if it is in none or another connection has taken its seat with the token."""
        room = self.rooms.get(known.room)
        return room if room is not None and client in room.members else None

    def _identified(self, message: Entry) -> Entry:
        """The message with a fit name, and with the hash of name and key in place of the key.

        Raises RefusedError when the name belongs to another person: who has played with it, or is in a room under it.
        """
        name = self._clean(message.name)
        is_program = message.observe or name == UNNAMED
        key = "" if is_program else hashed(name, message.key)
        people = [seat for seat in self._seats() if seat.kind == "human"]
        others = [seat for seat in people if looks(seat.name) & looks(name) and seat.name_key != key]
        if not is_program and (others or not self.names.take(name, key)):
            raise RefusedError(
                "name_taken",
                f"the name {name} belongs to another player; choose another one, or play in the browser that took it",
            )
        return msgspec.structs.replace(message, name=name, key=key)

    def _clean(self, name: str) -> str:
        """A printable name that does not look like that of a bot."""
        plain = printable(name)
        is_bots = any(_looks_of(plain) & _looks_of(bot) for bot in self._settings.bots)
        return UNNAMED if not plain or is_bots else plain

    def _seats(self) -> Iterator[RoomSeat]:
        """The seats of all rooms."""
        return (seat for room in self.rooms.values() for seat in room.ownership.seats)

    # ---- time --------------------------------------------------------------------------------------------------

    def collect(self) -> None:
        """Pass the decisions of the bots to their rooms."""
        for decided in self._bots.collect():
            room = self.rooms.get(decided.room)
            if room is not None:
                room.answer(decided.seat, decided.tick, decided.action)

    def rooms_in(self, lane: int) -> list[MatchRoom]:
        """The rooms that tick in a lane."""
        return [room for name, room in self.rooms.items() if self._lanes[name] == lane]

    def tick(self, room: MatchRoom) -> Outbox:
        """Play 1/30 s of a room."""
        was_running = room.state == "running"
        out = room.tick()
        if was_running:
            self._bots.submit(room.name, room.take_bot_requests())
            if room.state == "over":
                self._bots.forget(room.name)
        elif room.is_expired:
            self._delete(room)
        return out

    def close(self, room: MatchRoom) -> Outbox:
        """Delete a room that failed because of an error in the server."""
        self._delete(room)
        self._bots.forget(room.name)
        return [(client, Error("no_room", "an error in the server ended this match")) for client in room.members]

    def _delete(self, room: MatchRoom) -> None:
        del self.rooms[room.name], self._lanes[room.name]
        self.names.release({seat.name for seat in self._seats() if seat.name_key})  # also of those who have left


def _looks_of(name: str) -> set[str]:
    """What the part of a bot's name that pages show looks like."""
    shown = (look.replace("\\", "/").split("/")[-1] for look in looks(name))
    return {last.removesuffix(".pt").removesuffix(".onnx").removesuffix(".bot.json") for last in shown}


def welcome(settings: LobbySettings) -> protocol.Welcome:
    """The first message to every client."""
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
        levels=list(settings.levels),
    )
