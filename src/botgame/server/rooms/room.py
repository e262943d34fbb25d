"""A room: people, programs and bots around one match. Messages in, messages out; no sockets, no clock, no threads.

    room = MatchRoom("r1", setup, Rules(), BotRoster("lms_re"), new_token, Lateness())
    out = room.create(client, Create(...))        # -> [(client, message), ...]
    out = room.receive(client, Input(...))
    out = room.tick()                             # 30 times a second, always
    for request in room.take_bot_requests(): room.answer(request.seat, request.tick, action)
    if room.take_finished(): out = room.saved("duel_s1_...lmsr")

A request that is not allowed raises `RefusedError` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from botgame.feedback import can_be_rated
from botgame.lms.rules import TICKS_PER_SECOND, Rules
from botgame.server import protocol
from botgame.server.metrics import Lateness
from botgame.server.protocol import Create, Error, Join, ServerMessage
from botgame.server.rooms import messages as room_messages
from botgame.server.rooms.delayed_views import DelayedViews
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.match_driver import DecisionRequest, MatchDriver
from botgame.server.rooms.messages import RoomState
from botgame.server.rooms.room_seat import PREFIXES, RoomSeat
from botgame.server.rooms.room_setup import RoomSetup
from botgame.server.rooms.seat_ownership import GRACE_TICKS, BotRoster, SeatOwnership
from botgame.server.rooms.view import EVERYTHING

LINGER_TICKS = 300 * TICKS_PER_SECOND  # how long a room stays open after its match, for a rematch
Outbox = list[tuple[int, ServerMessage | str]]  # (client, message)


class RefusedError(Exception):
    """A client requested something that is not allowed; `code` is one of `protocol.REFUSED`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Member:
    """A connection in the room: its seat (-1: a spectator) and the seat whose view it watches."""

    seat: int = -1
    follow: int = EVERYTHING
    owner: bool = False


