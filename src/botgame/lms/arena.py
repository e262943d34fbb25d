"""The arena for the rest of the program: a thin layer of Python over the kernels and the state arrays.

    arena = Arena(matches=64, seats=2)
    for b in range(64):
        arena.reset(b, seed=b, schools=(0, 2), duration_ticks=3600)
    while len((due := arena.advance()).slot):
        actions = ...  # int64 [N, HEAD_COUNT], from arena.observe(due)
        arena.act(due, actions)

A match normally waits for every seat that is due. In real time it waits for nobody: `run` plays a number of ticks, and
a late decision names the tick of the observation behind it.

    arena.act(seats, actions, seen=ticks)  # whenever decisions have arrived
    arena.run(1)  # 30 times a second
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from botgame import threads
from botgame.game import USUAL_LIMITS, Due, SeatLimits
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.fields import MAX_MAGES
from botgame.lms.observing.observation import Observation, Observer
from botgame.lms.readiness import COLUMNS, write_readiness
from botgame.lms.rules import MAX_SEATS, MIN_SEATS, SCHOOLS, Rules
from botgame.lms.simulation import advance as kernels
from botgame.lms.simulation.digest import add_words, finish, words_of
from botgame.lms.simulation.kernel import bind
from botgame.lms.simulation.ranking import allocate_ranking
from botgame.lms.simulation.state import (
    LATEST,
    MAX_REACTION,
    OLDEST_KEPT,
    STAMPS,
    UNCAPPED,
    State,
    allocate,
    compile_rules,
)

NEVER = 2**31 - 1  # a tick beyond any match
_MATCHES_A_THREAD = 128  # fewer are done sooner than another thread has begun


class Limits(NamedTuple):
    """What fair play imposes on a seat. Bots: `of_bots`. People: (0, 0)."""

    reaction: int  # age of what is observed, in ticks
    cap_moves: int  # 1: changes of direction count towards the action cap
    cap: int = 0  # counted actions in a window: 0 as in the rules, 1..22, or `UNCAPPED`

    @classmethod
    def of_bots(cls, rules: Rules, own: SeatLimits = USUAL_LIMITS) -> Limits:
        """The limits of a bot with limits of its own; it never reacts faster than the rules let bots react."""
        return cls(max(rules.reaction_ticks, own.reaction_ticks), 1, own.action_cap)


class ArenaOutcome(NamedTuple):
    """How a match went in the arena's own terms, one entry a seat."""

    ticks: int
    places: np.ndarray  # int32 [P], 1 = winner, ties share the place, 0 = not over yet
    kills: np.ndarray  # int32 [P]
    damage_dealt: np.ndarray  # float64 [P], hp, to other mages
    damage_taken: np.ndarray  # float64 [P], hp, from other mages
    illegal: np.ndarray  # int32 [P], actions refused as illegal
    capped: np.ndarray  # int32 [P], actions refused by the cap
    casts: np.ndarray  # int32 [P, verbs], decisions carried out by verb
    death_ticks: np.ndarray  # int32 [P], -1 for survivors


@contextmanager
def _replaced(column: np.ndarray, where: Any, values: np.ndarray) -> Iterator[None]:
    """Within the block `column` has other values at index `where`."""
    usual = column[where].copy()
    column[where] = values
    try:
        yield
    finally:
        column[where] = usual


def _check_limits(limits: Limits) -> None:
    if not 0 <= limits.reaction <= MAX_REACTION:
        raise ValueError(f"reaction is {limits.reaction} ticks, expected 0..{MAX_REACTION}")
    if not (0 <= limits.cap <= STAMPS or limits.cap == UNCAPPED):
        raise ValueError(f"cap is {limits.cap} actions, expected 0..{STAMPS} or {UNCAPPED}")


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """The memory of an array [B, ...] as uint8 [B, bytes], not copied."""
    return array.view(np.ndarray).reshape(array.shape[0], -1).view(np.uint8)


