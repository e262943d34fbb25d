"""Records a match in real time, with people and with bots that may be late, as an exact replay.

A person decides whenever the accepted input changes, and the delay of that decision is the time until the next one,
which is not known yet. So the delays are set at the end of the match: people's decisions get the delay category nearest
to the ticks that passed, and the match is played again once to take the state digests, which contain the delay. Nothing
else depends on it: if the outcome is not the same, `ReplayError` is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from botgame.game import Due
from botgame.lms.arena import Arena, ArenaOutcome, Limits
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
    """The start of a live match. controllers: 0 bot, 1 human; schools, limits: one for each seat."""

    seed: int
    duration_ticks: int
    schools: tuple[int, ...]
    controllers: tuple[int, ...]
    limits: tuple[Limits, ...]


class LiveRecording:
    """Records one live match; `replay` makes the replay when it is over."""

    def __init__(self, opening: Opening, rules: Rules) -> None:
        self.opening = opening
        self.changes: list[Change] = []
        self.marks: list[ReplayMark] = []
        self._rules = rules
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

    def replay(self, outcome: ArenaOutcome, policies: Sequence[str], ratings: Sequence[float | None]) -> Replay:
        """The replay of a match that ended in `outcome`. Raises ReplayError when playing it again gives another end."""
        table = np.array(sorted(self._rows), np.int64).reshape(-1, WIDTH)
        _set_delays(table, self._is_human(table), outcome)
        digests, final, again = _play_again(self.opening, self._rules, table, self.changes)
        replay = make_replay(
            self._start(policies, ratings), Course(table, digests, final, outcome, self.changes, self.marks)
        )
        if not is_outcome_of(replay, again):
            raise ReplayError(replay.name, "playing this live match again gives another end; please report this")
        return replay

    def _start(self, policies: Sequence[str], ratings: Sequence[float | None]) -> MatchStart:
        opening = self.opening
        columns = zip(policies, opening.schools, opening.limits, opening.controllers, ratings, strict=True)
        seats = [SeatStart(*column) for column in columns]
        return MatchStart(opening.seed, opening.duration_ticks, raw_rules(self._rules), seats, live=True)

    def _is_human(self, table: np.ndarray) -> np.ndarray:
        """Which decisions a person made, bool [A]."""
        human: np.ndarray = np.array(self.opening.controllers)[table[:, SEAT]] == HUMAN
        for change in self.changes:
            human[(table[:, SEAT] == change.seat) & (table[:, TICK] >= change.tick)] = change.controller == HUMAN
        return human


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


def _play_again(
    opening: Opening, rules: Rules, table: np.ndarray, changes: Sequence[Change]
) -> tuple[list[tuple[int, int]], int, ArenaOutcome]:
    """Digests (tick, low 32 bits) about once a second, the digest at the end, and the outcome."""
    arena = Arena(1, len(opening.schools), rules)
    arena.reset(0, opening.seed, opening.schools, opening.duration_ticks, opening.limits)
    coming = sorted(changes, key=lambda change: change.tick)[::-1]
    digests: list[tuple[int, int]] = []
    order = table[np.argsort(table[:, TICK], kind="stable")]
    for rows in np.split(order, np.flatnonzero(np.diff(order[:, TICK])) + 1) if len(order) else []:
        tick = int(rows[0, TICK])
        arena.run(tick - int(arena.state.matches["tick"][0]))
        _apply(arena, coming, tick)
        if not digests or tick - digests[-1][0] >= TICKS_PER_SECOND:
            digests.append((tick, arena.digest(0) & 0xFFFFFFFF))
        seats = Due(np.zeros(len(rows), np.int32), rows[:, SEAT])
        arena.act(seats, rows[:, CHOICE:], rows[:, SEEN])
    arena.run()
    outcome = arena.outcome(0)
    _apply(arena, coming, outcome.ticks)
    return digests, arena.digest(0), outcome


def _apply(arena: Arena, coming: list[Change], tick: int) -> None:
    while coming and coming[-1].tick <= tick:
        change = coming.pop()
        arena.set_limits(0, change.seat, Limits(*change.limits))
