"""One seat through its matches, without any transport: server messages in, decisions and records out.

The WebSocket driver sends what it decides; the browser driver listens to the page's own socket and turns the same
decisions into keys and clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from botgame.feedback import HUMAN, Decision, MatchRecord, SeatRecord
from botgame.live.backends import TRAINED, Backend, Brain, Decided
from botgame.live.journal import Journal
from botgame.lms.game import CHAMPION, lms
from botgame.lms.rules import DELAY_TICKS, TICKS_PER_SECOND, Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.server import protocol
from botgame.standings import results_of

_DELAY = ARENA_SPEC.head_index("delay")


@dataclass
class Totals:
    """What the run has come to. milliseconds: of every decision; one of more than a tick's length comes late."""

    matches: int = 0
    won: int = 0
    drawn: int = 0
    lost: int = 0
    broken_off: int = 0
    decisions: int = 0
    milliseconds: list[float] = field(default_factory=list)
    replays: list[str] = field(default_factory=list)

    @property
    def late(self) -> int:
        """Decisions that took longer than a tick."""
        return sum(spent > 1e3 / TICKS_PER_SECOND for spent in self.milliseconds)


class SeatPlayer:
    """Follows one seat: decides when it is asked, writes the journal, counts results.

    paced: observations come more often than decisions are due, as they do to those who play with inputs; then the
    delay that the policy chose says when it decides again.
    """

    def __init__(
        self,
        backend: Backend,
        brain: Brain,
        journal: Journal,
        *,
        paced: bool = False,
        tell: Callable[[str], None] = lambda line: None,  # noqa: ARG005 - the name documents it
    ) -> None:
        self.backend, self.brain, self.journal, self.paced = backend, brain, journal, paced
        self._due, self._tell = 0, tell
        self.totals = Totals()
        self.room: protocol.Room | None = None
        self.state: protocol.State | None = None
        self._number = 0  # of the match in this run

    @property
    def playing(self) -> bool:
        """Whether a match is on."""
        return self.room is not None and self.room.state == "running"

    @property
    def match(self) -> str:
        """Id of the current match, unique over all runs."""
        return f"{self.journal.run}/{self._number:04d}"

    def meet(self, rules: Rules) -> None:
        """The server plays by these rules. `tell` is warned of a policy that was trained under others."""
        if self.brain.is_foreign_to(rules):
            self._tell(f"warning: {self.backend.player} was trained under other rule numbers than the server plays by")

    def see(self, message: protocol.ServerMessage) -> Decided | None:
        """Take any message in; a decision comes out where one is asked for. Raises MalformedError."""
        if isinstance(message, protocol.Observation):
            return self._decide(message)
        if isinstance(message, protocol.State):
            self.state = message
        elif isinstance(message, protocol.Room):
            self._enter(message)
        elif isinstance(message, protocol.Result) and self.room is not None:
            self._finish(message, self.room)
        return None

    def _enter(self, room: protocol.Room) -> None:
        if self.room is None or self.room.room != room.room:
            self._number += 1
            self._due = 0
            self.brain.begin()
        self.room = room

    def _decide(self, message: protocol.Observation) -> Decided | None:
        if self.room is None or message.seat != self.room.seat or (self.paced and message.tick < self._due):
            return None
        decided = self.brain.decide(message)
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
        self.totals.replays.append(result.replay)
        self.totals.broken_off += own is None
        self.totals.won += own == 1
        self.totals.drawn += own == 0
        self.totals.lost += own == -1
        self.room = None


def record_of(result: protocol.Result, room: protocol.Room, match: str, backend: Backend) -> MatchRecord:
    """The manifest's line of a match that is over."""
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
    """How another seat decides, as far as its line in the room tells."""
    if line.controller == "human":
        return HUMAN
    if line.bot in lms().bots:
        return line.bot
    return TRAINED if line.bot == CHAMPION or line.bot.endswith((".pt", ".onnx")) else line.controller
