"""Recording: listens to a batch of matches (`botgame.game.Listener`) and makes a `Replay` of each that ends.

Decisions of all slots go into one growing table, so that recording costs little beside playing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from botgame.game import Due, Ended, Setup
from botgame.lms.arena import Arena, Limits, Outcome
from botgame.lms.replay.columns import Decisions
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import Change, Header, ReplayMark, ReplaySeat, mode_of
from botgame.lms.rules import TICKS_PER_SECOND

_SEAT, _TICK, _SEEN, _CHOICE = 0, 1, 2, 3  # columns of the table; the choice takes six
_WIDTH = 9


class Recorder:
    """Gives `sink(episode, replay)` each match as it ends; `names` and `ratings` describe the policies, by player."""

    def __init__(
        self,
        arena: Arena,
        names: Sequence[str],
        sink: Callable[[int, Replay], None],
        ratings: Sequence[float | None] | None = None,
    ) -> None:
        self._arena = arena
        self._rules = msgspec.Raw(msgspec.json.encode(arena.rules.to_dict()))
        self._names = list(names)
        self._ratings = list(ratings) if ratings is not None else [None] * len(self._names)
        self._sink = sink
        matches = arena.matches
        self._table = np.zeros((matches, 1024, _WIDTH), np.int32)
        self._counts = np.zeros(matches, np.int64)
        self._next_digest = np.zeros(matches, np.int64)
        self._digests: list[list[tuple[int, int]]] = [[] for _ in range(matches)]
        self._limits: list[list[Limits]] = [[] for _ in range(matches)]
        self._changes: list[list[Change]] = [[] for _ in range(matches)]
        self._marks: list[list[ReplayMark]] = [[] for _ in range(matches)]

    def begin(self, slot: int, setup: Setup) -> None:
        """Start afresh in `slot`."""
        del setup
        self._counts[slot] = 0
        self._next_digest[slot] = 0
        mages = self._arena.state.mages[slot]
        columns = (mages[name].tolist() for name in Limits._fields)
        self._limits[slot] = [Limits(*limits) for limits in zip(*columns, strict=True)]
        self._digests[slot], self._changes[slot], self._marks[slot] = [], [], []

    def decisions(self, due: Due) -> None:
        """Take the digest of every match in which a second has passed, before its seats act."""
        ticks = self._arena.state.matches["tick"]
        slots = np.unique(due.slot)
        for slot in slots[ticks[slots] >= self._next_digest[slots]].tolist():
            tick = int(ticks[slot])
            self._digests[slot].append((tick, self._arena.digest(slot) & 0xFFFFFFFF))
            self._next_digest[slot] = tick + TICKS_PER_SECOND

    def accepted(self, due: Due, actions: np.ndarray) -> None:
        """Keep accepted actions int64 [N, 6]; `due` is ordered by match."""
        slot, seat = due.slot, due.seat
        if not len(slot):
            return
        first = np.flatnonzero(np.diff(slot, prepend=-1))
        rank = np.arange(len(slot)) - np.repeat(first, np.diff(np.append(first, len(slot))))
        row = self._counts[slot] + rank
        if row.max() >= self._table.shape[1]:
            more = np.zeros((len(self._counts), max(1024, self._table.shape[1]), _WIDTH), np.int32)
            self._table = np.concatenate([self._table, more], axis=1)
        tick = self._arena.state.matches["tick"][slot]
        seen = np.maximum(0, tick - self._arena.state.mages["reaction"][slot, seat])
        self._table[slot, row] = np.column_stack([seat, tick, seen, actions])
        self._counts[slot[first]] += np.diff(np.append(first, len(slot)))

    def change(self, slot: int, change: Change) -> None:
        """Another controller takes a seat over."""
        self._changes[slot].append(change)

    def mark(self, slot: int, mark: ReplayMark) -> None:
        """A person marked a moment."""
        self._marks[slot].append(mark)

    def end(self, ended: Ended) -> None:
        """Make the replay of the match in `ended.slot` and hand it on."""
        slot = ended.slot
        table = self._table[slot, : self._counts[slot]]
        table = table[np.argsort(table[:, _SEAT], kind="stable")]
        digests = np.array(self._digests[slot], np.int64).reshape(-1, 2)
        decisions = Decisions(
            seat=table[:, _SEAT].astype(np.int8),
            tick=table[:, _TICK].copy(),
            seen=table[:, _SEEN].copy(),
            choices=table[:, _CHOICE:].astype(np.int8),
            digest_tick=digests[:, 0].astype(np.int32),
            digest=digests[:, 1].astype(np.uint32),
        )
        self._sink(ended.episode, Replay(self._header(ended, table), decisions))

    def _header(self, ended: Ended, table: np.ndarray) -> Header:
        setup, slot = ended.setup, ended.slot
        outcome = self._arena.outcome(slot)
        counts = np.bincount(table[:, _SEAT], minlength=self._arena.seats)
        return Header(
            mode=mode_of(self._arena.seats),
            seed=setup.seed,
            duration_ticks=setup.duration_ticks,
            ticks=int(outcome.ticks),
            seats=tuple(self._seat(ended, outcome, seat, int(counts[seat])) for seat in range(self._arena.seats)),
            changes=tuple(self._changes[slot]),
            marks=tuple(self._marks[slot]),
            final=f"{self._arena.digest(slot):016x}",
            rules=self._rules,
        )

    def _seat(self, ended: Ended, outcome: Outcome, seat: int, count: int) -> ReplaySeat:
        setup = ended.setup
        return ReplaySeat(
            policy=self._names[setup.players[seat]],
            school=setup.factions[seat],
            **self._limits[ended.slot][seat]._asdict(),
            rating=self._ratings[setup.players[seat]],
            decisions=count,
            place=int(outcome.places[seat]),
            kills=int(outcome.kills[seat]),
            damage_dealt=float(outcome.damage_dealt[seat]),
            damage_taken=float(outcome.damage_taken[seat]),
            illegal=int(outcome.illegal[seat]),
            capped=int(outcome.capped[seat]),
            casts=tuple(int(count) for count in outcome.casts[seat]),
            death_tick=int(outcome.death_ticks[seat]),
        )
