"""Runs one live match: collects what the seats decide, steps the simulation, says what is to be shown and asked.

A tick waits for nobody. A bot that is due is asked with the observation of that moment (`asks`); its decision is
carried out in the first tick after it has arrived (`answer`), and how late that is is counted. So is a program's that
plays over the network (`shows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from botgame import rng
from botgame.lms.arena import Limits
from botgame.lms.observing.observation import Observation
from botgame.lms.replay.header import BOT, HUMAN
from botgame.lms.replay.showing.happenings import Happenings
from botgame.match_batch import key_bases
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.seats import Caps, Seat
from botgame.server.rooms.view import Viewer

PATIENCE_TICKS = 30  # a program that has not answered is shown the world again after this time,
HAND_TICKS = 2  # or after this one, when it plays with inputs


class Ask(NamedTuple):
    """A question to a bot: row `row` of `observation`, seen by `seat` at `tick`; `key`: the randomness of the row."""

    seat: int
    bot: str
    tick: int
    key: int
    observation: Observation
    row: int


@dataclass
class Lateness:
    """How late bots were: decisions in all, those that came late, the sum and the worst of their ticks."""

    decisions: int = 0
    late: int = 0
    ticks: int = 0
    worst: int = 0

    def count(self, ticks: int) -> None:
        """One more decision, `ticks` after it was asked for."""
        self.decisions += 1
        self.late += ticks > 0
        self.ticks += ticks
        self.worst = max(self.worst, ticks)


class Referee:
    """The running match of a room. `asks`, `shows` hold the new questions of the last tick."""

    def __init__(self, match: LiveMatch, seats: Sequence[Seat], lateness: Lateness) -> None:
        self.match = match
        self.frame = Frame(match.arena)
        cells = int(match.arena.state.matches["cells"][0])
        self.viewer = Viewer(self.frame, match.rules, match.duration_ticks, cells)
        self._caps = Caps(self.frame, self.viewer, match.rules)
        self.asks: list[Ask] = []
        self.shows: list[Ask] = []
        self._seats = seats
        self._lateness = lateness
        self._happenings = Happenings(match.rules)
        self._keys = key_bases(match.seed, match.seats)
        self._news: list[dict[str, Any]] = []

    def begin(self, limits: Sequence[Limits]) -> None:
        """Start the match with the seats as they are held now; `limits`: one a seat."""
        controllers = [HUMAN if seat.kind == "human" else BOT for seat in self._seats]
        self.match.begin([seat.school or 0 for seat in self._seats], controllers, limits)
        self._look()
        self._ask()

    def is_alive(self, seat: int) -> bool:
        """Whether the mage of `seat` lives."""
        return self.frame.ints[seat][at.ALIVE] != 0

    def tell(self, event: dict[str, Any]) -> None:
        """Something to show beside what the simulation does."""
        self._news.append({"tick": self.match.tick, **event})

    def answer(self, seat: int, tick: int, action: list[int]) -> bool:
        """A decision upon the observation of `tick`; it is taken in the next tick. False: nobody waits for it."""
        holder = self._seats[seat]
        if holder.asked != tick or holder.answer is not None:
            return False
        holder.answer = action
        return True

    def tick(self) -> None:
        """One tick: decisions, simulation, then `viewer` shows the new state and `asks`, `shows` are filled."""
        self._decide()
        self.match.step()
        self._look()
        self._ask()

    def _decide(self) -> None:
        seats, actions, seen = [], [], []
        for seat in self._seats:
            if not self.is_alive(seat.index):
                continue
            action, look = self._by_hand(seat) if self._is_by_hand(seat) else self._by_answer(seat)
            if action is not None:
                seats.append(seat.index)
                actions.append(action)
                seen.append(look)
        if seats:
            self.match.decide(seats, actions, seen)

    def _is_by_hand(self, seat: Seat) -> bool:
        return seat.kind == "human" or (seat.kind == "client" and seat.by_hand)

    def _by_hand(self, seat: Seat) -> tuple[list[int] | None, int]:
        """A person sees the present; a program at the keys has decided on what it was last shown."""
        verb, tick, person = seat.hands.queued, self.match.tick, seat.kind == "human"
        possible = verb if self._caps.is_castable(verb, seat.index, seat.school or 0) else 0
        may_turn = person or self._caps.is_within_cap(seat.index)
        action = seat.hands.decide(tick, possible, may_turn=may_turn)
        return action, tick if person else seat.seen

    def _by_answer(self, seat: Seat) -> tuple[list[int] | None, int]:
        if seat.answer is None:
            return None, 0
        self._lateness.count(self.match.tick - seat.asked)
        action, seat.answer, seat.asked = seat.answer, None, -1
        return action, seat.seen

    def _look(self) -> None:
        self.frame.read()
        events = self._happenings.look(self.match.arena.state)
        events += self._news
        self._news = []
        number = self._happenings.flights.id_of
        self.viewer.look(events, [number(shot[0]) for shot in self.frame.shots])

    def _ask(self) -> None:
        """Observe for all seats that are due and not asked yet."""
        self.asks, self.shows = [], []
        if self.match.over:
            return
        due, tick = self.match.due(), self.match.tick
        asked = [seat for seat in self._seats if due[seat.index] <= tick and self._wants_to_look(seat)]
        if not asked:
            return
        indices = [seat.index for seat in asked]
        observation = self.match.observe(indices)
        with np.errstate(over="ignore"):
            keys = rng.mix(self._keys[indices], np.uint64(tick)).tolist()
        for row, seat in enumerate(asked):
            seat.asked, seat.seen, seat.shown, seat.answer = tick, self.match.seen_tick(seat.index), tick, None
            asks = self.asks if seat.kind == "bot" else self.shows
            asks.append(Ask(seat.index, seat.bot, tick, keys[row], observation, row))

    def _wants_to_look(self, seat: Seat) -> bool:
        if not self.is_alive(seat.index):
            return False
        if seat.kind == "bot":
            return seat.asked < 0
        if seat.kind != "client" or seat.client is None:
            return False
        patience = HAND_TICKS if seat.by_hand else PATIENCE_TICKS
        return seat.asked < 0 or self.match.tick - seat.shown >= patience
