"""A room: people, programs and bots around one match. Messages in, messages out; no sockets, no clock, no threads.

    room = Room("r1", plan, Rules(), fallback="lms_re", new_token=..., lateness=Lateness())
    out = room.create(client, Create(...))        # -> [(client, message), ...]
    out = room.receive(client, Input(...))
    out = room.tick()                             # 30 times a second, whatever happens
    for ask in room.take_asks(): room.answer(ask.seat, ask.tick, action)
    if room.is_finished: out = room.saved("duel_s1_...lmsr")

What a client may not do raises `RefusedError` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botgame.lms.rules import TICKS_PER_SECOND, Rules
from botgame.server import protocol
from botgame.server.protocol import Create, Join, ServerMessage
from botgame.server.rooms import messages as room_messages
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.match_driver import Ask, Lateness, Referee
from botgame.server.rooms.messages import RoomState
from botgame.server.rooms.seat_ownership import GRACE_TICKS, Holders
from botgame.server.rooms.seats import Seat
from botgame.server.rooms.view import EVERYTHING

LINGER_TICKS = 60 * TICKS_PER_SECOND  # how long a room that is over can be looked at
Out = list[tuple[int, ServerMessage | str]]


class RefusedError(Exception):
    """A client asked for what it may not have; `code` is one of `protocol.REFUSED`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Plan:
    """What is to be played. `bots` fill the last seats; the others are open at first. keep: wait for the first."""

    seats: int
    bots: tuple[str, ...]
    duration_ticks: int
    seed: int
    keep: bool = False


@dataclass
class Member:
    """A connection in the room: the seat it holds (-1: none) and through whose eyes it watches."""

    seat: int = -1
    follow: int = EVERYTHING
    owner: bool = False


