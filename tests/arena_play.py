"""Scripted play on the bare arena for tests; as a program it prints digests, so that plain Python can be compared.

NUMBA_DISABLE_JIT=1 python tests/arena_play.py SEATS DURATION_TICKS SEED...
"""

from __future__ import annotations

import sys

import numpy as np

from botgame.game import Due
from botgame.lms.arena import Arena
from botgame.lms.spec import ARENA_SPEC
from botgame.rng import derive, uniforms

SIZES = np.array([head.size for head in ARENA_SPEC.heads])


def keys_of(arena: Arena, due: Due) -> np.ndarray:
    """uint64 [N]: depend on the seed of the match, the seat and the tick, not on the batch."""
    seeds, ticks = arena.state.matches["seed"][due.slot], arena.state.matches["tick"][due.slot]
    return np.array([derive(*row) for row in zip(seeds, due.seat, ticks, strict=True)], np.uint64)


def random_actions(arena: Arena, due: Due) -> np.ndarray:
    """int64 [N, 6]: any indices, many of them illegal."""
    return (uniforms(keys_of(arena, due), len(SIZES)) * SIZES).astype(np.int64)


def fighter_actions(arena: Arena, due: Due) -> np.ndarray:
    """int64 [N, 6]: walk at random, and cast at the nearest visible enemy whatever can be cast."""
    draws = uniforms(keys_of(arena, due), 3)
    mages, ticks = arena.state.mages[due.slot, due.seat], arena.state.matches["tick"][due.slot]
    ready = (mages["ready"] <= ticks[:, None]) & (
        mages["mana"][:, None] >= arena.tables.abilities["mana"][mages["school"]]
    )
    sees = mages["visible"] != 0
    verb = np.where(sees & ready[:, 1], 2, np.where(sees & ready[:, 0], 1, 0))
    move = np.where(draws[:, 0] < 0.3, (draws[:, 1] * 9).astype(np.int64), mages["move"])
    delay, lead = (draws[:, 2] * 4).astype(np.int64), np.where(verb > 0, 3, 0)
    return np.stack([verb, delay, move, np.minimum(verb, 1), np.zeros_like(verb), lead], 1).astype(np.int64)


def play(arena: Arena, actions=random_actions, most_ticks: int = 2**31 - 1) -> None:
    """Play all matches of the arena to their ends, or until the first has reached `most_ticks`."""
    while len((due := arena.advance()).slot) and arena.state.matches["tick"].max() < most_ticks:
        arena.act(due, actions(arena, due))


def started(seeds: list[int], seats: int, duration_ticks: int = 900) -> Arena:
    """An arena with one match a seed and mixed schools."""
    arena = Arena(len(seeds), seats)
    for match, seed in enumerate(seeds):
        arena.reset(match, seed, [(seed + seat) % 3 for seat in range(seats)], duration_ticks)
    return arena


if __name__ == "__main__":
    seats_, duration, *seeds_ = (int(word) for word in sys.argv[1:])
    arena_ = started(seeds_, seats_, duration)
    play(arena_, fighter_actions)
    print(*(f"{arena_.digest(match):016x}" for match in range(len(seeds_))))
