"""Records a match in real time, with people and with bots that may be late, as an exact replay.

A person decides whenever the accepted input changes, and the delay of that decision is the time until the next one,
which is not known yet. So the delays are set at the end of the match: people's decisions get the delay category nearest
to the ticks that passed, and the match is played again once to take the state digests, which contain the delay. Nothing
else depends on it: if the outcome is not the same, that is a `ReplayError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from botgame.game import Due
from botgame.lms.arena import NEVER, Arena, ArenaOutcome, Limits
from botgame.lms.replay.assembly import (
    CHOICE,
    SEAT,
    SEEN,
    TICK,
    WIDTH,
    Course,
    MatchStart,
    SeatStart,
    make_replay,
    raw_rules,
)
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import HUMAN, MAX_EVENTS, Change, ReplayMark
from botgame.lms.replay.playback import is_outcome_of
from botgame.lms.replay.resimulate import controllers_of
from botgame.lms.rules import DELAY_TICKS, TICKS_PER_SECOND, Rules

_DELAY = 1  # column of the delay in an action


class Opening(NamedTuple):
    """The start of a live match. controllers: 0 bot, 1 human; schools, limits: one for each seat.

    countdown_ticks: nobody acts before this tick.
    """

    seed: int
    duration_ticks: int
    schools: tuple[int, ...]
    controllers: tuple[int, ...]
    limits: tuple[Limits, ...]
    countdown_ticks: int = 0


class LiveRecording:
    """Records one live match; `make_replays` makes the replay when it is over. is_cut: it ended without a result."""

    def __init__(self, opening: Opening, rules: Rules) -> None:
        self.opening = opening
        self.changes: list[Change] = []
        self.marks: list[ReplayMark] = []
        self.is_cut = False
        self.rules = rules
        self._rows: list[tuple[int, ...]] = []

    def decision(self, seat: int, tick: int, seen: int, accepted: Sequence[int]) -> None:
        """Record that `seat` decided at `tick`, based on the observation of tick `seen`."""
        self._rows.append((seat, tick, seen, *accepted))

    def change(self, change: Change) -> bool:
        """Record a change of controller. False, and not recorded, when the file would hold too many."""
        return _append(self.changes, change)

    def mark(self, mark: ReplayMark) -> bool:
        """Record a mark. False, and not recorded, when the file would hold too many."""
        return _append(self.marks, mark)

    def table(self, outcome: ArenaOutcome) -> np.ndarray:
        """All decisions, a row for each (`assembly`), with the delays of people's decisions set."""
        table = np.array(sorted(self._rows), np.int64).reshape(-1, WIDTH)
        _set_delays(table, self._is_human(table), outcome)
        return table

    def start(self, policies: Sequence[str], ratings: Sequence[float | None], rules: msgspec.Raw) -> MatchStart:
        """How the match was set up. policies, ratings: of the players at the start; rules: as a header has them."""
        opening = self.opening
        columns = zip(policies, opening.schools, opening.limits, opening.controllers, ratings, strict=True)
        seats = [SeatStart(*column) for column in columns]
        return MatchStart(
            opening.seed,
            opening.duration_ticks,
            rules,
            seats,
            live=True,
            is_cut=self.is_cut,
            countdown_ticks=opening.countdown_ticks,
        )

    def _is_human(self, table: np.ndarray) -> np.ndarray:
        """Which decisions a person made, bool [A]."""
        human: np.ndarray = np.array(self.opening.controllers)[table[:, SEAT]] == HUMAN
        for change in self.changes:
            human[(table[:, SEAT] == change.seat) & (table[:, TICK] >= change.tick)] = change.controller == HUMAN
        return human


class RecordedMatch(NamedTuple):
    """A live match that is over. policies, ratings: of the players at the start, one for each seat."""

    recording: LiveRecording
    outcome: ArenaOutcome
    policies: Sequence[str]
    ratings: Sequence[float | None]


def make_replays(matches: Sequence[RecordedMatch]) -> list[Replay | ReplayError]:
    """The replays of matches with equal rules and numbers of seats: they are played again together, which is faster.

    An error in the place of a match that gives another end when it is played again.
    """
    recordings = [match.recording for match in matches]
    tables = [match.recording.table(match.outcome) for match in matches]
    ends = [match.outcome.ticks if match.recording.is_cut else NEVER for match in matches]
    played = _Rerun(recordings, tables, ends).go()
    rules = raw_rules(recordings[0].rules)
    return [_assemble(match, rules, table, *again) for match, table, again in zip(matches, tables, played, strict=True)]