class Room:
    """See the module. fallback: the bot that fills seats; new_token makes secrets; lateness counts for all rooms.

    schools, caps: of the bots that were trained in one alone, or under a cap on actions of their own.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        rules: Rules,
        *,
        fallback: str,
        schools: Mapping[str, int] | None = None,
        caps: Mapping[str, int] | None = None,
        new_token: Callable[[], str],
        lateness: Lateness,
    ) -> None:
        self.name, self.plan = name, plan
        self.state: RoomState = "waiting"
        self.is_saved = False
        self.broken_off = False
        self.policies: list[str] = []  # who held each seat at the start, as the replay names it
        self.members: dict[int, Member] = {}
        self.match = LiveMatch(plan.seats, plan.seed, plan.duration_ticks, rules)
        fallback = plan.bots[0] if plan.bots else fallback
        self.holders = Holders(self.match, fallback, new_token, schools or {}, caps or {})
        self._referee = Referee(self.match, self.holders.seats, lateness)
        self._walls = room_messages.walls(self.match)
        self._idle_ticks = 0
        for seat, bot in zip(reversed(self.holders.seats), reversed(plan.bots), strict=False):
            self.holders.fill(seat, bot)

    # ---- what others ask ---------------------------------------------------------------------------------------

    def take_asks(self) -> list[Ask]:
        """Questions to bots that have come up since the last call."""
        asks, self._referee.asks = self._referee.asks, []
        return asks

    def answer(self, seat: int, tick: int, action: list[int]) -> bool:
        """A bot's decision; False when nobody waits for it."""
        return self.holders.seats[seat].kind == "bot" and self._referee.answer(seat, tick, action)

    @property
    def is_finished(self) -> bool:
        """Over and to be saved."""
        return self.state == "over" and not self.is_saved

    @property
    def is_dead(self) -> bool:
        """Nobody needs this room any more."""
        if self.state == "waiting":
            return self.is_deserted and self._idle_ticks > GRACE_TICKS
        return self.is_saved and (not self.members or self._idle_ticks > LINGER_TICKS)

    @property
    def is_deserted(self) -> bool:
        """It waits for a match, and nobody is in it (who made it may be on the way back)."""
        return self.state == "waiting" and not self.members and not self.plan.keep

    def line(self) -> protocol.RoomLine:
        """The room in the lobby."""
        spectators = sum(member.seat < 0 for member in self.members.values())
        return room_messages.line(self.name, self.match, self.holders.seats, self.state, spectators)

    # ---- coming and going --------------------------------------------------------------------------------------

    def create(self, client: int, message: Create) -> Out:
        """The maker of the room joins it."""
        if message.seat < 0:
            self.members[client] = Member(owner=True)
        else:
            self._sit(client, message, "the bots fill every seat; name fewer, or spectate with seat -1", owner=True)
        return self._begin_if_full()

    def join(self, client: int, message: Join) -> Out:
        """Take a seat, come back to one, or watch."""
        if message.seat_token:
            return self._come_back(client, message.seat_token)
        if message.spectate:
            self.members[client] = Member()
            return self._announce()
        self._sit(client, message, "no seat is free in this room; spectate instead", owner=False)
        return self._begin_if_full()

    def drop(self, client: int) -> Out:
        """The connection is lost: its seat waits for it."""
        member = self.members.pop(client, None)
        if member is None:
            return []
        if member.seat >= 0:
            self.holders.lose(self.holders.seats[member.seat])
        return self._announce()

    def leave(self, client: int) -> Out:
        """Gone for good."""
        member = self.members.get(client)
        out = self.drop(client)
        if member is not None and member.seat >= 0:
            self.holders.abandon(self.holders.seats[member.seat])
            return self._announce()
        return out

    def _sit(self, client: int, message: Create | Join, refusal: str, *, owner: bool) -> None:
        seat = self.holders.open_seat()
        if seat is None:
            raise RefusedError("no_seat", refusal)
        self.holders.sit(seat, client, message.name, message.school, observe=message.observe)
        self.members[client] = Member(seat=seat.index, owner=owner)

    def _come_back(self, client: int, token: str) -> Out:
        found = self.holders.come_back(token, client)
        if found is None:
            raise RefusedError("no_seat", "this seat has been given to a bot or never existed; spectate instead")
        seat, before = found
        other = self.members.pop(before, None) if before is not None else None
        self.members[client] = Member(seat=seat.index, owner=other is not None and other.owner)
        return self._announce()

    def _begin_if_full(self) -> Out:
        return self._begin() if self.state == "waiting" and self.holders.is_full else self._announce()

    def _begin(self) -> Out:
        self.holders.complete(self.plan.seed)
        self.policies = self.holders.policies
        self.state = "running"
        self._referee.begin([self.holders.limits(seat) for seat in self.holders.seats])
        out = self._announce()
        self._show_programs(out)
        return out

    # ---- what members say --------------------------------------------------------------------------------------

    def receive(self, client: int, message: protocol.ClientMessage) -> Out:
        """A message of a member about the match."""
        member = self.members[client]
        if isinstance(message, protocol.Input):
            return self._input(member, message)
        if isinstance(message, protocol.Act):
            return self._act(member, message)
        if isinstance(message, protocol.Follow):
            self._seat(max(message.seat, 0))
            member.follow = message.seat
            return []
        if isinstance(message, protocol.Mark):
            return self._mark(message)
        if isinstance(message, protocol.Take):
            return self._take(client, member, self._seat(message.seat))
        if isinstance(message, protocol.Release):
            return self._release(member)
        if isinstance(message, protocol.Ready):
            return self._ready(member)
        raise RefusedError("not_now", "this cannot be said inside a room")

    def _seat(self, index: int) -> Seat:
        if index >= len(self.holders.seats):
            raise RefusedError("no_seat", f"no seat {index} in a match of {len(self.holders.seats)}")
        return self.holders.seats[index]

    def _input(self, member: Member, message: protocol.Input) -> Out:
        if member.seat >= 0:
            seat = self.holders.seats[member.seat]
            seat.by_hand = True
            seat.hands.take(message, self.match.tick)
        return []

    def _act(self, member: Member, message: protocol.Act) -> Out:
        if member.seat < 0 or self.holders.seats[member.seat].kind != "client":
            raise RefusedError("not_allowed", "only a seat that joined with observe takes actions")
        self.holders.seats[member.seat].by_hand = False
        self._referee.answer(member.seat, message.tick, message.action)
        return []

    def _mark(self, message: protocol.Mark) -> Out:
        self._seat(message.seat)
        if not self.match.is_running or not self.match.mark(message.seat, 1 if message.verdict == "good" else -1):
            raise RefusedError("not_now", "there is nothing to mark now")
        self._referee.tell({"kind": "mark", "seat": message.seat, "verdict": message.verdict})
        return []

    def _ready(self, member: Member) -> Out:
        if self.state != "waiting":
            raise RefusedError("not_now", "the match has begun")
        if member.seat < 0 and not member.owner:
            raise RefusedError("not_allowed", "only those who play start the match")
        return self._begin()

    def _take(self, client: int, member: Member, seat: Seat) -> Out:
        own = seat.kind == "client" and seat.client == client
        if not self.holders.may_change or not self._referee.is_alive(seat.index):
            raise RefusedError("not_now", "this seat cannot be taken over now")
        if seat.kind != "bot" and not own:
            raise RefusedError("no_seat", "only a bot's seat can be taken over")
        if not own and (member.seat >= 0 or not (member.owner or self.holders.is_without_people)):
            raise RefusedError("not_allowed", "only the maker of the room takes over a bot that plays against people")
        self.holders.take(seat, client)
        member.seat = seat.index
        return self._announce()

    def _release(self, member: Member) -> Out:
        if member.seat < 0 or self.holders.seats[member.seat].under is None or not self.match.is_running:
            raise RefusedError("not_now", "no seat has been taken over")
        seat = self.holders.seats[member.seat]
        self.holders.give_back(seat)
        member.seat = seat.index if seat.kind == "client" else -1
        return self._announce()

    # ---- time --------------------------------------------------------------------------------------------------

    def tick(self, *, show: bool = True) -> Out:
        """1/30 s has passed. `show`: somebody is to see it."""
        out: Out = self._announce() if self.holders.tick() else []
        if self.state != "running":
            self._idle_ticks = 0 if self.members and self.state == "waiting" else self._idle_ticks + 1
            return out
        self._referee.tick()
        if show:
            self._show(out)
        if self.match.over:
            self.state = "over"
            out += self._announce()
        return out

    def break_off(self) -> None:
        """The server stops: bots play the match to its end, which counts for nobody."""
        self.broken_off = self.match.is_running
        for client in list(self.members):
            self.leave(client)
        for seat in self.holders.seats:
            self.holders.abandon(seat)

    def saved(self, replay: str) -> Out:
        """The match is on disk as `replay` ("" when that failed): tell everybody how it went."""
        self.is_saved = True
        message = room_messages.result(self.name, self.match.outcome(), replay, broken_off=self.broken_off)
        return [(client, message) for client in self.members]

    def _show(self, out: Out) -> None:
        """Each distinct view is written once."""
        texts: dict[tuple[int, bool], str] = {}
        for client, member in self.members.items():
            key = (member.seat, True) if member.seat >= 0 else (member.follow, False)
            if key[0] >= 0 and not self._referee.is_alive(key[0]):
                key = (EVERYTHING, False)
            text = texts.get(key)
            if text is None:
                text = texts[key] = self._view(*key)
            out.append((client, text))
        self._show_programs(out)

    def _show_programs(self, out: Out) -> None:
        """Observations that are due."""
        for ask in self._referee.shows:
            listener = self.holders.seats[ask.seat].client
            if listener is not None:
                out.append((listener, room_messages.observation(ask)))

    def _view(self, seat: int, plays: bool) -> str:
        viewer = self._referee.viewer
        if not plays:
            return viewer.state(seat)
        hands = self.holders.seats[seat].hands
        return viewer.state(seat, hands.ack, hands.queued, plays=True)

    def _announce(self) -> Out:
        """Everybody is told how the room stands."""
        out: Out = []
        for client, member in self.members.items():
            seats = self.holders.seats
            own = seats[member.seat] if member.seat >= 0 else None
            args = (self.name, self.match, self._walls, seats, self.state, own, member.owner)
            out.append((client, room_messages.room(*args)))
        return out
