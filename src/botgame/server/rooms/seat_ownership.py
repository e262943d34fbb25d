"""Seat ownership: which person, program or bot holds which seat, and how seats change hands.

A change during the match brings other limits and is recorded, because the replay must know both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from botgame.game import USUAL_LIMITS, SeatLimits
from botgame.lms.arena import Limits
from botgame.lms.replay.header import BOT, HUMAN, MAX_EVENTS
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND
from botgame.server.protocol import GRACE_SECONDS, School
from botgame.server.rooms.live_match import PEOPLE, LiveMatch
from botgame.server.rooms.room_seat import PREFIXES, RoomSeat, policy_of
from botgame.server.schools import drawn_school

GRACE_TICKS = GRACE_SECONDS * TICKS_PER_SECOND
_SPARE_CHANGES = 100  # of those that a replay can hold: reserved for giving seats back


@dataclass(frozen=True)
class BotRoster:
    """What a room knows of the operator's bots. fallback: the one that fills seats and plays on for absent players.

    schools, limits: of the bots that were trained in one school only, or play under limits of their own.
    """

    fallback: str
    schools: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, SeatLimits] = field(default_factory=dict)


class Player(Protocol):
    """Who takes a seat; `Create` and `Join` are such. key: the hash that shows whose name it is; observe: a program."""

    name: str
    key: str
    school: School
    observe: bool


class SeatOwnership:
    """The seats of `match`. `new_token` makes secrets."""

    def __init__(self, match: LiveMatch, roster: BotRoster, new_token: Callable[[], str]) -> None:
        self.seats = [RoomSeat(index) for index in range(match.seats)]
        self.forfeits: dict[int, int] = {}  # the tick at which the person of a seat left the running match
        self._match, self._roster, self._new_token = match, roster, new_token

    @property
    def is_full(self) -> bool:
        """Whether no seat is open."""
        return all(seat.kind != "open" for seat in self.seats)

    @property
    def is_without_people(self) -> bool:
        """Whether no seat belongs to a person (a seat that was taken over belongs to its bot)."""
        return all(seat.kind != "human" or seat.taken_from is not None for seat in self.seats)

    @property
    def awaits_anybody(self) -> bool:
        """Whether a seat waits for its owner to come back."""
        return any(seat.client is None and seat.kind in PREFIXES for seat in self.seats)

    @property
    def counts(self) -> bool:
        """Whether the running match will count for a person: no seat changed hands (a dead player may leave)."""
        recording = self._match.recording
        return recording is not None and HUMAN in recording.opening.controllers and not recording.changes

    @property
    def is_taken_over(self) -> bool:
        """Whether a seat has changed hands otherwise than by its player leaving."""
        recording = self._match.recording
        return recording is not None and any(change.seat not in self.forfeits for change in recording.changes)

    @property
    def policies(self) -> list[str]:
        """The player of each seat, as a replay names it."""
        return [policy_of(seat) for seat in self.seats]

    def limits(self, seat: RoomSeat) -> Limits:
        """The limits of a seat's current controller; programs play under those of bots."""
        if seat.kind == "human":
            return PEOPLE
        own = self._roster.limits.get(seat.bot, USUAL_LIMITS) if seat.kind == "bot" else USUAL_LIMITS
        return Limits.of_bots(self._match.rules, own)

    # ---- before the match --------------------------------------------------------------------------------------

    def first_open_seat(self) -> RoomSeat | None:
        """The first open seat, if there is one."""
        return next((seat for seat in self.seats if seat.kind == "open"), None)

    def assign_bot(self, seat: RoomSeat, bot: str = "") -> None:
        """Let `bot` play the seat, by default the fallback."""
        seat.kind, seat.bot = "bot", bot or self._roster.fallback
        seat.name = seat.bot

    def assign_client(self, seat: RoomSeat, client: int, player: Player) -> None:
        """Give an open seat to a person or a program."""
        seat.kind = "client" if player.observe else "human"
        seat.name, seat.name_key, seat.client, seat.token = player.name, player.key, client, self._new_token()
        seat.choice, seat.school = player.school, None if player.school == "any" else SCHOOLS.index(player.school)

    def complete(self, seed: int) -> None:
        """Fill open seats with bots; a seat without a chosen school gets its bot's, or one drawn by `seed`."""
        for seat in self.seats:
            if seat.kind == "open":
                self.assign_bot(seat)
            if seat.school is None and seat.kind == "bot":
                seat.school = self._roster.schools.get(seat.bot)
            if seat.school is None:
                seat.school = drawn_school(seed, seat.index)

    # ---- lost connections --------------------------------------------------------------------------------------

    def disconnect(self, seat: RoomSeat) -> None:
        """The connection is lost: the mage stands still and waits; a seat that was taken over goes back at once."""
        seat.client, seat.absent_ticks = None, 0
        seat.input.release()
        if seat.taken_from is not None:
            self.give_back(seat)

    def reconnect(self, token: str, client: int) -> tuple[RoomSeat, int | None] | None:
        """A connection claims the seat of `token`. Returns the seat and its previous connection, None for no seat."""
        seat = next((seat for seat in self.seats if seat.token and seat.token == token), None)
        if seat is None:
            return None
        before, seat.client = seat.client, client
        seat.absent_ticks = 0
        seat.cancel_request()
        seat.input.restart()
        return seat, before

    def tick(self) -> bool:
        """Count 1/30 s of absence; True when a seat has changed because its owner was absent for too long."""
        changed = False
        for seat in self.seats:
            if seat.client is None and seat.kind in PREFIXES:
                seat.absent_ticks += 1
                if seat.absent_ticks > GRACE_TICKS:
                    self.abandon(seat)
                    changed = True
        return changed

    def abandon(self, seat: RoomSeat) -> None:
        """The owner will not come back: a bot plays on and a person has lost; before the match the seat opens again."""
        if seat.kind not in PREFIXES or seat.client is not None:
            return
        if self._match.is_running:
            if seat.kind == "human" and self._match.is_alive(seat.index):
                self.forfeits[seat.index] = self._match.tick
            seat.taken_from, seat.bot = "bot", seat.bot or self._roster.fallback
            self.give_back(seat)
        elif not self._match.over:
            self.seats[seat.index] = RoomSeat(seat.index)

    # ---- taking over -------------------------------------------------------------------------------------------

    @property
    def may_change(self) -> bool:
        """Whether the match runs and its replay can hold more changes."""
        recording = self._match.recording
        return self._match.is_running and recording is not None and len(recording.changes) < MAX_EVENTS - _SPARE_CHANGES

    def take_over(self, seat: RoomSeat, client: int) -> None:
        """A person takes the seat from a bot, or from a program of the same connection."""
        seat.taken_from, seat.kind, seat.client = seat.kind, "human", client
        seat.token = seat.token or self._new_token()
        self._change(seat, HUMAN)

    def give_back(self, seat: RoomSeat) -> None:
        """Return the seat to the bot, or the program of the same connection, that it was taken from."""
        assert seat.taken_from is not None
        seat.kind, seat.taken_from = seat.taken_from, None
        if seat.kind == "bot":
            seat.client, seat.token = None, ""
        if self._match.is_running:
            self._change(seat, BOT)

    def _change(self, seat: RoomSeat, controller: int) -> None:
        seat.cancel_request()
        seat.input.restart()
        if self._match.is_alive(seat.index):  # a player who leaves after dying has played the whole match
            self._match.change_controller(seat.index, controller, self.limits(seat))
