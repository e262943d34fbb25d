"""The arena as a game, a random policy with memory, and recorded matches, for the tests of matches and replays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from botgame import rng
from botgame.game import Policy, Setup, Step
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import HUMAN, PERSON
from botgame.lms.replay.record import Recorder
from botgame.lms.spec import ARENA_SPEC
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, play

LMS = lms()
HEADS = len(ARENA_SPEC.heads)
SECONDS = 30


class Restless:
    """Draws every head among the legal categories, from the row's key alone; memory counts its decisions."""

    name = "restless"
    memory_size = 2

    def initial_memory(self, n: int) -> np.ndarray:
        return np.tile(np.array([0.0, 7.0], np.float32), (n, 1))

    def act(self, observation, memory, keys):
        draws = rng.uniforms(keys, len(ARENA_SPEC.heads))
        columns = []
        for head, draw in zip(ARENA_SPEC.heads, draws.T, strict=True):
            legal = observation["legal"][:, ARENA_SPEC.slices[head.name]].astype(np.float64)
            share = np.cumsum(legal, axis=1) / legal.sum(axis=1, keepdims=True)
            columns.append((draw[:, None] >= share).sum(axis=1))
        memory = memory.copy()
        memory[:, 0] += 1
        return np.stack(columns, axis=1).astype(np.int64), memory


def setups(matches: int, seats: int = 2, first: int = 100) -> Iterator[Setup]:
    for seed in range(first, first + matches):
        factions = tuple((seed + seat) % 3 for seat in range(seats))
        yield Setup(seed, (0,) * seats, factions, duration_ticks=SECONDS * 30, tag=seed)


def answer(batch: MatchBatch, step: Step, memory: SeatMemory, policies: Sequence[Policy]) -> None:
    """Every seat that is due does what its policy decides."""
    batch.act(step.due, decide(batch, step, memory, policies, HEADS))


def recorded(policies: Sequence[Policy], setups: Iterator[Setup], *, slots: int = 4, seats: int = 2) -> list[Replay]:
    """Replays of matches between `policies`, in the order of the set-ups."""
    replays: dict[int, Replay] = {}
    names = [policy.name for policy in policies]
    for _ in play(
        LMS,
        policies,
        setups,
        slots=slots,
        seats=seats,
        listen=lambda simulation: Recorder(simulation.arena, names, replays.__setitem__),
    ):
        pass
    return [replays[episode] for episode in sorted(replays)]


def held_by(replay: Replay, policy: str, person: str) -> Replay:
    """The same match as if a person had held the seats of `policy`."""
    change = {"policy": PERSON + person, "controller": HUMAN}
    seats = (msgspec.structs.replace(s, **change) if s.policy == policy else s for s in replay.header.seats)
    return replace(replay, header=msgspec.structs.replace(replay.header, seats=tuple(seats)))


def record(matches: int, seats: int = 2, first: int = 100) -> list[Replay]:
    """Replays of random matches, in the order of their seeds."""
    return recorded([Restless()], setups(matches, seats, first), seats=seats)
