"""Plays recorded matches again, many at a time, and checks at every step that they go as recorded.

A match is dropped with a reason as soon as it differs from its file: another tick, another accepted action, another
state digest, another outcome. So every result has been verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from botgame.game import Due
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.arena import NEVER, Arena, ArenaOutcome, Limits
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.rules import Rules
from botgame.lms.statistic_z.measuring import StatisticTracker

_CHANGED = "it does not replay as recorded ({}): it was altered, or made by another version of the simulation"


class Finished(NamedTuple):
    """A recorded match that was played again. `fault`: why it differs from its file, None when all agreed.

    number: position of the replay in the caller's stream.
    observations: if kept, arrays with one row for each decision, in the row order of `replay.decisions`.
    statistics: if measured, how each seat played, float32 [P, ZSpec.width] (`lms.statistic_z`).
    """

    number: int
    replay: Replay
    fault: str | None
    observations: dict[str, np.ndarray] | None
    statistics: np.ndarray | None = None


class Numbered(NamedTuple):
    """A replay and its position in the caller's stream."""

    number: int
    replay: Replay


class _Track:
    """The rest of the replay in one slot."""

    def __init__(self, job: Numbered) -> None:
        self.number, self.replay = job
        decisions = job.replay.decisions
        self.digests = list(zip(decisions.digest_tick.tolist(), decisions.digest.tolist(), strict=True))[::-1]
        self.changes = sorted(job.replay.header.changes, key=lambda change: change.tick)[::-1]
        header = job.replay.header
        self.live = header.live is True
        self.stop = header.ticks if header.is_cut is True else NEVER
        self.irregular = self.live or bool(header.changes) or any(seat.controller for seat in header.seats)


