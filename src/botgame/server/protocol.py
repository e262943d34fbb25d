"""The wire protocol of live play on one page: every message, its fields with units, its encoding and decoding.

One WebSocket (`/ws`), JSON text frames, one object in each frame; the field `type` names the message. A client first
sends `hello`, receives `welcome`, and may then list the lobby, create or join one room at a time, play and spectate.
docs/protocol.md is the introduction; this page is the reference.

Units: cells (the border wall is cell 0, x to the right, y down), ticks of 1/30 s, hp. Velocities are cells per second.
Directions are bins k of 32 (k/32 turn from x towards y), moves are 0 (stay) and 1..8 (bin 4 * (k - 1)); `Welcome`
carries both as vectors. Unknown fields are ignored, so a new field needs no new version; `PROTOCOL_VERSION` changes
when an old client or server would misunderstand a message.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from botgame.lms.rules import DIRECTION_BINS, MAX_SEATS, MAX_SECONDS, MIN_SEATS, MIN_SECONDS, MOVE_COUNT, VERBS

PROTOCOL_VERSION = 1
GAME = "lms-arena"
MAX_NAME = 24  # characters of a player's name
GRACE_SECONDS = 30  # how long a seat waits for its owner to come back
MAX_MESSAGE = 4096  # bytes of a client's frame; the largest valid one has a few hundred

Name = Annotated[str, Meta(max_length=MAX_NAME)]
Token = Annotated[str, Meta(max_length=128)]
BotName = Annotated[str, Meta(max_length=200)]
RoomName = Annotated[str, Meta(max_length=32)]
School = Literal["pyromancer", "cryomancer", "stormcaller", "any"]
SeatIndex = Annotated[int, Meta(ge=0, le=MAX_SEATS - 1)]
SeatOrNone = Annotated[int, Meta(ge=-1, le=MAX_SEATS - 1)]  # -1: no seat
Counter = Annotated[int, Meta(ge=0, le=2**53)]
Category = Annotated[int, Meta(ge=0, le=63)]


# ---- client -> server -------------------------------------------------------------------------------------------


class Hello(Struct, tag="hello"):
    """First message of a connection. `protocol`, `game` and `token` must be the server's."""

    protocol: Counter
    game: Annotated[str, Meta(max_length=64)] = ""
    token: Token = ""


class ListRooms(Struct, tag="list"):
    """Request the lobby; answered with `Lobby`."""