class MatchRoom:
    """A room with one match. The first bot of the setup, if any, is its fallback; `new_token` makes secrets.

    lateness: of the bots of all rooms.
    """

    def __init__(
        self,
        name: str,
        setup: RoomSetup,
        rules: Rules,
        roster: BotRoster,
        new_token: Callable[[], str],
        lateness: Lateness,
    ) -> None:
        self.name, self.setup = name, setup
        self.state: RoomState = "waiting"
        self.is_saved = False
        self.is_dismissed = False  # it ends at the next tick
        self.idle_ticks = 0  # for how long it has been without members, or without a match
        self.policies: list[str] = []  # the players at the start, one for each seat, as the replay names them
        self.name_keys: list[str] = []  # at the start, one for each seat: whose name it is
        self.rematch = ""  # the room in which the match is played again, "" for none
        self.members: dict[int, Member] = {}
        self.match = LiveMatch(setup.seats, setup.seed, setup.duration_ticks, rules)
        bots = [bot for bot in setup.players if bot]
        roster = replace(roster, fallback=bots[0]) if bots else roster
        self.ownership = SeatOwnership(self.match, roster, new_token)
        self.driver = MatchDriver(self.match, self.ownership.seats, lateness)
        self._walls = room_messages.walls(self.match)
        self._is_taken = False  # the finished match has been taken
        self._cast = setup.players  # once the match has begun, with the bots that have filled open seats
        self._watched = DelayedViews()
        self._result: protocol.Result | None = None
        self._asks_rematch = ""  # the name of the player who asks for another match
        for seat, bot in zip(self.ownership.seats, setup.players, strict=True):
            if bot:
                self.ownership.assign_bot(seat, bot)

    # ---- what the lobby needs ----------------------------------------------------------------------------------

    def take_bot_requests(self) -> list[DecisionRequest]:
        """The requests to bots that have come up since the last call."""
        requests, self.driver.bot_requests = self.driver.bot_requests, []
        return requests

    def answer(self, seat: int, tick: int, action: list[int]) -> bool:
        """A bot's decision; False when no request for it is open."""
        return self.ownership.seats[seat].kind == "bot" and self.driver.answer(seat, tick, action)

    def take_finished(self) -> bool:
        """Whether a match has ended that is to be saved; True only once."""
        is_new = self.state == "over" and not self._is_taken and self.match.tick > 0
        self._is_taken = self._is_taken or is_new
        return is_new

    @property
    def is_expired(self) -> bool:
        """Whether the room can be deleted."""
        if self.state == "waiting":
            return self.is_dismissed or (self.is_deserted and self.idle_ticks > GRACE_TICKS)
        saved = self.is_saved or not self._is_taken
        return self.state == "over" and saved and (not self.members or self.idle_ticks > LINGER_TICKS)

    @property
    def is_deserted(self) -> bool:
        """Whether nobody is in the room (its people may be about to come back), and it is not kept for somebody."""
        return not self.members and not (self.state == "waiting" and self.setup.keep)

    @property
    def is_taking_space(self) -> bool:
        """Whether it counts as one of the rooms that there may be: those whose match is over do not."""
        return self.state != "over" and not self.is_dismissed

    @property
    def _is_abandoned(self) -> bool:
        """Whether nobody comes back to a running match, and it can no longer count for anybody."""
        return self.is_deserted and self.idle_ticks > GRACE_TICKS and not self.ownership.counts

    def line(self) -> protocol.RoomLine:
        """The room's line in the lobby."""
        spectators = sum(member.seat < 0 for member in self.members.values())
        return room_messages.line(self.name, self.match, self.ownership.seats, self.state, spectators)

    # ---- joining and leaving -----------------------------------------------------------------------------------

    def create(self, client: int, message: Create) -> Outbox:
        """The maker of the room joins it."""
        if message.seat < 0:
            self.members[client] = Member(owner=True)
        else:
            self._sit(client, message, "the bots fill every seat; name fewer, or spectate with seat -1", owner=True)
        return self.begin_if_full()

    def join(self, client: int, message: Join) -> Outbox:
        """Take a seat, come back to one, or spectate."""
        if message.seat_token:
            return self._reconnect(client, message.seat_token)
        if message.spectate:
            self.members[client] = Member()
            return self._announce()
        self._sit(client, message, "no seat is free in this room; spectate instead", owner=False)
        return self.begin_if_full()

    def disconnect(self, client: int) -> Outbox:
        """The connection is lost: its seat waits for it."""
        member = self.members.pop(client, None)
        if member is None:
            return []
        if member.seat >= 0:
            self.ownership.disconnect(self.ownership.seats[member.seat])
        return self._announce()

    def leave(self, client: int) -> Outbox:
        """The client leaves and will not come back."""
        member = self.members.get(client)
        out = self.disconnect(client)
        if member is not None and member.seat >= 0:
            self.ownership.abandon(self.ownership.seats[member.seat])
            out = self._announce()
        if not self.members and not self.ownership.awaits_anybody:
            self.idle_ticks = GRACE_TICKS + 1  # no reason to wait
        return out

    def rematch_setup(self, seed: int) -> RoomSetup:
        """The same match in another arena: its bots in their seats, the seats of its people open."""
        return replace(self.setup, players=self._cast, seed=seed, keep=False)

    def follow_into(self, again: MatchRoom, client: int) -> Outbox:
        """Move a member to the rematch, to the same seat if it was the member's own and is open, else to spectate."""
        member = self.members[client]
        seat = self.ownership.seats[member.seat] if member.seat >= 0 else None
        self.rematch = again.name
        if seat is not None and again.ownership.seats[seat.index].kind == "open":
            self._asks_rematch = seat.name
            again.seat_again(client, seat, owner=member.owner)
        else:
            again.members[client] = Member(owner=member.owner)
        return self.leave(client) + again.begin_if_full()

    def seat_again(self, client: int, before: RoomSeat, *, owner: bool) -> None:
        """Give the player of a seat of the match before the same seat of this one."""
        again = Join(self.name, before.name, before.choice, observe=before.kind == "client", key=before.name_key)
        self.ownership.assign_client(self.ownership.seats[before.index], client, again)
        self.members[client] = Member(seat=before.index, owner=owner)

    def _sit(self, client: int, message: Create | Join, refusal: str, *, owner: bool) -> None:
        seat = self.ownership.first_open_seat()
        if seat is None:
            raise RefusedError("no_seat", refusal)
        self.ownership.assign_client(seat, client, message)
        self.members[client] = Member(seat=seat.index, owner=owner)

    def _reconnect(self, client: int, token: str) -> Outbox:
        found = self.ownership.reconnect(token, client)
        if found is None:
            raise RefusedError("no_seat", "this seat has been given to a bot or never existed; spectate instead")
        seat, before = found
        other = self.members.pop(before, None) if before is not None else None
        self.members[client] = Member(seat=seat.index, owner=other is not None and other.owner)
        out = self._announce()
        if before is not None:
            out.append((before, Error("replaced", "you play this seat in another window now")))
        return out

    def begin_if_full(self) -> Outbox:
        """Begin the match if no seat is open; in any case send all members the state of the room."""
        return self._begin() if self.state == "waiting" and self.ownership.is_full else self._announce()

    def _begin(self) -> Outbox:
        self.ownership.complete(self.setup.seed)
        self.policies = self.ownership.policies
        self.name_keys = [seat.name_key for seat in self.ownership.seats]
        self._cast = tuple(seat.bot if seat.kind == "bot" else "" for seat in self.ownership.seats)
        self.state = "running"
        if can_be_rated(self.policies) and not self.ownership.is_without_people:
            self._watched.ticks = self.setup.delay_ticks
        countdown_ticks = min(self.setup.countdown_ticks, self.setup.duration_ticks // 10)
        self.driver.begin([self.ownership.limits(seat) for seat in self.ownership.seats], countdown_ticks)
        out = self._announce()
        self._send_observations(out)
        return out

    # ---- messages of members -----------------------------------------------------------------------------------

    def receive(self, client: int, message: protocol.ClientMessage) -> Outbox:
        """Handle a member's message about the match."""
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
            return self._mark(message, late=self._watched.ticks if self._sees_late(member) else 0)
        if isinstance(message, protocol.Take):
            return self._take(client, member, self._seat(message.seat))
        if isinstance(message, protocol.Release):
            return self._release(member)
        if isinstance(message, protocol.Ready):
            return self._ready(member)
        raise RefusedError("not_now", "this message has no meaning inside a room")

    def _seat(self, index: int) -> RoomSeat:
        if index >= len(self.ownership.seats):
            raise RefusedError("no_seat", f"no seat {index} in a match of {len(self.ownership.seats)}")
        return self.ownership.seats[index]

    def _input(self, member: Member, message: protocol.Input) -> Outbox:
        if member.seat >= 0:
            seat = self.ownership.seats[member.seat]
            seat.uses_inputs = True
            seat.input.take(message, self.match.tick)
        return []

    def _act(self, member: Member, message: protocol.Act) -> Outbox:
        if member.seat < 0 or self.ownership.seats[member.seat].kind != "client":
            raise RefusedError("not_allowed", "only a seat that joined with observe takes actions")
        self.ownership.seats[member.seat].uses_inputs = False
        self.driver.answer(member.seat, message.tick, message.action)
        return []

    def _mark(self, message: protocol.Mark, late: int) -> Outbox:
        self._seat(message.seat)
        value = 1 if message.verdict == "good" else -1
        if not self.match.is_running or not self.match.mark(message.seat, value, late):
            raise RefusedError("not_now", "there is nothing to mark now")
        self.driver.add_event({"kind": "mark", "seat": message.seat, "verdict": message.verdict})
        return []

    def _ready(self, member: Member) -> Outbox:
        if self.state != "waiting":
            raise RefusedError("not_now", "the match has begun")
        if member.seat < 0 and not member.owner:
            raise RefusedError("not_allowed", "only players start the match")
        return self._begin()

    def _take(self, client: int, member: Member, seat: RoomSeat) -> Outbox:
        own = seat.kind == "client" and seat.client == client
        if not self.ownership.may_change or not self.driver.is_alive(seat.index):
            raise RefusedError("not_now", "this seat cannot be taken over now")
        if seat.kind != "bot" and not own:
            raise RefusedError("no_seat", "only a bot's seat can be taken over")
        if not own and member.seat >= 0:
            raise RefusedError("not_allowed", "only spectators take over a bot's seat, and you have a seat")
        if not (own or member.owner or self.ownership.is_without_people):
            raise RefusedError("not_allowed", "only the maker of the room takes over a bot that plays against people")
        self.ownership.take_over(seat, client)
        member.seat = seat.index
        return self._announce()

    def _release(self, member: Member) -> Outbox:
        if member.seat < 0 or self.ownership.seats[member.seat].taken_from is None or not self.match.is_running:
            raise RefusedError("not_now", "no seat has been taken over")
        seat = self.ownership.seats[member.seat]
        self.ownership.give_back(seat)
        member.seat = seat.index if seat.kind == "client" else -1
        return self._announce()

    # ---- time --------------------------------------------------------------------------------------------------

    def tick(self) -> Outbox:
        """Play 1/30 s and send the new state to the members."""
        out: Outbox = self._announce() if self.ownership.tick() else []
        self.idle_ticks = 0 if self.members and self.state != "over" else self.idle_ticks + 1
        if self.state != "running":
            return out + self._show_rest()
        if self.is_dismissed or self._is_abandoned:
            return out + self.end()
        self.driver.tick()
        self._show(out)
        if self.match.over:
            out += self._finish()
        return out

    def end(self) -> Outbox:
        """Cut a running match off where it is; it counts for nobody. In another state, do nothing."""
        if self.state != "running":
            return []
        self.match.cut()
        return self._finish()

    def _finish(self) -> Outbox:
        self.state, self.idle_ticks = "over", 0
        return self._announce()

    def saved(self, replay: str, ratings: Sequence[protocol.RatingChange] = ()) -> Outbox:
        """The match is on disk as `replay` ("" when that failed): send the result to all members.

        ratings: what the match made of each seat's rating, if it is rated.
        """
        self.is_saved = True
        self._result = room_messages.result(
            self.name, self.match, self.driver.killers, self.ownership.forfeits, replay=replay, ratings=ratings
        )
        waits = not self._watched.is_shown
        return [(client, self._result) for client, member in self.members.items() if member.seat >= 0 or not waits]

    def _show(self, out: Outbox) -> None:
        """Send each member its view; each distinct view is written once."""
        watching = [member for member in self.members.values() if member.seat < 0]
        views: dict[int, str] = {}
        if watching or self._watched.ticks:
            for view in {EVERYTHING, *(member.follow for member in watching)}:
                views[view] = self._view(view)
            self._watched.add(views)
        for client, member in self.members.items():
            if member.seat >= 0 and self.driver.is_alive(member.seat):
                out.append((client, self._player_view(member.seat)))
            elif not self._sees_late(member):
                views[EVERYTHING] = views.get(EVERYTHING) or self._view(EVERYTHING)
                out.append((client, views[EVERYTHING]))
        self._show_late(self._watched.take_due(), out)
        self._send_observations(out)

    def _sees_late(self, member: Member) -> bool:
        """Whether a member sees the match late: a spectator, and a player who is out and could help another one."""
        if member.seat < 0 or not self._watched.ticks or self.match.over or self.driver.is_alive(member.seat):
            return member.seat < 0
        return any(seat.kind in PREFIXES and self.driver.is_alive(seat.index) for seat in self.ownership.seats)

    def _show_late(self, views: dict[int, str], out: Outbox) -> None:
        for client, member in self.members.items():
            if views and self._sees_late(member):
                out.append((client, DelayedViews.of(views, member.follow)))

    def _show_rest(self) -> Outbox:
        """Show spectators the next tick that they have not seen of a match that is over; after the last, its result."""
        out: Outbox = []
        if self._watched.is_shown:
            return out
        self._show_late(self._watched.take(), out)
        if self._watched.is_shown and self._result is not None:
            out += [(client, self._result) for client, member in self.members.items() if member.seat < 0]
        return out

    def _send_observations(self, out: Outbox) -> None:
        """Send programs the observations that they must answer."""
        for request in self.driver.client_requests:
            client = self.ownership.seats[request.seat].client
            if client is not None:
                out.append((client, room_messages.observation(request)))

    def _view(self, view: int) -> str:
        """What a spectator of a seat sees; of everything, also when the seat is dead."""
        return self.driver.viewer.state(view if view < 0 or self.driver.is_alive(view) else EVERYTHING)

    def _player_view(self, seat: int) -> str:
        player_input = self.ownership.seats[seat].input
        return self.driver.viewer.state(seat, player_input.ack, player_input.queued, plays=True)

    def _announce(self) -> Outbox:
        """Send all members the state of the room."""
        seats = self.ownership.seats
        message = room_messages.room(self.name, self.match, self._walls, seats, self.state)
        message.rematch, message.delay_ticks = self._asks_rematch, self._watched.ticks
        message.rated = can_be_rated(self.policies) and not self.ownership.is_taken_over
        out: Outbox = []
        for client, member in self.members.items():
            own = seats[member.seat] if member.seat >= 0 else None
            out.append((client, room_messages.for_member(message, own, owner=member.owner)))
        return out