class Playback:
    """Re-simulates replays of equal seats and rules in the slots of one arena.

    observe: keep the observations. statistic_z: measure how each seat played. watch: called with the arena at every
    tick; needs matches = 1.
    """

    def __init__(
        self,
        matches: int,
        seats: int,
        rules: Rules,
        *,
        observe: bool = False,
        statistic_z: bool = False,
        watch: Callable[[Arena], None] | None = None,
    ) -> None:
        self.arena = Arena(matches, seats, rules)
        self._statistics = StatisticTracker(self.arena) if statistic_z else None
        self._observe = observe
        self._watch = watch
        self._tracks: list[_Track | None] = [None] * matches
        self._counts = np.zeros((matches, seats), np.int64)  # decisions of each seat
        self._starts = np.zeros((matches, seats), np.int64)  # its first row
        self._cursors = np.zeros((matches, seats), np.int64)  # decisions done
        self._ticks = np.zeros((matches, 1), np.int32)  # pools: one row a decision, and one where there is none
        self._seen = np.zeros((matches, 1), np.int32)
        self._choices = np.zeros((matches, 1, HEAD_COUNT), np.int8)
        self._next_event = np.zeros(matches, np.int64)
        self._live = np.zeros(matches, np.bool_)
        self._stops = np.full(matches, NEVER, np.int32)  # the tick at which a match was cut off
        self._pools: dict[str, np.ndarray] = {}

    def run(self, jobs: Iterator[Numbered]) -> Iterator[Finished]:
        """Play all replays in `jobs`; yields each match as it ends."""
        self.arena.state.matches["done"] = 1
        for slot in range(self.arena.matches):
            self._load(slot, jobs)
        while any(track is not None for track in self._tracks):
            due = self._advance()
            while over := self._ended():  # a new match may be over before anybody decides, so look again
                yield from self._refill(over, jobs)
                due = self._advance()
            faults = self._answer(due)
            yield from self._refill(faults, jobs)

    def _advance(self) -> Due:
        """Run to the next recorded decisions. A person may decide at any tick, not only when due."""
        irregular = np.array([track is not None and track.irregular for track in self._tracks])
        wake = None
        if irregular.any():
            wake = np.where(irregular[:, None], self._recorded_ticks(), self.arena.state.mages["due"])
        if self._watch is None:
            return self.arena.advance(wake=wake)
        while self._tracks[0] is not None:
            due = self.arena.advance(1, wake)
            self._watch(self.arena)
            if len(due.slot) or self.arena.done[0]:
                return due
        return self.arena.advance()

    def _recorded_ticks(self) -> np.ndarray:
        """The tick of each seat's next recorded decision, [B, P]; when there is none, the tick of a cut, or `NEVER`."""
        left = self._cursors < self._counts
        rows = np.where(left, self._starts + self._cursors, 0)
        ticks = np.take_along_axis(self._ticks, rows.reshape(len(rows), -1), axis=1)
        return np.where(left, ticks, self._stops[:, None])

    def _answer(self, due: Due) -> dict[int, str]:
        """Let the due seats act as recorded; returns the slots that differ from their file, with the reason."""
        faults: dict[int, str] = {}
        slot, seat = due.slot, due.seat
        if self._statistics is not None:
            self._statistics.look(slot)
        now = self.arena.state.matches["tick"][slot]
        cursor = self._cursors[slot, seat]
        missing = cursor >= self._counts[slot, seat]
        row = np.where(missing, 0, self._starts[slot, seat] + cursor)
        wrong = missing | (self._ticks[slot, row] != now)
        for where in np.flatnonzero(wrong).tolist():
            faults[int(slot[where])] = _CHANGED.format(f"no decision of seat {seat[where]} at tick {now[where]}")
        faults |= self._events(np.unique(slot))
        keep = ~np.isin(slot, list(faults)) if faults else slice(None)
        slot, seat, row = slot[keep], seat[keep], row[keep]
        due = Due(slot, seat)
        seen = np.where(self._live[slot], self._seen[slot, row], now[keep]) if self._live.any() else None
        if self._observe and len(slot):
            self._keep(due, row, seen)
        recorded = self._choices[slot, row].astype(np.int64)
        accepted = self.arena.act(due, recorded, seen)
        for where in np.flatnonzero((accepted != recorded).any(axis=1)).tolist():
            tick = self.arena.state.matches["tick"][slot[where]]
            faults[int(slot[where])] = _CHANGED.format(f"an action of seat {seat[where]} is refused at tick {tick}")
        self._cursors[slot, seat] += 1
        return faults

    def _events(self, slots: np.ndarray) -> dict[int, str]:
        """Apply changes of controller, then check state digests, whose tick has come; returns faults by slot."""
        faults = {}
        ticks = self.arena.state.matches["tick"]
        for slot in slots[ticks[slots] >= self._next_event[slots]].tolist():
            track, tick = self._tracks[slot], int(ticks[slot])
            assert track is not None
            self._change(slot, track, tick)
            while track.digests and track.digests[-1][0] <= tick:
                at, digest = track.digests.pop()
                if at != tick or digest != self.arena.digest(slot) & 0xFFFFFFFF:
                    faults[slot] = _CHANGED.format(f"the state digest differs at tick {at}")
            self._schedule(slot, track)
        return faults

    def _change(self, slot: int, track: _Track, tick: int) -> None:
        """Apply the limits of the controllers that took over until `tick`."""
        while track.changes and track.changes[-1].tick <= tick:
            change = track.changes.pop()
            self.arena.set_limits(slot, change.seat, Limits(*change.limits))

    def _schedule(self, slot: int, track: _Track) -> None:
        coming = [track.digests[-1][0]] if track.digests else []
        coming += [track.changes[-1].tick] if track.changes else []
        self._next_event[slot] = min(coming, default=np.iinfo(np.int64).max)

    def _keep(self, due: Due, row: np.ndarray, seen: np.ndarray | None) -> None:
        for name, array in self.arena.observe(due, seen).items():
            pool = self._pools.get(name)
            if pool is None or pool.shape[1] < self._ticks.shape[1]:
                wider = np.zeros((len(self._tracks), self._ticks.shape[1], *array.shape[1:]), array.dtype)
                if pool is not None:
                    wider[:, : pool.shape[1]] = pool
                pool = self._pools[name] = wider
            pool[due.slot, row] = array

    def _ended(self) -> dict[int, str | None]:
        """The slots whose match is over or was cut off, with its fault."""
        over: dict[int, str | None] = {}
        for slot in np.flatnonzero(self.arena.done | (self.arena.state.matches["tick"] >= self._stops)).tolist():
            track = self._tracks[slot]
            if track is not None:
                over[slot] = self._verdict(slot, track)
        return over

    def _verdict(self, slot: int, track: _Track) -> str | None:
        header = track.replay.header
        outcome = self.arena.outcome(slot)
        self._change(slot, track, int(outcome.ticks))  # those after the last decision
        if (self._cursors[slot] != self._counts[slot]).any() or track.digests:
            return _CHANGED.format(f"the match ends at tick {int(outcome.ticks)}, before its last decision")
        if f"{self.arena.digest(slot):016x}" != header.final:
            return _CHANGED.format("the end state differs")
        if not is_outcome_of(track.replay, outcome):
            return _CHANGED.format("the outcome differs")
        return None

    def _refill(self, over: dict[int, str] | dict[int, str | None], jobs: Iterator[Numbered]) -> Iterator[Finished]:
        for slot, fault in over.items():
            track = self._tracks[slot]
            assert track is not None
            rows = len(track.replay.decisions.tick)
            observations = None
            if self._observe and fault is None:
                observations = {name: pool[slot, :rows].copy() for name, pool in self._pools.items()}
            statistics = self._final_statistics(slot) if fault is None else None
            self._load(slot, jobs)
            yield Finished(track.number, track.replay, fault, observations, statistics)

    def _final_statistics(self, slot: int) -> np.ndarray | None:
        if self._statistics is None:
            return None
        seats = np.arange(self.arena.seats)
        self._statistics.look(np.array([slot]))
        return self._statistics.rows(np.full(len(seats), slot), seats)

    def _load(self, slot: int, jobs: Iterator[Numbered]) -> None:
        job = next(jobs, None)
        if job is None:
            self._tracks[slot], self._live[slot], self._stops[slot] = None, False, NEVER
            self.arena.state.matches["done"][slot] = 1
            return
        track = self._tracks[slot] = _Track(job)
        self._live[slot], self._stops[slot] = track.live, track.stop
        header, decisions = job.replay.header, job.replay.decisions
        rows = len(decisions.tick)
        if rows > self._ticks.shape[1]:
            more = rows - self._ticks.shape[1]
            self._ticks = np.pad(self._ticks, ((0, 0), (0, more)))
            self._seen = np.pad(self._seen, ((0, 0), (0, more)))
            self._choices = np.pad(self._choices, ((0, 0), (0, more), (0, 0)))
        self._ticks[slot, :rows], self._choices[slot, :rows] = decisions.tick, decisions.choices
        self._seen[slot, :rows] = decisions.seen
        counts = np.array([seat.decisions for seat in header.seats])
        self._counts[slot], self._starts[slot], self._cursors[slot] = counts, np.cumsum(counts) - counts, 0
        self._schedule(slot, track)
        schools = tuple(seat.school for seat in header.seats)
        limits = [Limits(*seat.limits) for seat in header.seats]
        self.arena.reset(slot, header.seed, schools, header.duration_ticks, limits)
        if self._statistics is not None:
            self._statistics.begin(slot)