def _assemble(
    match: RecordedMatch,
    rules: msgspec.Raw,
    table: np.ndarray,
    digests: list[tuple[int, int]],
    final: int,
    again: ArenaOutcome,
) -> Replay | ReplayError:
    recording = match.recording
    course = Course(table, digests, final, match.outcome, recording.changes, recording.marks)
    replay = make_replay(recording.start(match.policies, match.ratings, rules), course)
    if is_outcome_of(replay, again):
        return replay
    return ReplayError(replay.name, "playing this live match again gives another end; please report this")


def human_decisions(replay: Replay, seat: int) -> list[tuple[int, list[int]]]:
    """The decisions (tick, action) of people in a seat; in one that a bot held at the start, its corrections."""
    decisions = replay.decisions
    by_human = controllers_of(replay.header, seat, decisions.tick) == HUMAN
    rows = np.flatnonzero(by_human & (decisions.seat == seat)).tolist()
    return [(int(decisions.tick[row]), decisions.choices[row].tolist()) for row in rows]


def _append(events: list, event: Change | ReplayMark) -> bool:  # type: ignore[type-arg]
    if len(events) >= MAX_EVENTS:
        return False
    events.append(event)
    return True


def _set_delays(table: np.ndarray, human: np.ndarray, outcome: ArenaOutcome) -> None:
    """Set, in place, the delay of people's decisions: the category nearest to the time until the next one."""
    for row in np.flatnonzero(human).tolist():
        seat, tick = table[row, SEAT], table[row, TICK]
        if row + 1 < len(table) and table[row + 1, SEAT] == seat:
            until = table[row + 1, TICK]
        else:
            until = outcome.death_ticks[seat] if outcome.death_ticks[seat] >= 0 else outcome.ticks
        table[row, CHOICE + _DELAY] = np.abs(np.array(DELAY_TICKS) - (until - tick)).argmin()


class _Rerun:
    """Plays recorded matches again, side by side: `go` returns (digests, final, outcome) of each, see `Course`."""

    def __init__(self, recordings: Sequence[LiveRecording], tables: Sequence[np.ndarray], ends: Sequence[int]) -> None:
        first = recordings[0]
        self.arena = Arena(len(recordings), len(first.opening.schools), first.rules)
        for slot, recording in enumerate(recordings):
            opening = recording.opening
            self.arena.reset(slot, opening.seed, opening.schools, opening.duration_ticks, opening.limits)
        self._coming = [sorted(recording.changes, key=lambda change: change.tick)[::-1] for recording in recordings]
        self._digests: list[list[tuple[int, int]]] = [[] for _ in recordings]
        self._slots = np.concatenate([np.full(len(table), slot, np.int32) for slot, table in enumerate(tables)])
        self._table = np.concatenate(tables)
        self._ends = np.array(ends)

    def go(self) -> list[tuple[list[tuple[int, int]], int, ArenaOutcome]]:
        """Play all matches to their ends."""
        results: dict[int, tuple[int, ArenaOutcome]] = {}
        order, now = np.argsort(self._table[:, TICK], kind="stable"), 0
        ticks = self._table[order, TICK]
        for tick in np.union1d(ticks, self._ends[self._ends < NEVER]).tolist():
            self.arena.run(tick - now)
            now = tick
            for slot in np.flatnonzero(self._ends == tick).tolist():
                results[slot] = self._close(slot)
            self._decide(tick, order[np.searchsorted(ticks, tick) : np.searchsorted(ticks, tick, "right")])
        self.arena.run()
        for slot in np.flatnonzero(self._ends == NEVER).tolist():
            results[slot] = self._close(slot)
        return [(digests, *results[slot]) for slot, digests in enumerate(self._digests)]

    def _decide(self, tick: int, rows: np.ndarray) -> None:
        """Let the seats of these rows of the table decide; take a digest of each match about once a second."""
        slots = self._slots[rows]
        for slot in np.unique(slots).tolist():
            self._apply(slot, tick)
            digests = self._digests[slot]
            if not digests or tick - digests[-1][0] >= TICKS_PER_SECOND:
                digests.append((tick, self.arena.digest(slot) & 0xFFFFFFFF))
        if len(rows):
            table = self._table[rows]
            self.arena.act(Due(slots, table[:, SEAT].astype(np.int32)), table[:, CHOICE:], table[:, SEEN])

    def _close(self, slot: int) -> tuple[int, ArenaOutcome]:
        """The digest and the outcome at the end of a match."""
        outcome = self.arena.outcome(slot)
        self._apply(slot, outcome.ticks)
        return self.arena.digest(slot), outcome

    def _apply(self, slot: int, tick: int) -> None:
        """Apply the changes of controller up to `tick`."""
        coming = self._coming[slot]
        while coming and coming[-1].tick <= tick:
            change = coming.pop()
            self.arena.set_limits(slot, change.seat, Limits(*change.limits))