class Create(Struct, tag="create"):
    """Make a room and join it. `bots` fill the last seats in order; the other seats wait for people or `Ready`.

    seat: 0 to play, -1 to spectate. observe: a program plays the seat: it gets `Observation` messages and plays under
    the limits of bots. seed: decides the arena; None draws one. duration: seconds until the zone has closed. key: a
    secret of the player's own; a name belongs to the key that first played with it.
    """

    seats: Annotated[int, Meta(ge=MIN_SEATS, le=MAX_SEATS)] = 2
    bots: Annotated[list[BotName], Meta(max_length=16)] = []
    school: School = "any"
    name: Name = ""
    duration: Annotated[float, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = 120.0
    seat: Literal[0, -1] = 0
    observe: bool = False
    seed: Annotated[int, Meta(ge=0, lt=2**53)] | None = None
    key: Token = ""


class Join(Struct, tag="join"):
    """Take a free seat of a waiting room, spectate, or come back to a seat with its `seat_token` (within 30 s).

    room: its name, or its code, which is the part of the name before the hyphen. key: as in `Create`.
    """

    room: RoomName
    name: Name = ""
    school: School = "any"
    spectate: bool = False
    observe: bool = False
    seat_token: Token = ""
    key: Token = ""


class Ready(Struct, tag="ready"):
    """Start now: bots fill the free seats. Allowed to the players of the room and to its maker."""


class Input(Struct, tag="input"):
    """What a player holds and does. `move` and `aim` hold until the next input; `verb` is one cast (0: none).

    A cast that is not possible yet (cooldown, mana, spacing) is retried for 6 ticks, then dropped. `seq` rises; the
    last one that was applied comes back as `State.ack`.
    """

    seq: Counter
    move: Annotated[int, Meta(ge=0, le=MOVE_COUNT - 1)] = 0
    verb: Annotated[int, Meta(ge=0, le=len(VERBS) - 1)] = 0
    aim: Annotated[int, Meta(ge=0, le=DIRECTION_BINS - 1)] = 0


class Act(Struct, tag="act"):
    """A program's decision on the `Observation` of `tick`: one category for each head of the spec. It may be late."""

    tick: Counter
    action: Annotated[list[Category], Meta(min_length=6, max_length=6)]


class Mark(Struct, tag="mark"):
    """Judge what `seat` did in the last 3 s."""

    seat: SeatIndex
    verdict: Literal["good", "bad"]


class Take(Struct, tag="take"):
    """Take over a bot's seat: allowed to spectators if no person plays, and to a room's maker who spectates.

    A program's user may take the program's own seat.
    """

    seat: SeatIndex


class Release(Struct, tag="release"):
    """Give a seat that was taken over back to its bot."""


class Follow(Struct, tag="follow"):
    """Spectate what `seat` sees, with its fog; -1: everything."""

    seat: SeatOrNone = -1


class Rematch(Struct, tag="rematch"):
    """Play the match that is over again: same seats, bots and duration, another arena.

    The first who asks moves to a new room, and the others learn it by `Room.rematch`; those who ask too follow.
    """


class Leave(Struct, tag="leave"):
    """Leave the room; a bot plays the seat from then on. A person who leaves a running match alive has lost it."""


class Ping(Struct, tag="ping"):
    """Answered at once with `Pong`; `t` is the client's clock."""

    t: float = 0.0


ClientMessage = (
    Hello | ListRooms | Create | Join | Ready | Input | Act | Mark | Take | Release | Follow | Rematch | Leave | Ping
)


# ---- server -> client -------------------------------------------------------------------------------------------


class LevelLine(Struct):
    """A level of a trained bot among `Welcome.bots`: its number, and its rating on the scale where `lms_re` has 0.

    note: what it plays like; facts: what makes it weaker than its bot.
    """

    bot: str
    level: int
    rating: int
    note: str
    facts: str


class Welcome(Struct, tag="welcome"):
    """Answer to `Hello`. `rules` is the whole table (seconds, cells); `abilities[school]` its four rows.

    spec: digest of the observation and action spec; a program with another digest must not play.
    heads: name and size of each action head, in order. bots: names that `Create.bots` accepts; levels: those among them
    that are levels of a trained bot.
    """

    version: str
    bots: list[str]
    schools: list[str]
    verbs: list[str]
    moves: list[tuple[float, float]]
    directions: list[tuple[float, float]]
    delays: list[int]
    rules: dict[str, Any]
    abilities: dict[str, list[dict[str, Any]]]
    heads: list[tuple[str, int]]
    spec: str
    levels: list[LevelLine] = []
    tick_rate: int = 30
    protocol: int = PROTOCOL_VERSION
    game: str = GAME


class RoomLine(Struct):
    """One room of the lobby. taken: seats that are not free; humans: seats of people.

    names: of the players as replays name them: `human:NAME`, `remote:NAME` for a program, or the name of a bot.
    """

    room: str
    mode: Literal["duel", "royale"]
    seats: int
    taken: int
    humans: int
    spectators: int
    tick: int
    duration: float
    state: Literal["waiting", "running", "over"]
    names: list[str] = []


class Standing(Struct):
    """One line of the leaderboard: rating +- sigma on the scale where `lms_re` is 0 and 400 points are odds of 10:1.

    name: as replays name the player: `human:NAME`, `remote:NAME` for a program, or the name of a bot.
    """

    name: str
    rating: float
    sigma: float
    matches: int


class Lobby(Struct, tag="lobby"):
    """Open rooms and the leaderboard of all recorded live matches, best first."""

    rooms: list[RoomLine]
    leaderboard: list[Standing]


class SeatLine(Struct):
    """The player of a seat. `bot`: the bot of the seat, also while a person has taken it over; "" for other seats."""

    seat: int
    name: str
    school: str
    controller: Literal["open", "human", "bot", "client"]
    bot: str = ""
    connected: bool = True


class Room(Struct, tag="room"):
    """The client's room: sent on joining and whenever a seat or the state changes.

    seat: the client's (-1: spectator). seat_token: needed to come back. walls: `cells` strings of "0" and "1", row y.
    seed: as text, because 64 bits do not fit a JavaScript number. owner: whether the client made the room.
    rematch: name of a player who asks for another match, "" for nobody. countdown_ticks: nobody acts before this tick.
    rated: whether ratings will count the match. delay_ticks: how late spectators see it, and players who are out while
    other people play.
    """

    room: str
    seat: int
    seat_token: str
    mode: Literal["duel", "royale"]
    cells: int
    walls: list[str]
    duration_ticks: int
    seats: list[SeatLine]
    state: Literal["waiting", "running", "over"]
    seed: str = ""
    owner: bool = False
    rematch: str = ""
    countdown_ticks: int = 0
    rated: bool = False
    delay_ticks: int = 0


class Zone(Struct):
    """The safe circle. It shrinks from tick `closes` to tick `closed` to radius `target`; `damage` in hp/s outside."""

    x: float
    y: float
    r: float
    target: float
    closes: int
    closed: int
    damage: float


class MageView(Struct):
    """A mage in sight. shield: hp that it absorbs; slow: share of speed lost; dash, rune: ticks left.

    fx, fy: facing. mana: None if hidden (a player sees that of the own mage, a spectator of everything sees all).
    """

    seat: int
    x: float
    y: float
    vx: float
    vy: float
    fx: float
    fy: float
    hp: float
    mana: float | None
    shield: float
    slow: float
    dash: int
    rune: int
    move: int
    alive: bool
    kills: int


class ShotView(Struct):
    """A projectile in flight; `row` 0 bolt, 1 offence, of `school`. An id is never used twice in a match."""

    id: int
    x: float
    y: float
    vx: float
    vy: float
    owner: int
    row: int
    school: int


class ItemView(Struct):
    """An item on the ground; kind 0 health, 1 mana, 2 rune, 3 chest."""

    id: int
    kind: int
    x: float
    y: float


class You(Struct):
    """What only the player of a mage may know. cooldowns: ticks left of bolt, offence, mobility, defence.

    budget: actions left in the window of the cap; spacing: ticks until the next; capped, illegal: refused so far;
    chest: whether one is in reach; queued: verb that waits to become possible, 0 for none.
    """

    seat: int
    mana: float
    cooldowns: tuple[int, int, int, int]
    budget: int
    spacing: int
    capped: int
    illegal: int
    chest: bool
    queued: int


class Event(Struct):
    """Something that happened in this tick and that the view may know; the same objects as in films of replays.

    cast: `seat` carried out `verb` at x, y towards dx, dy (mobility: and went to tx, ty). impact: shot `id` of `seat`
    ended at x, y; `end` is `mage` (then `victim` is its seat), `wall`, `range` or `swept`. hit: `seat` lost `damage` hp
    and its ward absorbed `absorbed` hp, by `by` (-1: no single seat). kill: `seat` died, by `by` (-1: the zone).
    pickup: `seat` took item `index` of kind `item`. mark: a person judged what `seat` just did as `verdict`.
    """

    kind: Literal["cast", "impact", "hit", "kill", "pickup", "mark"]
    seat: int
    tick: int
    x: float = 0.0
    y: float = 0.0
    verb: int = 0
    dx: float = 0.0
    dy: float = 0.0
    tx: float | None = None
    ty: float | None = None
    by: int = -1
    damage: float = 0.0
    absorbed: float = 0.0
    id: int = -1
    row: int = 0
    school: int = 0
    end: str = ""
    victim: int = -1
    item: int = -1
    index: int = -1
    verdict: str = ""


class State(Struct, tag="state"):
    """The world at `tick`, 30 times a second: what the client's or the followed seat sees, or everything.

    ack: `seq` of the last input applied (0: none). view: the seat that sees this, -1: everything. mages: those in
    sight; a seat's view always lists its own mage, also when dead.
    """

    tick: int
    ack: int
    view: int
    zone: Zone
    mages: list[MageView]
    shots: list[ShotView]
    items: list[ItemView]
    you: You | None = None
    events: list[Event] = []


class Array(Struct):
    """A NumPy array: `data` is its bytes in C order, little-endian, as base64 text in the frame."""

    dtype: str
    shape: list[int]
    data: bytes


class Observation(Struct, tag="observation"):
    """The arrays of the spec for `seat` (see `botgame.spec`), when it is due; only if it joined with `observe`.

    tick: when it was made; `Act` repeats it. key: 64 random bits for the decision, as decimal text.
    """

    tick: int
    seat: int
    arrays: dict[str, Array]
    key: str


class RatingChange(Struct):
    """What a match made of a player's rating, in points; before: None after the player's first rated match."""

    before: float | None
    after: float
    sigma: float


class Result(Struct, tag="result"):
    """The match is over and on disk. Lists have one entry for each seat; a survivor's death_tick is -1.

    replay: name of its file in the data folder, "" when it could not be saved. duration: seconds played. broken_off:
    the match was cut off and counts for nobody; those who were alive share the first place. killers: the seat that
    killed each that died, -1: the zone. left: seats whose players left before the end: they count as out from then on.
    ratings: one for each seat; empty when the match is not rated.
    """

    room: str
    places: list[int]
    kills: list[int]
    damage_dealt: list[float]
    damage_taken: list[float]
    death_ticks: list[int]
    replay: str
    duration: float
    broken_off: bool = False
    killers: list[int] = []
    left: list[int] = []
    ratings: list[RatingChange] = []


class Error(Struct, tag="error"):
    """A message was refused and changed nothing. The connection stays open unless the code is one of `FATAL`."""

    code: str
    message: str


class Pong(Struct, tag="pong"):
    """Answer to `Ping`."""

    t: float


ServerMessage = Welcome | Lobby | Room | State | Observation | Result | Error | Pong

# Codes of `Error`; after a fatal one the server closes the connection.
FATAL = ("protocol", "token", "malformed", "too_fast", "too_slow", "silent", "full", "replaced")
REFUSED = ("invalid", "no_room", "no_seat", "bad_bot", "name_taken", "not_now", "not_allowed", "busy")


# ---- reading and writing ----------------------------------------------------------------------------------------


class MalformedError(ValueError):
    """A frame that is no message of this protocol; the text states why and is safe to send back."""


_CLIENT = msgspec.json.Decoder(ClientMessage)
_SERVER = msgspec.json.Decoder(ServerMessage)
_ENCODER = msgspec.json.Encoder()


def decode_client(frame: str | bytes) -> ClientMessage:
    """A client's frame as a message. Raises MalformedError, and no other error, for anything else."""
    return _decode(_CLIENT, frame)  # type: ignore[no-any-return]


def decode_server(frame: str | bytes) -> ServerMessage:
    """A server's frame as a message. Raises MalformedError."""
    return _decode(_SERVER, frame)  # type: ignore[no-any-return]


def encode(message: ClientMessage | ServerMessage) -> str:
    """A message as the text of a frame."""
    return _ENCODER.encode(message).decode()


def _decode(decoder: msgspec.json.Decoder[Any], frame: str | bytes) -> Any:
    if len(frame) > MAX_MESSAGE and decoder is _CLIENT:
        raise MalformedError(f"a frame of {len(frame)} bytes, expected at most {MAX_MESSAGE}")
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedError(str(error)[:200]) from None
