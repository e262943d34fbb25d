"""Headless matches in batches: the loop that joins arena, policies and recorder, cut open at the decision.

`MatchBatch` runs B matches at once and hands out whatever seats are due; whoever consumes it (an actor, an
evaluation, a recording run) answers with actions. Results do not depend on B: each seat's random key is a hash of
the match's seed, the seat and the tick, and a slot that becomes free takes the next set-up at once.

    batch = MatchBatch(Arena(64, 2), setups)
    seating = Seating(64, 2)
    while (step := batch.next()) is not None:
        batch.act(step, seating.act(step, policies))
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from botgame import rng
from botgame.errors import UserError
from botgame.game import Observation, Policy, action_cap
from botgame.lms.arena import Arena, Due, Limits, Outcome
from botgame.lms.rules import SCHOOLS, Rules
from botgame.lms.simulation.state import HEADS

_KEY_PURPOSE = 0x6B6579  # keeps policy keys apart from the random stream of the simulation


@dataclass(frozen=True)
class Setup:
    """One match to play. `players[p]` is the index of the policy in seat p, `schools[p]` its school.

    seed: decides arena, items and every draw of simulation and policies. tag: the caller's own number.
    """

    seed: int
    players: tuple[int, ...]
    schools: tuple[int, ...]
    duration_ticks: int = 3600
    tag: int = 0


class Ended(NamedTuple):
    """A match that is over. `episode` is its position in the stream of set-ups.

    scores: float32 [P], (damage dealt - damage taken) / 100. results: float32 [P], see `standings_of`; in a duel +1 for
    a win, 0 for a draw, -1 for a loss.
    """

    slot: int
    episode: int
    setup: Setup
    outcome: Outcome
    scores: np.ndarray
    results: np.ndarray


class Step(NamedTuple):
    """The N seats that are due, ordered by slot, then seat; and the matches that ended since the last step.

    slot, seat, player: int32 [N]; episode: int64 [N]; keys: uint64 [N], the randomness of each row;
    scores: float32 [N], the running damage score. A slot listed in `ended` may already play its next episode here.
    """

    ended: list[Ended]
    slot: np.ndarray
    seat: np.ndarray
    player: np.ndarray
    episode: np.ndarray
    observation: Observation
    keys: np.ndarray
    scores: np.ndarray

    @property
    def due(self) -> Due:
        """The same rows as the arena names them."""
        return Due(self.slot, self.seat)


class Recorder(Protocol):
    """Listens to a batch and keeps what a replay needs (`botgame.lms.replay.record`)."""

    def begin(self, arena: Arena, slot: int, setup: Setup) -> None:
        """A match was set up in `slot`."""

    def decisions(self, arena: Arena, due: Due) -> None:
        """Called before the seats in `due` act: time to take state digests."""

    def accepted(self, arena: Arena, due: Due, actions: np.ndarray) -> None:
        """Called after they acted, with the accepted actions int64 [N, 6]."""

    def end(self, arena: Arena, ended: Ended) -> None:
        """The match in `ended.slot` is over; its state is still there."""


def results_of(places: np.ndarray) -> np.ndarray:
    """Places [P] (1 = first, ties share) to results float32 [P]: +1 sole winner, 0 shared first place, -1 otherwise."""
    first = np.asarray(places) == 1
    reward = 1.0 if first.sum() == 1 else 0.0
    return np.where(first, reward, -1.0).astype(np.float32)


def order_of(places: Sequence[int] | np.ndarray, seat: int, other: int) -> int:
    """+1, 0 or -1: `seat` finished above, level with or below `other`. places: as in `results_of`."""
    return int(np.sign(int(places[other]) - int(places[seat])))


def standings_of(places: np.ndarray) -> np.ndarray:
    """Places [P] to float32 [P]: each seat's mean `order_of` over the other seats.

    From +1 (above all others) to -1 (below all), in sum 0 over the seats. In a duel that is the plain result; with more
    seats it pays for every rival that is outlived, which is what "A beat B" means in a free-for-all.
    """
    places = np.asarray(places)
    order = np.sign(places[None, :] - places[:, None])
    return np.asarray(order.sum(axis=1) / (len(places) - 1), np.float32)


def key_bases(seed: int, seats: int) -> np.ndarray:
    """Base key of each seat, uint64 [P]; a decision's key is `mix(base, tick)`."""
    return np.array([rng.derive(seed, _KEY_PURPOSE, seat) for seat in range(seats)], np.uint64)


