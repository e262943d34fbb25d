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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botgame import rng
from botgame.game.rules import SCHOOLS, TICKS_PER_SECOND, Rules
from botgame.replay.header import BOT, HUMAN, MAX_EVENTS
from botgame.server import frame as at
from botgame.server import protocol, room_messages
from botgame.server.live_match import LiveMatch
from botgame.server.protocol import Create, Join, ServerMessage
from botgame.server.referee import Ask, Lateness, Referee
from botgame.server.room_messages import RoomState
from botgame.server.seats import Seat
from botgame.server.view import EVERYTHING

GRACE_TICKS = 30 * TICKS_PER_SECOND  # how long a seat waits for its owner to come back
LINGER_TICKS = 60 * TICKS_PER_SECOND  # how long a room that is over can be looked at
_SCHOOL = 0x736368  # purpose of random draws, as in `run_match`
_SPARE_CHANGES = 100  # kept for giving seats back
Out = list[tuple[int, ServerMessage | str]]


class RefusedError(Exception):
    """A client asked for what it may not have; `code` is one of `protocol.REFUSED`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Plan:
    """What is to be played. `bots` fill the last seats; the others are open at first."""

    seats: int
    bots: tuple[str, ...]
    duration_ticks: int
    seed: int


@dataclass
class Member:
    """A connection in the room: the seat it holds (-1: none) and through whose eyes it watches."""

    seat: int = -1
    follow: int = EVERYTHING
    owner: bool = False


class Room:
    """See the module. fallback: the bot that fills seats; new_token makes secrets; keep: wait however long."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        rules: Rules,
        *,
        fallback: str,
        new_token: Callable[[], str],
        lateness: Lateness,
        keep: bool = False,
    ) -> None:
        self.name, self.plan = name, plan
        self.state: RoomState = "waiting"
        self.is_saved = False
        self.broken_off = False
        self.policies: list[str] = []  # who held each seat at the start, as the replay names it
        self.match = LiveMatch(plan.seats, plan.seed, plan.duration_ticks, rules)
        self.seats = [Seat(index) for index in range(plan.seats)]
        self.members: dict[int, Member] = {}
        self._referee = Referee(self.match, self.seats, lateness)
        self._walls = room_messages.walls(self.match)
        self._fallback = plan.bots[0] if plan.bots else fallback
        self._new_token = new_token
        self._idle_ticks, self._keep = 0, keep
        for seat, bot in zip(reversed(self.seats), reversed(plan.bots), strict=False):
            self._fill(seat, bot)

    # ---- what others ask ---------------------------------------------------------------------------------------

    def take_asks(self) -> list[Ask]:
        """Questions to bots that have come up since the last call."""
        asks, self._referee.asks = self._referee.asks, []
        return asks

    @property
    def is_finished(self) -> bool:
        """Over and to be saved."""
        return self.state == "over" and not self.is_saved

    @property
    def is_dead(self) -> bool:
        """Nobody needs this room any more."""
        if self.state == "waiting":
            return not self._keep and not self.members and self._idle_ticks > GRACE_TICKS
        return self.is_saved and (not self.members or self._idle_ticks > LINGER_TICKS)

    def line(self) -> protocol.RoomLine:
        """The room in the lobby."""
        spectators = sum(member.seat < 0 for member in self.members.values())
        return room_messages.line(self.name, self.match, self.seats, self.state, spectators)

    def answer(self, seat: int, tick: int, action: list[int]) -> bool:
        """A bot's decision; False when nobody waits for it."""
        return self.seats[seat].kind == "bot" and self._referee.answer(seat, tick, action)

    # ---- coming and going --------------------------------------------------------------------------------------

    def create(self, client: int, message: Create) -> Out:
        """The maker of the room joins it."""
        seat = next((seat for seat in self.seats if seat.kind == "open"), None)
        if message.seat >= 0 and seat is None:
            raise RefusedError("no_seat", "the bots fill every seat; name fewer, or spectate with seat -1")
        self.members[client] = Member(owner=True)
        if message.seat >= 0 and seat is not None:
            self._sit(client, seat, message.name, message.school, observe=message.observe)
        return self._begin_if_full()

    def join(self, client: int, message: Join) -> Out:
        """Take a seat, come back to one, or watch."""
        if message.seat_token:
            return self._come_back(client, message.seat_token)
        if message.spectate:
            self.members[client] = Member()
            return self._announce()
        seat = next((seat for seat in self.seats if seat.kind == "open"), None)
        if seat is None or self.state != "waiting":
            raise RefusedError("no_seat", "no seat is free in this room; spectate instead")
        self.members[client] = Member()
        self._sit(client, seat, message.name, message.school, observe=message.observe)
        return self._begin_if_full()

    def drop(self, client: int) -> Out:
        """The connection is lost: the seat waits `GRACE_TICKS` for it; one that was taken over is given back."""
        member = self.members.pop(client, None)
        if member is None:
            return []
        if member.seat >= 0:
            seat = self.seats[member.seat]
            seat.client, seat.gone_ticks = None, 0
            seat.hands.let_go()
            if seat.under is not None:
                self._give_back(seat)
        return self._announce()

    def leave(self, client: int) -> Out:
        """Gone for good: a bot plays on, or the seat is free again."""
        member = self.members.get(client)
        out = self.drop(client)
        if member is not None and member.seat >= 0:
            self._abandon(self.seats[member.seat])
            return self._announce()
        return out

    def _sit(self, client: int, seat: Seat, name: str, school: str, *, observe: bool) -> None:
        seat.kind = "client" if observe else "human"
        seat.name, seat.client, seat.token = name, client, self._new_token()
        seat.school = None if school == "any" else SCHOOLS.index(school)
        self.members[client].seat = seat.index

    def _come_back(self, client: int, token: str) -> Out:
        """A second connection with the token takes the place of the first."""
        seat = next((seat for seat in self.seats if seat.token and seat.token == token), None)
        if seat is None:
            raise RefusedError("no_seat", "this seat has been given to a bot or never existed; spectate instead")
        owner = False
        if seat.client is not None:
            owner = self.members.pop(seat.client).owner
        self.members[client] = Member(seat=seat.index, owner=owner)
        seat.client, seat.gone_ticks, seat.shown, seat.asked = client, 0, -1, -1
        seat.hands.restart()
        return self._announce()

    def _abandon(self, seat: Seat) -> None:
        """Its owner will not come back."""
        if seat.kind not in ("human", "client") or seat.client is not None:
            return
        if self.state == "waiting":
            self.seats[seat.index] = Seat(seat.index)
        elif self.state == "running":
            seat.under, seat.bot = "bot", seat.bot or self._fallback
            self._give_back(seat)

    def _fill(self, seat: Seat, bot: str) -> None:
        seat.kind, seat.bot, seat.name = "bot", bot, bot

    def _begin_if_full(self) -> Out:
        if self.state == "waiting" and all(seat.kind != "open" for seat in self.seats):
            self._begin()
        return self._announce()

    def _begin(self) -> None:
        for seat in self.seats:
            if seat.kind == "open":
                self._fill(seat, self._fallback)
            if seat.school is None:
                seat.school = rng.derive(self.plan.seed, _SCHOOL, seat.index) % len(SCHOOLS)
        prefix = {"human": "human:", "client": "remote:"}
        self.policies = [prefix[s.kind] + s.name if s.kind in prefix else s.bot for s in self.seats]
        self.state = "running"
        self._referee.begin([seat.school or 0 for seat in self.seats])

    # ---- what members say --------------------------------------------------------------------------------------

    def receive(self, client: int, message: protocol.ClientMessage) -> Out:
        """A message of a member about the match."""
        member = self.members[client]
        if isinstance(message, protocol.Input):
            return self._input(member, message)
        if isinstance(message, protocol.Act):
            return self._act(member, message)
        if isinstance(message, protocol.Follow):
            return self._follow(member, message.seat)
        if isinstance(message, protocol.Mark):
            return self._mark(message)
        if isinstance(message, protocol.Take):
            return self._take(client, member, message.seat)
        if isinstance(message, protocol.Release):
            return self._release(member)
        if isinstance(message, protocol.Ready):
            return self._ready(member)
        raise RefusedError("not_now", "this cannot be said inside a room")

    def _input(self, member: Member, message: protocol.Input) -> Out:
        if member.seat >= 0:
            seat = self.seats[member.seat]
            seat.by_hand = True
            seat.hands.take(message, self.match.tick)
        return []

    def _act(self, member: Member, message: protocol.Act) -> Out:
        if member.seat < 0 or self.seats[member.seat].kind != "client":
            raise RefusedError("not_allowed", "only a seat that joined with observe takes actions")
        self.seats[member.seat].by_hand = False
        self._referee.answer(member.seat, message.tick, message.action)
        return []

    def _follow(self, member: Member, seat: int) -> Out:
        self._check_seat(max(seat, 0))
        member.follow = seat
        return []

    def _mark(self, message: protocol.Mark) -> Out:
        self._check_seat(message.seat)
        if self.state != "running" or not self.match.mark(message.seat, 1 if message.verdict == "good" else -1):
            raise RefusedError("not_now", "there is nothing to mark now")
        self._referee.tell({"kind": "mark", "seat": message.seat, "verdict": message.verdict})
        return []

    def _ready(self, member: Member) -> Out:
        if self.state != "waiting":
            raise RefusedError("not_now", "the match has begun")
        if member.seat < 0 and not member.owner:
            raise RefusedError("not_allowed", "only those who play start the match")
        self._begin()
        return self._announce()

    def _check_seat(self, seat: int) -> None:
        if seat >= len(self.seats):
            raise RefusedError("no_seat", f"no seat {seat} in a match of {len(self.seats)}")

    # ---- taking over -------------------------------------------------------------------------------------------

    def _take(self, client: int, member: Member, index: int) -> Out:
        self._check_seat(index)
        seat = self.seats[index]
        own = seat.kind == "client" and seat.client == client
        if self.state != "running" or not self._referee.frame.ints[index][at.ALIVE] or self._is_full_of_changes():
            raise RefusedError("not_now", "this seat cannot be taken over now")
        if seat.kind != "bot" and not own:
            raise RefusedError("no_seat", "only a bot's seat can be taken over")
        if not own and (member.seat >= 0 or not (member.owner or self._is_without_people())):
            raise RefusedError("not_allowed", "only the maker of the room takes over a bot that plays against people")
        seat.under, seat.kind, seat.client, member.seat = seat.kind, "human", client, index
        seat.token = seat.token or self._new_token()
        self._change_hands(seat, HUMAN)
        return self._announce()

    def _release(self, member: Member) -> Out:
        if member.seat < 0 or self.seats[member.seat].under is None or self.state != "running":
            raise RefusedError("not_now", "no seat has been taken over")
        self._give_back(self.seats[member.seat])
        return self._announce()

    def _give_back(self, seat: Seat) -> None:
        """To who decided before: a bot, or the program of the same connection."""
        assert seat.under is not None
        seat.kind, seat.under = seat.under, None
        if seat.kind == "bot":
            if seat.client in self.members:
                self.members[seat.client].seat = -1
            seat.client, seat.token = None, ""
        if self.state == "running":
            self._change_hands(seat, BOT)

    def _change_hands(self, seat: Seat, controller: int) -> None:
        seat.forget_question()
        seat.hands.restart()
        self.match.hold(seat.index, controller, self._referee.limits(seat))

    def _is_full_of_changes(self) -> bool:
        assert self.match.recording is not None
        return len(self.match.recording.changes) > MAX_EVENTS - _SPARE_CHANGES

    def _is_without_people(self) -> bool:
        return all(seat.kind != "human" or seat.under is not None for seat in self.seats)

    # ---- time --------------------------------------------------------------------------------------------------

    def tick(self, *, show: bool = True) -> Out:
        """1/30 s has passed. `show`: somebody is to see it."""
        out: Out = self._wait_for_the_absent()
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
        self.broken_off = self.state == "running"
        for seat in self.seats:
            seat.client = None
            self._abandon(seat)
        self.members.clear()

    def saved(self, replay: str) -> Out:
        """The match is on disk as `replay` ("" when that failed): tell everybody how it went."""
        self.is_saved = True
        message = room_messages.result(self.name, self.match.outcome(), replay, broken_off=self.broken_off)
        return [(client, message) for client in self.members]

    def _wait_for_the_absent(self) -> Out:
        out: Out = []
        for seat in self.seats:
            if seat.client is None and seat.kind in ("human", "client"):
                seat.gone_ticks += 1
                if seat.gone_ticks > GRACE_TICKS:
                    self._abandon(seat)
                    out = self._announce()
        return out

    def _show(self, out: Out) -> None:
        """Each distinct view is written once."""
        texts: dict[Any, str] = {}
        alive = [row[at.ALIVE] for row in self._referee.frame.ints]
        for client, member in self.members.items():
            view, plays = (member.seat, True) if member.seat >= 0 else (member.follow, False)
            if view >= 0 and not alive[view]:
                view, plays = EVERYTHING, False
            key = (view, plays)
            if key not in texts:
                hands = self.seats[view].hands
                ack, queued = (hands.ack, hands.queued) if plays else (0, 0)
                texts[key] = self._referee.viewer.state(view, ack, queued, plays=plays)
            out.append((client, texts[key]))
        for ask in self._referee.shows:
            client_of_seat = self.seats[ask.seat].client
            if client_of_seat is not None:
                out.append((client_of_seat, room_messages.observation(ask)))

    def _announce(self) -> Out:
        """Everybody is told how the room stands."""
        out: Out = []
        for client, member in self.members.items():
            own = self.seats[member.seat] if member.seat >= 0 else None
            args = (self.name, self.match, self._walls, self.seats, self.state, own, member.owner)
            out.append((client, room_messages.room(*args)))
        return out
