"""A random policy with memory, and short recorded matches, for the tests of matches and replays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from botgame import rng
from botgame.game import Setup
from botgame.lms.game import lms
from botgame.lms.replay.format import Replay
from botgame.lms.replay.record import Recorder
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.play import play

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
        schools = tuple((seed + seat) % 3 for seat in range(seats))
        yield Setup(seed, (0,) * seats, schools, duration_ticks=SECONDS * 30, tag=seed)


def record(matches: int, seats: int = 2, first: int = 100) -> list[Replay]:
    """Replays of random matches, in the order of their seeds."""
    replays: dict[int, Replay] = {}
    recorder = Recorder(Rules(), ["restless"], replays.__setitem__)
    for _ in play(lms(), [Restless()], setups(matches, seats, first), matches=4, seats=seats, recorder=recorder):
        pass
    return [replays[episode] for episode in range(matches)]