def watch_replay(replay: Replay, watch: Callable[[Arena], None]) -> None:
    """Play one replay again and call `watch` with the arena at every tick.

    Raises ReplayError when the match does not go as recorded.
    """
    playback = Playback(1, len(replay.header.seats), replay.rules, watch=watch)
    for finished in playback.run(iter([Numbered(0, replay)])):
        if finished.fault is not None:
            raise ReplayError(replay.path or replay.name, finished.fault)


def is_outcome_of(replay: Replay, outcome: ArenaOutcome) -> bool:
    """Whether the outcome is as recorded, but for the counts of refused actions: a file holds accepted actions only."""
    seats = replay.header.seats
    outcome = standing_at_cut(outcome) if replay.header.is_cut is True else outcome
    return int(outcome.ticks) == replay.header.ticks and all(
        [getattr(seat, field) for seat in seats] == [kind(value) for value in values]
        for field, kind, values in (
            ("place", int, outcome.places),
            ("kills", int, outcome.kills),
            ("damage_dealt", float, outcome.damage_dealt),
            ("damage_taken", float, outcome.damage_taken),
            ("death_tick", int, outcome.death_ticks),
            ("casts", lambda row: tuple(int(count) for count in row), outcome.casts),
        )
    )


def standing_at_cut(outcome: ArenaOutcome) -> ArenaOutcome:
    """The outcome of a match that was cut off: those who were alive share the first place."""
    return outcome._replace(places=np.maximum(outcome.places, 1))