class MatchBatch:
    """Plays the matches of `setups` in the slots of `arena`, one `next`/`act` round at a time."""

    def __init__(
        self,
        arena: Arena,
        setups: Iterator[Setup],
        recorder: Recorder | None = None,
        cap: Callable[[int], int] = lambda _player: 0,
    ) -> None:
        """`cap`: of a player's seats, see `policy.action_cap`."""
        self.arena = arena
        self._cap = cap
        self.recorder = recorder
        self.taken = 0  # set-ups taken from the iterator so far
        self._setups = iter(setups)
        self._running: list[Setup | None] = [None] * arena.matches
        self._episodes = np.full(arena.matches, -1, np.int64)
        self._players = np.zeros((arena.matches, arena.seats), np.int32)
        self._key_bases = np.zeros((arena.matches, arena.seats), np.uint64)
        self._started = False
        arena.state.matches["done"] = 1  # a slot that never gets a match must not run

    def next(self) -> Step | None:
        """Run on to the next decisions. None when the set-ups are exhausted and every match is over.

        The last step may hold ended matches and no rows. Every step with rows must be answered with `act`.
        """
        if not self._started:
            self._started = True
            for slot in range(self.arena.matches):
                self._take(slot)
        if all(setup is None for setup in self._running):
            return None
        due = self.arena.advance()
        ended = self._collect()
        if ended:
            due = self.arena.advance()
        return self._step(ended, due)

    def act(self, step: Step, actions: np.ndarray) -> np.ndarray:
        """Answer `step` with actions int64 [N, 6]; returns the accepted ones."""
        due = step.due
        if self.recorder is not None:
            self.recorder.decisions(self.arena, due)
        accepted = self.arena.act(due, actions)
        if self.recorder is not None:
            self.recorder.accepted(self.arena, due, accepted)
        return accepted

    def snapshot(self) -> dict[str, Any]:
        """Everything but the set-ups iterator: plain arrays and JSON numbers. A recorder is not part of it."""
        running = [None if setup is None else asdict(setup) for setup in self._running]
        return {
            "arena": self.arena.snapshot(),
            "taken": self.taken,
            "started": self._started,
            "running": running,
            "episodes": self._episodes.tolist(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`. The iterator given to the constructor must stand after the first `taken` set-ups.

        Raises UserError for a snapshot of another release, whose arena looked otherwise.
        """
        try:
            self.arena.restore(snapshot["arena"])
        except ValueError as error:
            raise UserError(f"the run was made by another release of botgame ({error}); start a new one", 2) from error
        self.taken = int(snapshot["taken"])
        self._started = bool(snapshot["started"])
        self._episodes[:] = snapshot["episodes"]
        for slot, fields in enumerate(snapshot["running"]):
            self._running[slot] = None
            if fields is not None:
                tuples = {name: tuple(fields[name]) for name in ("players", "schools")}
                self._seat(slot, Setup(**{**fields, **tuples}))

    def _seat(self, slot: int, setup: Setup) -> None:
        self._running[slot] = setup
        self._players[slot] = setup.players
        self._key_bases[slot] = key_bases(setup.seed, self.arena.seats)

    def _take(self, slot: int) -> None:
        """Start the next set-up in `slot`, or leave it empty when there is none."""
        setup = next(self._setups, None)
        self._running[slot] = None
        if setup is None:
            return
        if len(setup.players) != self.arena.seats or len(setup.schools) != self.arena.seats:
            raise ValueError(f"set-up has {len(setup.players)} seats, the arena has {self.arena.seats}")
        self._seat(slot, setup)
        self._episodes[slot] = self.taken
        self.taken += 1
        limits = [Limits.of_bots(self.arena.rules, self._cap(player)) for player in setup.players]
        self.arena.reset(slot, setup.seed, setup.schools, setup.duration_ticks, limits)
        if self.recorder is not None:
            self.recorder.begin(self.arena, slot, setup)

    def _collect(self) -> list[Ended]:
        """Report the matches that are over and refill their slots."""
        ended = []
        for slot in np.flatnonzero(self.arena.done).tolist():
            setup = self._running[slot]
            if setup is None:
                continue
            outcome = self.arena.outcome(slot)
            scores = ((np.asarray(outcome.damage_dealt) - np.asarray(outcome.damage_taken)) / 100).astype(np.float32)
            over = Ended(slot, int(self._episodes[slot]), setup, outcome, scores, standings_of(outcome.places))
            if self.recorder is not None:
                self.recorder.end(self.arena, over)
            ended.append(over)
            self._take(slot)
        return ended

    def _step(self, ended: list[Ended], due: Due) -> Step:
        slot, seat = due.match, due.seat
        tick = self.arena.state.matches["tick"][slot].astype(np.uint64)
        with np.errstate(over="ignore"):
            keys = rng.mix(self._key_bases[slot, seat], tick)
        return Step(
            ended=ended,
            slot=slot,
            seat=seat,
            player=self._players[slot, seat],
            episode=self._episodes[slot],
            observation=self.arena.observe(due),
            keys=keys,
            scores=self.arena.score(due),
        )


class Seating:
    """Recurrent memory of every seat, bound to the episode: a seat's memory starts afresh with each new match.

    memory: float32 [B, P, M], where M is the largest memory of any policy so far; a policy uses the first columns.
    """

    def __init__(self, matches: int, seats: int) -> None:
        self.memory = np.zeros((matches, seats, 0), np.float32)
        self._episodes = np.full((matches, seats), -1, np.int64)

    def act(self, step: Step, policies: Sequence[Policy]) -> np.ndarray:
        """Ask each policy once for all its rows: actions int64 [N, 6]. `step.player` indexes `policies`."""
        actions = np.zeros((len(step.slot), HEADS), np.int64)
        for player in np.unique(step.player).tolist():
            rows = np.flatnonzero(step.player == player)
            policy = policies[player]
            observation = step.observation
            if len(rows) < len(step.slot):
                observation = {name: array[rows] for name, array in observation.items()}
            memory = self.recall(step, rows, policy)
            chosen, memory = policy.act(observation, memory, step.keys[rows])
            _check(policy, "actions", chosen, (len(rows), HEADS))
            _check(policy, "memory", memory, (len(rows), policy.memory_size))
            actions[rows] = chosen
            self.store(step, rows, memory)
        return actions

    def recall(self, step: Step, rows: np.ndarray, policy: Policy) -> np.ndarray:
        """Memory of `rows`, float32 [n, memory_size]; initial where the seat begins a new episode."""
        size = policy.memory_size
        if size > self.memory.shape[2]:
            wider = np.zeros((*self.memory.shape[:2], size), np.float32)
            wider[:, :, : self.memory.shape[2]] = self.memory
            self.memory = wider
        slot, seat, episode = step.slot[rows], step.seat[rows], step.episode[rows]
        fresh = self._episodes[slot, seat] != episode
        memory = self.memory[slot, seat, :size]
        if fresh.any():
            memory[fresh] = policy.initial_memory(int(fresh.sum()))
            self._episodes[slot, seat] = episode
        return memory

    def store(self, step: Step, rows: np.ndarray, memory: np.ndarray) -> None:
        """Keep the memory that a policy returned for `rows`."""
        self.memory[step.slot[rows], step.seat[rows], : memory.shape[1]] = memory

    def snapshot(self) -> dict[str, np.ndarray]:
        """Plain arrays."""
        return {"memory": self.memory.copy(), "episodes": self._episodes.copy()}

    def restore(self, snapshot: dict[str, np.ndarray]) -> None:
        """Inverse of `snapshot`."""
        self.memory = np.array(snapshot["memory"], np.float32)
        self._episodes = np.array(snapshot["episodes"], np.int64)


def _check(policy: Policy, what: str, array: np.ndarray, shape: tuple[int, int]) -> None:
    """A user's own bot may be wrong: say which, instead of failing somewhere later."""
    if np.shape(array) != shape:
        raise UserError(f"bot {policy.name!r} returned {what} of shape {np.shape(array)}, expected {shape}: correct it")


def play(
    policies: Sequence[Policy],
    setups: Iterator[Setup],
    *,
    matches: int = 64,
    seats: int = 2,
    rules: Rules | None = None,
    recorder: Recorder | None = None,
) -> Iterator[Ended]:
    """Play all set-ups with `policies`, `matches` at a time, and yield each match as it ends (not in their order)."""
    arena = Arena(matches, seats, rules or Rules())
    batch = MatchBatch(arena, setups, recorder, [action_cap(policy) for policy in policies].__getitem__)
    seating = Seating(matches, seats)
    while (step := batch.next()) is not None:
        yield from step.ended
        if len(step.slot):
            batch.act(step, seating.act(step, policies))


def mirrored_setups(
    seed: int,
    pairs: int,
    players: tuple[int, ...] = (0, 1),
    duration_ticks: int = 3600,
    schools: tuple[int, ...] | None = None,
    own: Mapping[int, int] | None = None,
) -> Iterator[Setup]:
    """Each of `pairs` random seeds once per rotation of `players` over the seats (two players: seats swapped).

    Schools belong to the seats (drawn by seed unless given), so they change hands together with them and every
    player meets exactly the same situations. `tag` is the number of the seed, 0 .. pairs - 1.

    own: school of the players that always play the same one. With such a player in a match every school goes round
    with its player, so that both turns of a seed are the same match-up.
    """
    own = own or {}
    for pair in range(pairs):
        match_seed = rng.derive(seed, pair)
        drawn = schools or tuple(rng.derive(match_seed, seat, 1) % len(SCHOOLS) for seat in range(len(players)))
        theirs = tuple(own.get(player, school) for player, school in zip(players, drawn, strict=True))
        for turn in range(len(players)):
            rotated = players[turn:] + players[:turn]
            seated = theirs[turn:] + theirs[:turn] if own.keys() & set(players) else drawn
            yield Setup(match_seed, rotated, seated, duration_ticks, tag=pair)


def skip_taken(setups: Iterator[Setup], taken: int) -> Iterator[Setup]:
    """The set-ups that remain after the first `taken`: what a restored `MatchBatch` is given."""
    return itertools.islice(setups, taken, None)
