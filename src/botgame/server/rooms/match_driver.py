"""Drives one live match: collects decisions, steps the simulation, and lists the decisions that it needs next.

A tick never waits. A bot that is due gets a request with its current observation (`bot_requests`); its decision is
carried out in the first tick after it has arrived (`answer`), and the delay is counted. The same holds for a program
that plays over the network (`client_requests`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.lms.arena import Limits
from botgame.lms.observing.observation import Observation
from botgame.lms.replay.header import BOT, HUMAN
from botgame.lms.replay.showing.events import EventDetector, EventFields
from botgame.lms.rules import NONE
from botgame.match_batch import key_bases
from botgame.server.metrics import Lateness
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.room_seat import RoomSeat
from botgame.server.rooms.view import Viewer

RESEND_TICKS = 30  # a program that has not answered gets a new observation after this time,
INPUT_RESEND_TICKS = 2  # or after this one, when it plays with inputs


class DecisionRequest(NamedTuple):
    """A request for a decision of `seat`: row `row` of `observation`, made at `tick`; `key`: the row's random key."""

    seat: int
    bot: str
    tick: int
    key: int
    observation: Observation
    row: int


class BotDecision(NamedTuple):
    """The answer to a request of `room`: `action` for `seat`, based on the observation of `tick`."""

    room: str
    seat: int
    tick: int
    action: list[int]


class MatchDriver:
    """The running match of a room. `bot_requests`, `client_requests`: the new requests of the last tick."""

    def __init__(self, match: LiveMatch, seats: Sequence[RoomSeat], lateness: Lateness) -> None:
        self.match = match
        self.frame = Frame(match.arena)
        self.viewer = Viewer(self.frame, match.rules, match.duration_ticks)
        self.bot_requests: list[DecisionRequest] = []
        self.client_requests: list[DecisionRequest] = []
        self.killers = [-1] * match.seats  # who killed each seat; -1: the zone, or it lives
        self._seats = seats
        self._lateness = lateness
        self._detector = EventDetector(match.rules)
        self._keys = key_bases(match.seed, match.seats)
        self._extra_events: list[EventFields] = []

    def begin(self, limits: Sequence[Limits], countdown_ticks: int = 0) -> None:
        """Start the match with the current controllers; `limits`: one for each seat. People get a countdown."""
        controllers = [HUMAN if seat.kind == "human" else BOT for seat in self._seats]
        countdown_ticks = countdown_ticks if HUMAN in controllers else 0
        self.match.begin([seat.school or 0 for seat in self._seats], controllers, limits, countdown_ticks)
        self._read_state()
        self._request_decisions()

    def is_alive(self, seat: int) -> bool:
        """Whether the mage of `seat` is alive."""
        return self.frame.ints[seat][at.ALIVE] != 0

    def add_event(self, event: EventFields) -> None:
        """Show an event with the next tick that the simulation does not know of."""
        self._extra_events.append({"tick": self.match.tick, **event})

    def answer(self, index: int, tick: int, action: list[int]) -> bool:
        """Take a decision based on the observation of `tick`. False: no such request is open."""
        seat = self._seats[index]
        if seat.requested != tick or seat.decision is not None:
            return False
        seat.decision = action
        return True

    def tick(self) -> None:
        """Play one tick: decisions, then the simulation. Updates `viewer` and both lists of requests."""
        self._decide()
        self.match.step()
        self._read_state()
        self._request_decisions()

    def _decide(self) -> None:
        seats, actions, seen = [], [], []
        for seat in self._seats if not self.match.is_counting_down else ():
            if not self.is_alive(seat.index):
                continue
            action, seen_tick = self._from_input(seat) if self._plays_with_input(seat) else self._from_answer(seat)
            if action is not None:
                seats.append(seat.index)
                actions.append(action)
                seen.append(seen_tick)
        if seats:
            self.match.decide(seats, actions, seen)

    def _plays_with_input(self, seat: RoomSeat) -> bool:
        return seat.kind == "human" or (seat.kind == "client" and seat.uses_inputs)

    def _from_input(self, seat: RoomSeat) -> tuple[list[int] | None, int]:
        """A person sees the present; a program that sends inputs has decided on its latest observation."""
        verb, tick, is_person = seat.input.queued, self.match.tick, seat.kind == "human"
        possible = verb if self.frame.can_cast(seat.index, verb) else NONE
        may_turn = is_person or self.frame.is_within_cap(seat.index)
        action = seat.input.decide(tick, possible, may_turn=may_turn)
        return action, tick if is_person else seat.seen

    def _from_answer(self, seat: RoomSeat) -> tuple[list[int] | None, int]:
        if seat.decision is None:
            return None, 0
        self._lateness.count(self.match.tick - seat.requested)
        action, seat.decision, seat.requested = seat.decision, None, -1
        return action, seat.seen

    def _read_state(self) -> None:
        self.frame.read()
        events = self._detector.look(self.match.arena.state)
        for event in events:
            if event["kind"] == "kill":
                self.killers[event["seat"]] = event["by"]
        events += self._extra_events
        self._extra_events = []
        number = self._detector.shots.id_of
        self.viewer.look(events, [number(shot[0]) for shot in self.frame.shots])

    def _request_decisions(self) -> None:
        """Observe for all seats that are due and have no open request."""
        self.bot_requests, self.client_requests = [], []
        if self.match.over or self.match.is_counting_down:
            return
        due, tick = self.match.due(), self.match.tick
        seats = [seat for seat in self._seats if due[seat.index] <= tick and self._needs_request(seat)]
        if not seats:
            return
        indices = [seat.index for seat in seats]
        observation = self.match.observe(indices)
        with np.errstate(over="ignore"):
            keys = rng.mix(self._keys[indices], np.uint64(tick)).tolist()
        for row, seat in enumerate(seats):
            seat.requested, seat.seen, seat.sent = tick, self.match.seen_tick(seat.index), tick
            seat.decision = None
            requests = self.bot_requests if seat.kind == "bot" else self.client_requests
            requests.append(DecisionRequest(seat.index, seat.bot, tick, keys[row], observation, row))

    def _needs_request(self, seat: RoomSeat) -> bool:
        if not self.is_alive(seat.index):
            return False
        if seat.kind == "bot":
            return seat.requested < 0
        if seat.kind != "client" or seat.client is None:
            return False
        resend = INPUT_RESEND_TICKS if seat.uses_inputs else RESEND_TICKS
        return seat.requested < 0 or self.match.tick - seat.sent >= resend
