"""Records a match in real time, with people and with bots that may be late, as an exact replay.

A person decides whenever the accepted input changes, and the delay of that decision is the time until the next one,
which is not known yet. So the delays are set at the end of the match: people's decisions get the delay category nearest
to the ticks that passed, and the match is played again once to take the state digests, which contain the delay. Nothing
else depends on it: if the outcome is not the same, `ReplayError` is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from botgame.lms.arena import Arena, Due, Limits, Outcome
from botgame.lms.replay.columns import Decisions
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import HUMAN, MAX_EVENTS, Change, Header, ReplayMark, ReplaySeat, mode_of
from botgame.lms.rules import DELAY_TICKS, TICKS_PER_SECOND, Rules

_DELAY = 1  # column of the delay in an action
_SEAT, _TICK, _SEEN, _CHOICE = 0, 1, 2, 3  # columns of the table; the choice takes six


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

    def replay(self, outcome: Outcome, policies: Sequence[str], ratings: Sequence[float | None]) -> Replay:
        """The replay of a match that ended in `outcome`. Raises ReplayError when playing it again gives another end."""
        seats = len(self.opening.schools)
        table = np.array(sorted(self._rows), np.int64).reshape(-1, _CHOICE + 6)
        _set_delays(table, self._is_human(table), outcome)
        digests, final, again = _play_again(self.opening, self._rules, table, self.changes)
        counts = np.bincount(table[:, _SEAT], minlength=seats)
        header = Header(
            mode=mode_of(seats),
            seed=self.opening.seed,
            duration_ticks=self.opening.duration_ticks,
            ticks=outcome.ticks,
            seats=tuple(self._seat(p, outcome, int(counts[p]), policies[p], ratings[p]) for p in range(seats)),
            changes=tuple(self.changes),
            marks=tuple(self.marks),
            final=f"{final:016x}",
            rules=msgspec.Raw(msgspec.json.encode(self._rules.to_dict())),
            live=True,
        )
        replay = Replay(header, _columns(table, digests))
        if not _agree(outcome, again):
            raise ReplayError(replay.name, "playing this live match again gives another end; please report this")
        return replay

    def _is_human(self, table: np.ndarray) -> np.ndarray:
        """Which decisions a person made, bool [A]."""
        human: np.ndarray = np.array(self.opening.controllers)[table[:, _SEAT]] == HUMAN
        for change in self.changes:
            human[(table[:, _SEAT] == change.seat) & (table[:, _TICK] >= change.tick)] = change.controller == HUMAN
        return human

    def _seat(self, seat: int, outcome: Outcome, count: int, policy: str, rating: float | None) -> ReplaySeat:
        opening = self.opening
        return ReplaySeat(
            policy=policy,
            school=opening.schools[seat],
            controller=opening.controllers[seat],
            **opening.limits[seat]._asdict(),
            rating=rating,
            decisions=count,
            place=int(outcome.places[seat]),
            kills=int(outcome.kills[seat]),
            damage_dealt=float(outcome.damage_dealt[seat]),
            damage_taken=float(outcome.damage_taken[seat]),
            illegal=int(outcome.illegal[seat]),
            capped=int(outcome.capped[seat]),
            casts=tuple(int(number) for number in outcome.casts[seat]),
            death_tick=int(outcome.death_ticks[seat]),
        )


def human_decisions(replay: Replay, seat: int) -> list[tuple[int, list[int]]]:
    """The decisions (tick, action) of people in a seat that a bot held at the start: its corrections."""
    header, decisions = replay.header, replay.decisions
    changes = sorted((change for change in header.changes if change.seat == seat), key=lambda change: change.tick)
    held = np.zeros(len(decisions.tick), np.bool_)
    for change in changes:
        held[decisions.tick >= change.tick] = change.controller == HUMAN
    rows = np.flatnonzero(held & (decisions.seat == seat)).tolist()
    return [(int(decisions.tick[row]), decisions.choices[row].tolist()) for row in rows]


def _append(events: list, event: Change | ReplayMark) -> bool:  # type: ignore[type-arg]
    if len(events) >= MAX_EVENTS:
        return False
    events.append(event)
    return True


def _set_delays(table: np.ndarray, human: np.ndarray, outcome: Outcome) -> None:
    """Set, in place, the delay of people's decisions: the category nearest to the time until the next one."""
    for row in np.flatnonzero(human).tolist():
        seat, tick = table[row, _SEAT], table[row, _TICK]
        if row + 1 < len(table) and table[row + 1, _SEAT] == seat:
            until = table[row + 1, _TICK]
        else:
            until = outcome.death_ticks[seat] if outcome.death_ticks[seat] >= 0 else outcome.ticks
        table[row, _CHOICE + _DELAY] = np.abs(np.array(DELAY_TICKS) - (until - tick)).argmin()


def _play_again(
    opening: Opening, rules: Rules, table: np.ndarray, changes: Sequence[Change]
) -> tuple[list[tuple[int, int]], int, Outcome]:
    """Digests (tick, low 32 bits) about once a second, the digest at the end, and the outcome."""
    arena = Arena(1, len(opening.schools), rules)
    arena.reset(0, opening.seed, opening.schools, opening.duration_ticks, opening.limits)
    coming = sorted(changes, key=lambda change: change.tick)[::-1]
    digests: list[tuple[int, int]] = []
    order = table[np.argsort(table[:, _TICK], kind="stable")]
    for rows in np.split(order, np.flatnonzero(np.diff(order[:, _TICK])) + 1) if len(order) else []:
        tick = int(rows[0, _TICK])
        arena.run(tick - int(arena.state.matches["tick"][0]))
        _apply(arena, coming, tick)
        if not digests or tick - digests[-1][0] >= TICKS_PER_SECOND:
            digests.append((tick, arena.digest(0) & 0xFFFFFFFF))
        seats = Due(np.zeros(len(rows), np.int32), rows[:, _SEAT])
        arena.act(seats, rows[:, _CHOICE:], rows[:, _SEEN])
    arena.run()
    outcome = arena.outcome(0)
    _apply(arena, coming, outcome.ticks)
    return digests, arena.digest(0), outcome


def _apply(arena: Arena, coming: list[Change], tick: int) -> None:
    while coming and coming[-1].tick <= tick:
        change = coming.pop()
        arena.set_limits(0, change.seat, Limits(*change.limits))


def _columns(table: np.ndarray, digests: list[tuple[int, int]]) -> Decisions:
    taken = np.array(digests, np.int64).reshape(-1, 2)
    return Decisions(
        seat=table[:, _SEAT].astype(np.int8),
        tick=table[:, _TICK].astype(np.int32),
        seen=table[:, _SEEN].astype(np.int32),
        choices=table[:, _CHOICE:].astype(np.int8),
        digest_tick=taken[:, 0].astype(np.int32),
        digest=taken[:, 1].astype(np.uint32),
    )


def _agree(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are equal, but for the counts of refused actions: a replay holds accepted actions only."""
    return one.ticks == other.ticks and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("places", "kills", "damage_dealt", "damage_taken", "casts", "death_ticks")
    )
