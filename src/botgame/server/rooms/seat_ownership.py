"""Who holds which seat of a match, and how seats change hands: people, programs, bots, and nobody yet.

A change during the match comes with other limits and is recorded, because a replay must know both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from botgame import rng
from botgame.lms.arena import Limits
from botgame.lms.replay.header import BOT, HUMAN, MAX_EVENTS
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND
from botgame.server.rooms.live_match import PEOPLE, LiveMatch
from botgame.server.rooms.seats import Seat

GRACE_TICKS = 30 * TICKS_PER_SECOND  # how long a seat waits for its owner to come back
_SCHOOL = 0x736368  # purpose of random draws, as in `run_match`
_SPARE_CHANGES = 100  # of those that a replay can hold: kept for giving seats back
_PREFIX = {"human": "human:", "client": "remote:"}


class Holders:
    """The seats of `match`. fallback: the bot that plays on for who has gone; new_token makes secrets.

    schools, caps: of the bots that were trained in one alone, or under a cap on actions of their own.
    """

    def __init__(
        self,
        match: LiveMatch,
        fallback: str,
        new_token: Callable[[], str],
        schools: Mapping[str, int],
        caps: Mapping[str, int],
    ) -> None:
        self.seats = [Seat(index) for index in range(match.seats)]
        self._match, self._fallback, self._new_token, self._schools = match, fallback, new_token, schools
        self._caps = caps

    @property
    def is_full(self) -> bool:
        """No seat is open."""
        return all(seat.kind != "open" for seat in self.seats)

    @property
    def is_without_people(self) -> bool:
        """No seat belongs to a person (one that was taken over belongs to its bot)."""
        return all(seat.kind != "human" or seat.under is not None for seat in self.seats)

    @property
    def policies(self) -> list[str]:
        """Who holds each seat, as a replay names it."""
        return [_PREFIX[seat.kind] + seat.name if seat.kind in _PREFIX else seat.bot for seat in self.seats]

    def limits(self, seat: Seat) -> Limits:
        """The limits of whoever holds a seat: programs play under those of bots."""
        if seat.kind == "human":
            return PEOPLE
        return Limits.of_bots(self._match.rules, self._caps.get(seat.bot, 0) if seat.kind == "bot" else 0)

    # ---- before the match --------------------------------------------------------------------------------------

    def open_seat(self) -> Seat | None:
        """The first seat that nobody holds."""
        return next((seat for seat in self.seats if seat.kind == "open"), None)

    def fill(self, seat: Seat, bot: str = "") -> None:
        """A bot plays the seat."""
        seat.kind, seat.bot = "bot", bot or self._fallback
        seat.name = seat.bot

    def sit(self, seat: Seat, client: int, name: str, school: str, *, observe: bool) -> None:
        """A person, or with `observe` a program, takes an open seat."""
        seat.kind = "client" if observe else "human"
        seat.name, seat.client, seat.token = name, client, self._new_token()
        seat.school = None if school == "any" else SCHOOLS.index(school)

    def complete(self, seed: int) -> None:
        """Bots fill what is open; schools that nobody chose are a bot's own, else drawn."""
        for seat in self.seats:
            if seat.kind == "open":
                self.fill(seat)
            if seat.school is None and seat.kind == "bot":
                seat.school = self._schools.get(seat.bot)
            if seat.school is None:
                seat.school = rng.derive(seed, _SCHOOL, seat.index) % len(SCHOOLS)

    # ---- losing the line ---------------------------------------------------------------------------------------

    def lose(self, seat: Seat) -> None:
        """The connection is gone: the mage stands and waits for it; one that was taken over is given back at once."""
        seat.client, seat.gone_ticks = None, 0
        seat.hands.let_go()
        if seat.under is not None:
            self.give_back(seat)

    def come_back(self, token: str, client: int) -> tuple[Seat, int | None] | None:
        """A connection with the seat's token takes it up again. Returns the seat and the connection that had it."""
        seat = next((seat for seat in self.seats if seat.token and seat.token == token), None)
        if seat is None:
            return None
        before, seat.client = seat.client, client
        seat.gone_ticks = 0
        seat.forget_question()
        seat.hands.restart()
        return seat, before

    def tick(self) -> bool:
        """1/30 s has passed; True when a seat has waited in vain."""
        changed = False
        for seat in self.seats:
            if seat.client is None and seat.kind in _PREFIX:
                seat.gone_ticks += 1
                if seat.gone_ticks > GRACE_TICKS:
                    self.abandon(seat)
                    changed = True
        return changed

    def abandon(self, seat: Seat) -> None:
        """Whoever held it will not come back: a bot plays on, or the seat is open again."""
        if seat.kind not in _PREFIX or seat.client is not None:
            return
        if self._match.is_running:
            seat.under, seat.bot = "bot", seat.bot or self._fallback
            self.give_back(seat)
        elif not self._match.over:
            self.seats[seat.index] = Seat(seat.index)

    # ---- taking over -------------------------------------------------------------------------------------------

    @property
    def may_change(self) -> bool:
        """Whether the match runs and its replay can hold more changes."""
        recording = self._match.recording
        return self._match.is_running and recording is not None and len(recording.changes) < MAX_EVENTS - _SPARE_CHANGES

    def take(self, seat: Seat, client: int) -> None:
        """A person takes over what a bot, or a program of the same connection, plays."""
        seat.under, seat.kind, seat.client = seat.kind, "human", client
        seat.token = seat.token or self._new_token()
        self._change(seat, HUMAN)

    def give_back(self, seat: Seat) -> None:
        """To who decided before: a bot, or the program of the same connection."""
        assert seat.under is not None
        seat.kind, seat.under = seat.under, None
        if seat.kind == "bot":
            seat.client, seat.token = None, ""
        if self._match.is_running:
            self._change(seat, BOT)

    def _change(self, seat: Seat, controller: int) -> None:
        seat.forget_question()
        seat.hands.restart()
        if self._match.is_alive(seat.index):  # a dead mage decides nothing: who leaves then has played the whole match
            self._match.hold(seat.index, controller, self.limits(seat))
