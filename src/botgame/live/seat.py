"""Plays one seat through its matches, without any transport: server messages in, decisions and records out.

The WebSocket driver sends the decisions; the browser driver reads the messages of the page's socket and turns the
decisions into keys and clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from botgame.feedback import HUMAN, Decision, MatchRecord, SeatRecord
from botgame.live.backend_names import TRAINED
from botgame.live.backends import Backend, PolicyRunner, TimedDecision
from botgame.live.journal import Journal
from botgame.lms.game import lms
from botgame.lms.rules import DELAY_TICKS, TICKS_PER_SECOND, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.policies import is_network
from botgame.server import protocol
from botgame.standings import results_of

_DELAY = ARENA_SPEC.head_index("delay")


@dataclass
class Totals:
    """The totals of a run. milliseconds: the time of every decision."""

    matches: int = 0
    won: int = 0
    drawn: int = 0
    lost: int = 0
    broken_off: int = 0
    decisions: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def late(self) -> int:
        """Decisions that took longer than a tick."""
        return sum(spent > 1e3 / TICKS_PER_SECOND for spent in self.milliseconds)


class SeatPlayer:
    """Plays one seat: decides on observations, writes the journal, counts results.

    paced: observations come more often than decisions are due, as for clients that play with inputs; then the delay
    that the policy chose says when it decides again. warn: prints a warning.
    """

    def __init__(
        self,
        backend: Backend,
        runner: PolicyRunner,
        journal: Journal,
        *,
        paced: bool = False,
        warn: Callable[[str], None] = lambda line: None,  # noqa: ARG005 - the name documents it
    ) -> None:
        self.backend, self.runner, self.journal, self.paced = backend, runner, journal, paced
        self._due, self.warn = 0, warn
        self.totals = Totals()
        self.room: protocol.Room | None = None
        self._number = 0  # of the match in this run

    @property
    def match(self) -> str:
        """The id of the current match, unique over all runs."""
        return f"{self.journal.run}/{self._number:04d}"

    def check_rules(self, rules: Rules) -> None:
        """Warn if the policy was trained under other rule numbers than the server's."""
        if self.runner.is_foreign_to(rules):
            self.warn(f"warning: {self.backend.player} was trained under other rule numbers than the server's")

    def handle(self, message: protocol.ServerMessage) -> TimedDecision | None:
        """Handle a message; returns the decision if it asks for one. Raises MalformedError."""
        if isinstance(message, protocol.Observation):
            return self._decide(message)
        if isinstance(message, protocol.Room):
            self._enter(message)
        elif isinstance(message, protocol.Result) and self.room is not None:
            self._finish(message, self.room)
        return None

    def _enter(self, room: protocol.Room) -> None:
        if self.room is None or self.room.room != room.room:
            self._number += 1
            self._due = 0
            self.runner.begin()
        self.room = room

    def _decide(self, message: protocol.Observation) -> TimedDecision | None:
        if self.room is None or message.seat != self.room.seat or (self.paced and message.tick < self._due):
            return None
        decided = self.runner.decide(message)
        self._due = decided.tick + DELAY_TICKS[decided.action[_DELAY]]
        self.totals.decisions += 1
        self.totals.milliseconds.append(decided.milliseconds)
        self.journal.stream.append(
            Decision(
                replay="",
                seat=decided.seat,
                tick=decided.tick,
                action=decided.action,
                match=self.match,
                backend=self.backend.name,
                milliseconds=round(decided.milliseconds, 3),
            )
        )
        return decided

    def _finish(self, result: protocol.Result, room: protocol.Room) -> None:
        record = record_of(result, room, self.match, self.backend)
        self.journal.manifest.append(record)
        own = record.seats[room.seat].result if 0 <= room.seat < len(record.seats) else None
        self.totals.matches += 1
        self.totals.broken_off += own is None
        self.totals.won += own == 1
        self.totals.drawn += own == 0
        self.totals.lost += own == -1
        self.room = None


def record_of(result: protocol.Result, room: protocol.Room, match: str, backend: Backend) -> MatchRecord:
    """The manifest line of a match that is over."""
    results: Sequence[float | None] = [None] * len(room.seats)
    if not result.broken_off and all(place > 0 for place in result.places):
        results = [float(each) for each in results_of(np.array(result.places))]
    seats = []
    for line, place, outcome in zip(room.seats, result.places, results, strict=True):
        own = line.seat == room.seat
        seats.append(
            SeatRecord(
                policy=backend.player if own else line.bot or line.name,
                backend=backend.name if own else backend_of(line),
                school="" if line.school == "any" else line.school,
                place=place if place > 0 else None,
                result=outcome,
            )
        )
    seed = int(room.seed) if room.seed.isdecimal() else 0
    ticks = round(result.duration * TICKS_PER_SECOND)
    return MatchRecord(match, result.replay, seats, mode=room.mode, seed=seed, ticks=ticks)


def backend_of(line: protocol.SeatLine) -> str:
    """The backend of another seat, as far as its line in the room tells."""
    if line.controller == "human":
        return HUMAN
    if line.bot in lms().bots:
        return line.bot
    return TRAINED if is_network(lms(), line.bot) or line.bot.endswith(".onnx") else line.controller