class Arena:
    """B matches of P seats. Raises ValueError for a number of seats or matches out of range."""

    def __init__(self, matches: int, seats: int, rules: Rules | None = None) -> None:
        if matches < 1 or not MIN_SEATS <= seats <= MAX_SEATS:
            raise ValueError(f"{matches} matches of {seats} seats: expected 1 or more of {MIN_SEATS}..{MAX_SEATS}")
        self.matches, self.seats = matches, seats
        self.rules = rules if rules is not None else Rules()
        self.state: State = allocate(matches, seats, self.rules)
        self.tables = compile_rules(self.rules)
        self._bytes = {name: _as_bytes(array) for name, array in self.state._asdict().items()}
        self._never = np.full((matches, seats), NEVER, np.int32)
        self._kinds = np.repeat(np.arange(4, dtype=np.int32), self.rules.items(seats))
        self._observer: Observer | None = None
        self._words = words_of(self.state)
        self._add_words: Callable[..., int] | None = None
        self._readiness = np.zeros((seats, COLUMNS), np.int32)
        self._write_readiness: Callable[..., None] | None = None
        self.state.matches["done"] = 1  # nothing to run before `reset`
        self._bind()

    def _bind(self) -> None:
        """Compile (or load) the kernels for the types of this arena's arrays, which are the same in every arena."""
        room = self.matches * self.seats
        self._due = Due(np.zeros(room, np.int32), np.zeros(room, np.int32))
        setup, actions = np.zeros((self.seats, 4), np.int64), np.zeros((1, HEAD_COUNT), np.int64)
        common = (self.state, self.tables, np.zeros((self.seats, self.seats + 1)))
        memory = tuple(self._bytes.values())
        self._start = bind(kernels.start, (*common, memory, self._kinds), (0, np.uint64(0), 0, setup))
        self._advance = bind(kernels.advance, (self.state, self.tables), (common[2], *self._due, 0, 0, 0))
        self._act = bind(kernels.act, (*common, allocate_ranking(MAX_MAGES)), (*self._due, actions, actions))

    def reset(
        self,
        match: int,
        seed: int,
        schools: Sequence[int],
        duration_ticks: int,
        limits: Sequence[Limits] | None = None,
    ) -> None:
        """Start match `match` from its seed. All seats are due at tick 0; `limits` defaults to those of bots.

        Raises ValueError for schools, limits or a duration that make no match, IndexError for one that does not exist.
        """
        self._check_match(match)  # compiled code checks no index
        limits = [Limits.of_bots(self.rules)] * self.seats if limits is None else limits
        self._check_setup(schools, duration_ticks, limits)
        setup = np.array([(school, *limit) for school, limit in zip(schools, limits, strict=True)], np.int64)
        self._start(int(match), np.uint64(int(seed) % 2**64), int(duration_ticks), setup)

    def _check_setup(self, schools: Sequence[int], duration_ticks: int, limits: Sequence[Limits]) -> None:
        if len(schools) != self.seats or any(not 0 <= school < len(SCHOOLS) for school in schools):
            raise ValueError(f"schools are {tuple(schools)}, expected {self.seats} of 0..{len(SCHOOLS) - 1}")
        if len(limits) != self.seats:
            raise ValueError(f"limits are {tuple(limits)}, expected {self.seats}, one a seat")
        for limit in limits:
            _check_limits(limit)
        if not 1 <= duration_ticks <= NEVER:
            raise ValueError(f"duration is {duration_ticks} ticks, expected 1..{NEVER}")

    def set_limits(self, match: int, seat: int, limits: Limits) -> None:
        """Another kind of controller takes over a seat. Raises ValueError for impossible limits."""
        _check_limits(limits)
        self.state.mages["reaction"][match, seat] = limits.reaction
        self.state.mages["cap_moves"][match, seat] = limits.cap_moves
        self.state.mages["cap"][match, seat] = limits.cap

    def advance(self, most: int = NEVER, wake: np.ndarray | None = None) -> Due:
        """Run every unfinished match until a living seat is due, it is over, or `most` ticks have passed.

        wake: int [B, P], the tick at which each seat is due here, instead of the one that its delay asked for.
        Returns all due living seats. A match with a due seat stands still until that seat has acted.
        """
        with self._replaced("due", ..., wake):
            return self.run_ranges(lambda *places: self._advance(*places, int(most)))

    def run_ranges(self, advance: Callable[[np.ndarray, np.ndarray, np.ndarray, int, int], int]) -> Due:
        """Run matches on all threads; returns all seats that are due.

        advance: a function of (scratch for harm, slots, seats, first, end) that runs the matches `first` to `end` as
        the kernel `botgame.lms.simulation.advance.advance` does.
        """
        ranges = threads.ranges(self.matches, _MATCHES_A_THREAD)
        parts = threads.run_all([functools.partial(self._run_range, advance, *ends) for ends in ranges])
        if len(parts) == 1:  # small batches: joining one part costs more than copying it
            slot, seat = parts[0]
            return Due(slot.copy(), seat.copy())
        slots, seats = zip(*parts, strict=True)
        return Due(np.concatenate(slots), np.concatenate(seats))

    def _run_range(self, advance: Callable[..., int], first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Slots and seats that are due in the matches `first` to `end`."""
        harm = np.zeros((self.seats, self.seats + 1))
        count = advance(harm, *self._due, first, end)
        place = slice(first * self.seats, first * self.seats + count)
        return self._due.slot[place], self._due.seat[place]

    def run(self, ticks: int = NEVER) -> None:
        """Run every unfinished match by `ticks` ticks or to its end, whichever seats are due: real time."""
        self.advance(ticks, self._never)

    def act(self, due: Due, actions: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
        """Take decisions, int64 [N, HEAD_COUNT], and return the accepted ones, which a replay stores.

        An illegal verb becomes none; over the cap the verb becomes none and the held direction stays. Seats that are
        not due may act too; a second decision in one tick changes nothing and returns the first.

        seen: int [N], the tick of the observation behind each decision, by which its target counts; never a younger
        one than the seat's limits allow, and the oldest frame where that one is no longer kept. None: each seat's
        current observation. Raises ValueError for wrong shapes and IndexError for seats that do not exist.
        """
        match, seat = np.ascontiguousarray(due.slot, np.int32), np.ascontiguousarray(due.seat, np.int32)
        wanted = np.ascontiguousarray(actions, np.int64)
        if wanted.shape != (match.size, HEAD_COUNT) or match.shape != seat.shape or match.ndim != 1:
            raise ValueError(f"actions have shape {wanted.shape} for {match.size} seats, expected [N, {HEAD_COUNT}]")
        accepted = np.empty_like(wanted)
        with self._replaced("reaction", (match, seat), self._ages(due, seen)):
            known = self._act(match, seat, wanted, accepted)
        if not known:
            raise IndexError(f"a seat is not one of {self.matches} matches x {self.seats} seats")
        return accepted

    def observe(self, due: Due, seen: np.ndarray | None = None) -> Observation:
        """What seats see, delayed and through fog: one row for each seat, see `botgame.spec`. Raises IndexError.

        seen: int [N], as in `act`: what each seat saw at that tick.
        """
        if self._observer is None:  # bound on first use: a re-simulation that needs only results never compiles it
            self._observer = Observer(self.state, self.tables)
        with self._replaced("reaction", (due.slot, due.seat), self._ages(due, seen)):
            return self._observer.observe(due.slot, due.seat)

    def _ages(self, due: Due, seen: np.ndarray | None) -> np.ndarray | None:
        """The ages in ticks, int [N], of the frames that seats saw at ticks `seen`."""
        if seen is None:
            return None
        least = self.state.mages["reaction"][due.slot, due.seat]
        most = np.maximum(OLDEST_KEPT, least + LATEST)
        age: np.ndarray = np.clip(self.state.matches["tick"][due.slot] - seen, least, most)
        return age

    def _replaced(self, field: str, where: Any, values: np.ndarray | None) -> AbstractContextManager[None]:
        """Within the block a field of the mages has other values at index `where`; None: it stays as it is."""
        return nullcontext() if values is None else _replaced(self.state.mages[field], where, values)

    def readiness(self, match: int) -> np.ndarray:
        """What each seat of match `match` could do now, int32 [P, COLUMNS] (`botgame.lms.readiness`).

        The array is refilled by the next call. Raises IndexError for a match that does not exist.
        """
        self._check_match(match)
        if self._write_readiness is None:  # bound on first use, like the observer
            self._write_readiness = bind(write_readiness, (self.state, self.tables), (0, self._readiness))
        self._write_readiness(int(match), self._readiness)
        return self._readiness

    def score(self, due: Due) -> np.ndarray:
        """float32 [N]: (damage dealt - damage taken) / 100 hp so far."""
        dealt = self.state.mages["damage_dealt"][due.slot, due.seat]
        taken = self.state.mages["damage_taken"][due.slot, due.seat]
        return np.asarray((dealt - taken) / 100.0, np.float32)

    @property
    def done(self) -> np.ndarray:
        """Bool [B]: the matches that are over, or not started."""
        return np.array(self.state.matches["done"] != 0)

    def outcome(self, match: int) -> ArenaOutcome:
        """What has happened in match `match`, copied."""
        mages = self.state.mages[match]
        names = ("place", "kills", "damage_dealt", "damage_taken", "illegal", "capped", "casts", "death_tick")
        return ArenaOutcome(int(self.state.matches["tick"][match]), *(np.array(mages[name]) for name in names))

    def digest(self, match: int) -> int:
        """64-bit digest of the current state of match `match`, the same on every machine. Raises IndexError."""
        self._check_match(match)
        if self._add_words is None:  # bound on first use, like the observer
            self._add_words = bind(add_words, (self._words,), (0,))
        return finish(self._add_words(int(match)), self._words)

    def _check_match(self, match: int) -> None:
        if not 0 <= match < self.matches:
            raise IndexError(f"match {match} is not one of {self.matches}")

    def snapshot(self) -> dict[str, np.ndarray]:
        """The whole batch as plain uint8 arrays, copied."""
        return {name: array.copy() for name, array in self._bytes.items()}

    def __deepcopy__(self, _memo: dict[int, Any]) -> Arena:
        """An arena with arrays, and so with kernels, of its own: those of this one are bound to its arrays."""
        other = type(self)(self.matches, self.seats, self.rules)
        other.restore(self.snapshot())
        return other

    def restore(self, snapshot: dict[str, np.ndarray]) -> None:
        """Go back to a snapshot of an arena of the same shape. Raises ValueError when it does not fit."""
        for name, array in self._bytes.items():
            if name not in snapshot or snapshot[name].shape != array.shape or snapshot[name].dtype != np.uint8:
                raise ValueError(f"the snapshot has no {name} of {array.shape} bytes: it is of another kind of arena")
        for name, array in self._bytes.items():
            array[...] = snapshot[name]
