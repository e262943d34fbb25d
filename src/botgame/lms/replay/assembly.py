"""Puts a replay together from what was recorded: how the match was set up, its decisions and digests, its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from botgame.lms.actions import HEAD_COUNT
from botgame.lms.arena import ArenaOutcome, Limits
from botgame.lms.replay.columns import Decisions
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import BOT, Change, Header, ReplayMark, ReplaySeat, mode_of
from botgame.lms.rules import Rules

SEAT, TICK, SEEN, CHOICE = range(4)  # columns of a table of decisions; the choice takes one for each head
WIDTH = CHOICE + HEAD_COUNT


@dataclass(frozen=True)
class SeatStart:
    """A seat at the start of a match. controller: BOT or HUMAN; rating: on the scale of the reports, or None."""

    policy: str
    school: int
    limits: Limits
    controller: int = BOT
    rating: float | None = None


@dataclass(frozen=True)
class MatchStart:
    """A match as it was set up. live: it was played in real time; is_cut: it was ended without a result.

    countdown_ticks: nobody acted before this tick.
    """

    seed: int
    duration_ticks: int
    rules: msgspec.Raw
    seats: Sequence[SeatStart]
    live: bool = False
    is_cut: bool = False
    countdown_ticks: int = 0


@dataclass(frozen=True)
class Course:
    """How a match went.

    table: int [A, WIDTH], a row for each decision, ordered by seat, then tick; digests: (tick, low 32 bits of the state
    digest); final: the whole digest at the end.
    """

    table: np.ndarray
    digests: Sequence[tuple[int, int]]
    final: int
    outcome: ArenaOutcome
    changes: Sequence[Change] = ()
    marks: Sequence[ReplayMark] = ()


def raw_rules(rules: Rules) -> msgspec.Raw:
    """The rules table as it stands in a header."""
    return msgspec.Raw(msgspec.json.encode(rules.to_dict()))


def make_replay(start: MatchStart, course: Course) -> Replay:
    """The replay of a match that is over."""
    counts = np.bincount(course.table[:, SEAT], minlength=len(start.seats)).tolist()
    header = Header(
        mode=mode_of(len(start.seats)),
        seed=start.seed,
        duration_ticks=start.duration_ticks,
        ticks=int(course.outcome.ticks),
        seats=tuple(
            _seat(seat, course.outcome, index, count)
            for index, (seat, count) in enumerate(zip(start.seats, counts, strict=True))
        ),
        changes=tuple(course.changes),
        marks=tuple(course.marks),
        final=f"{course.final:016x}",
        rules=start.rules,
        live=True if start.live else msgspec.UNSET,
        is_cut=True if start.is_cut else msgspec.UNSET,
        countdown_ticks=start.countdown_ticks or msgspec.UNSET,
    )
    return Replay(header, _decisions(course))


def _seat(start: SeatStart, outcome: ArenaOutcome, seat: int, decisions: int) -> ReplaySeat:
    return ReplaySeat(
        policy=start.policy,
        school=start.school,
        controller=start.controller,
        **start.limits._asdict(),
        rating=start.rating,
        decisions=decisions,
        place=int(outcome.places[seat]),
        kills=int(outcome.kills[seat]),
        damage_dealt=float(outcome.damage_dealt[seat]),
        damage_taken=float(outcome.damage_taken[seat]),
        illegal=int(outcome.illegal[seat]),
        capped=int(outcome.capped[seat]),
        casts=tuple(int(count) for count in outcome.casts[seat]),
        death_tick=int(outcome.death_ticks[seat]),
    )


def _decisions(course: Course) -> Decisions:
    table, digests = course.table, np.array(course.digests, np.int64).reshape(-1, 2)
    return Decisions(
        seat=table[:, SEAT].astype(np.int8),
        tick=table[:, TICK].astype(np.int32),
        seen=table[:, SEEN].astype(np.int32),
        choices=table[:, CHOICE:].astype(np.int8),
        digest_tick=digests[:, 0].astype(np.int32),
        digest=digests[:, 1].astype(np.uint32),
    )
