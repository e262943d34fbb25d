"""Recording: listens to a batch of matches (`botgame.game.Listener`) and makes a `Replay` of each that ends.

Decisions of all slots go into one growing table, so that recording costs little beside playing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from botgame.errors import UserError
from botgame.game import Due, Ended, Setup
from botgame.lms.arena import Arena, Limits
from botgame.lms.replay.assembly import SEAT, WIDTH, Course, MatchStart, SeatStart, make_replay, raw_rules
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import MAX_DURATION_TICKS, MAX_NAME, MIN_DURATION_TICKS, Change
from botgame.lms.rules import TICKS_PER_SECOND


class Recorder:
    """Gives `sink(episode, replay)` each match as it ends; `names` and `ratings` describe the policies, by player."""

    def __init__(
        self,
        arena: Arena,
        names: Sequence[str],
        sink: Callable[[int, Replay], None],
        ratings: Sequence[float | None] | None = None,
    ) -> None:
        """Raises UserError for a name that no replay can hold."""
        for name in names:
            _check_name(name)
        self._arena = arena
        self._rules = raw_rules(arena.rules)
        self._names = list(names)
        self._ratings = list(ratings) if ratings is not None else [None] * len(self._names)
        self._sink = sink
        matches = arena.matches
        self._table = np.zeros((matches, 1024, WIDTH), np.int32)
        self._counts = np.zeros(matches, np.int64)
        self._next_digest = np.zeros(matches, np.int64)
        self._digests: list[list[tuple[int, int]]] = [[] for _ in range(matches)]
        self._limits: list[list[Limits]] = [[] for _ in range(matches)]
        self._changes: list[list[Change]] = [[] for _ in range(matches)]

    def begin(self, slot: int, setup: Setup) -> None:
        """Start afresh in `slot`. Raises UserError for a match that no replay can hold."""
        if not MIN_DURATION_TICKS <= setup.duration_ticks <= MAX_DURATION_TICKS:
            held = f"replays hold matches of {MIN_DURATION_TICKS} to {MAX_DURATION_TICKS:,}"
            raise UserError(f"a match of {setup.duration_ticks:,} ticks cannot be recorded: {held}", 2)
        self._counts[slot] = 0
        self._next_digest[slot] = 0
        mages = self._arena.state.mages[slot]
        columns = (mages[name].tolist() for name in Limits._fields)
        self._limits[slot] = [Limits(*limits) for limits in zip(*columns, strict=True)]
        self._digests[slot], self._changes[slot] = [], []

    def decisions(self, due: Due) -> None:
        """Take the digest of every match in which a second has passed, before its seats act."""
        ticks = self._arena.state.matches["tick"]
        slots = np.unique(due.slot)
        for slot in slots[ticks[slots] >= self._next_digest[slots]].tolist():
            tick = int(ticks[slot])
            self._digests[slot].append((tick, self._arena.digest(slot) & 0xFFFFFFFF))
            self._next_digest[slot] = tick + TICKS_PER_SECOND

    def accepted(self, due: Due, actions: np.ndarray) -> None:
        """Keep accepted actions int64 [N, HEAD_COUNT]; `due` is ordered by match."""
        slot, seat = due.slot, due.seat
        if not len(slot):
            return
        first = np.flatnonzero(np.diff(slot, prepend=-1))
        rank = np.arange(len(slot)) - np.repeat(first, np.diff(np.append(first, len(slot))))
        row = self._counts[slot] + rank
        if row.max() >= self._table.shape[1]:
            more = np.zeros((len(self._counts), max(1024, self._table.shape[1]), WIDTH), np.int32)
            self._table = np.concatenate([self._table, more], axis=1)
        tick = self._arena.state.matches["tick"][slot]
        seen = np.maximum(0, tick - self._arena.state.mages["reaction"][slot, seat])
        self._table[slot, row] = np.column_stack([seat, tick, seen, actions])
        self._counts[slot[first]] += np.diff(np.append(first, len(slot)))

    def change(self, slot: int, change: Change) -> None:
        """Another controller takes a seat over."""
        self._changes[slot].append(change)

    def end(self, ended: Ended) -> None:
        """Make the replay of the match in `ended.slot` and hand it on."""
        slot, setup = ended.slot, ended.setup
        table = self._table[slot, : self._counts[slot]]
        table = table[np.argsort(table[:, SEAT], kind="stable")]
        start = MatchStart(setup.seed, setup.duration_ticks, self._rules, [*self._seats(slot, setup)])
        final, outcome = self._arena.digest(slot), self._arena.outcome(slot)
        self._sink(
            ended.episode, make_replay(start, Course(table, self._digests[slot], final, outcome, self._changes[slot]))
        )

    def _seats(self, slot: int, setup: Setup) -> Iterator[SeatStart]:
        for player, school, limits in zip(setup.players, setup.factions, self._limits[slot], strict=True):
            yield SeatStart(self._names[player], school, limits, rating=self._ratings[player])


def _check_name(name: str) -> None:
    text = name.encode(errors="replace").decode()  # the name of a file may hold bytes that are no text
    if text != name or len(name) > MAX_NAME:
        held = f"expected text of at most {MAX_NAME} characters"
        raise UserError(f"bot {text[:40]}... cannot be recorded by this name: {held}; rename its file or move it", 2)
