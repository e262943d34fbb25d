"""States for the observation tests: made by NumPy alone, so that compiled and plain kernels can be compared on them.

Run as a program it prints a digest of the observations of some of them.
"""

import hashlib

import numpy as np

from botgame.lms.observing.observation import Observer
from botgame.lms.rules import Rules
from botgame.lms.simulation.state import FRAMES, STAMPS, allocate, compile_rules
from botgame.lms.spec import ARENA_SPEC, HEADS

RULES = Rules()
TABLES = compile_rules(RULES)
CURRENT = ("last_verb_", "last_move_", "last_delay", "since_decision", "budget", "spacing_left")
SCALARS = [scalar.name for scalar in ARENA_SPEC.scalars]
IS_CURRENT = np.array([name.startswith(CURRENT) for name in SCALARS])


def column(name):
    return SCALARS.index(name)


def row(name):
    return ARENA_SPEC.vectors.index(name)


def entity(name):
    return ARENA_SPEC.entity_columns.index(name)


def privileged(name):
    return ARENA_SPEC.privileged.index(name)


def observe(state, seat=0, match=0):
    """Observation of one seat without the leading axis."""
    arrays = Observer(state, TABLES).observe(np.array([match], np.int32), np.array([seat], np.int32))
    return {key: array[0] for key, array in arrays.items()}


def freeze(state):
    """Make the current state that of every past frame."""
    state.past_matches[:] = state.matches[:, None]
    for name in state.past_mages.dtype.names:
        state.past_mages[name] = state.mages[name][:, None]
    flying_first = np.argsort(state.shots["active"] == 0, axis=1, kind="stable")
    state.past_shots[:] = np.take_along_axis(state.shots, flying_first, axis=1)[:, None]
    state.past_available[:] = state.items["available"][:, None]


def empty_state(seats=2, tick=100):
    """One match without walls (but the border), shots or items; seats stand in a row and see each other."""
    state = allocate(1, seats, RULES)
    cells = state.walls.shape[1]
    state.walls[:, [0, -1]], state.walls[:, :, [0, -1]] = 1, 1
    match, mages = state.matches[0], state.mages[0]
    for name, value in {"tick": tick, "duration": 3600, "cells": cells, "alive": seats, "zone_r": cells}.items():
        match[name] = value
    match["zone_x"], match["zone_y"] = cells / 2, cells / 2
    mages["x"], mages["y"] = cells / 2 + 2.0 * np.arange(seats), cells / 2
    mages["health"], mages["mana"], mages["alive"] = 100, 100, 1
    mages["visible"] = (1 << seats) - 1 - (1 << np.arange(seats))
    mages["seen_tick"], mages["seen_seat"], mages["death_tick"], mages["decided"] = -1, -1, -1, -1
    freeze(state)
    return state


def random_state(seed, seats=2):
    """A match in which every number that matters is drawn; all frames are alike but for the tick."""
    rng, state = np.random.default_rng(seed), empty_state(seats, tick=200)
    cells, mages, shots, items = state.walls.shape[1], state.mages[0], state.shots[0], state.items[0]
    state.walls[0, 1:-1, 1:-1] = rng.random((cells - 2, cells - 2)) < 0.12
    for things in (mages, shots, items):
        for k in range(len(things)):
            things["x"][k], things["y"][k] = _free_place(rng, state.walls[0])
    _draw_mages(rng, mages, seats)
    speed = rng.uniform(0.2, 0.7, len(shots))
    angle = rng.uniform(0, 2 * np.pi, len(shots))
    shots["vx"], shots["vy"] = speed * np.cos(angle), speed * np.sin(angle)
    shots["factor"], shots["ends"] = rng.choice([1.0, 1.5], len(shots)), 200 + rng.integers(0, 40, len(shots))
    shots["active"], shots["owner"] = rng.random(len(shots)) < 0.7, np.arange(len(shots)) // 6
    shots["row"], shots["school"] = rng.integers(0, 2, len(shots)), rng.integers(0, 3, len(shots))
    items["kind"], items["available"] = rng.integers(0, 4, len(items)), rng.random(len(items)) < 0.8
    state.matches["zone_r"], state.matches["zone_damage"] = rng.uniform(1, 15), rng.uniform(0.1, 0.8)
    freeze(state)
    return state


def _free_place(rng, walls):
    while True:
        x, y = rng.uniform(1, walls.shape[0] - 1, 2)
        if walls[int(y), int(x)] == 0:
            return x, y


def _draw_mages(rng, mages, seats):
    for name, low, high in (
        ("vx", -0.3, 0.3),
        ("vy", -0.3, 0.3),
        ("health", 1, 100),
        ("mana", 0, 100),
        ("shield", 0, 40),
    ):
        mages[name] = rng.uniform(low, high, seats)
    for name in ("slow", "self_slow"):
        mages[name] = rng.uniform(0, 0.5, seats)
    for name in ("slow_until", "shield_until", "rune_until", "dash_until"):
        mages[name] = 200 + rng.integers(-50, 80, seats)
    mages["seen_x"], mages["seen_y"] = rng.uniform(1, 20, (2, seats))
    mages["seen_tick"] = rng.integers(-1, 200, seats)
    mages["ready"] = 200 + rng.integers(-100, 200, (seats, 4))
    mages["visible"] = rng.integers(0, 1 << seats, seats) & ~(1 << np.arange(seats))
    mages["school"], mages["alive"] = rng.integers(0, 3, seats), rng.random(seats) < 0.9
    mages["alive"][0] = 1
    mages["last"] = rng.integers(0, [head.size for head in HEADS], (seats, len(HEADS)))
    mages["decided"] = rng.integers(180, 200, seats)
    mages["stamps"] = np.sort(rng.integers(20, 200, (seats, STAMPS)), axis=1)
    mages["stamp_count"] = rng.integers(0, STAMPS + 1, seats)
    mages["reaction"] = rng.integers(0, FRAMES, seats)


def observations_digest():
    """Digest of every array of some random states."""
    digest = hashlib.sha256()
    for seed, seats in enumerate((2, 2, 2, 2, 7, 16)):
        state = random_state(seed, seats)
        for seat in range(min(seats, 5)):
            for key, array in observe(state, seat).items():
                digest.update(key.encode() + array.tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    print(observations_digest())
