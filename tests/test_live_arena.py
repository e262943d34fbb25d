"""The arena in real time: it waits for nobody, and late decisions count by the observation behind them."""

from __future__ import annotations

import numpy as np
import pytest

from arena_play import fighter_actions, play, random_actions, started
from botgame.game import Due
from botgame.lms.arena import NEVER, Arena
from botgame.lms.rules import DELAY_TICKS
from botgame.lms.simulation.state import OLDEST_KEPT

SEATS = 3


def everybody(arena: Arena) -> Due:
    """All seats of match 0."""
    return Due(np.zeros(arena.seats, np.int32), np.arange(arena.seats, dtype=np.int32))


def in_a_fight(ticks: int = 200) -> Arena:
    """A match some seconds in, whose seats see each other at times."""
    arena = started([4], SEATS)
    play(arena, fighter_actions, ticks)
    return arena


def due_ticks(arena: Arena) -> list[int]:
    return arena.state.mages["due"][0].tolist()


def test_run_plays_ticks_although_seats_are_due() -> None:
    arena = in_a_fight()
    before, due = int(arena.state.matches["tick"][0]), due_ticks(arena)
    assert len(arena.advance(10).seat) > 0
    assert arena.state.matches["tick"][0] == before
    arena.run(10)
    assert arena.state.matches["tick"][0] == before + 10
    assert due_ticks(arena) == due
    arena.run()
    assert arena.done[0]


def test_seats_that_always_answer_at_once_play_the_usual_match() -> None:
    usual, live = started([9], SEATS), started([9], SEATS)
    play(usual)
    while not live.done[0]:
        due = live.advance(0)
        if len(due.seat):
            live.act(due, random_actions(live, due), np.maximum(0, live.state.matches["tick"][due.slot] - 4))
        live.run(1)
    assert live.digest(0) == usual.digest(0)


def test_wake_replaces_the_delays_that_seats_chose() -> None:
    arena = in_a_fight()
    tick, due = int(arena.state.matches["tick"][0]), due_ticks(arena)
    wake = np.full((1, SEATS), NEVER)
    wake[0, 1] = tick + 13
    assert arena.advance(wake=wake).seat.tolist() == [1]
    assert arena.state.matches["tick"][0] == tick + 13
    assert due_ticks(arena) == due


@pytest.mark.parametrize("age", range(4, OLDEST_KEPT + 1))
def test_an_observation_of_an_earlier_tick_is_what_the_seat_saw_then(age: int) -> None:
    arena = in_a_fight()
    then = arena.observe(everybody(arena))
    arena.run(age - 4)
    seen = np.full(SEATS, arena.state.matches["tick"][0] - age)
    again, now = arena.observe(everybody(arena), seen), arena.observe(everybody(arena))
    for name in ("entities", "raster"):
        np.testing.assert_array_equal(again[name], then[name])
    assert age == 4 or any((now[name] != again[name]).any() for name in now)
    assert arena.state.mages["reaction"][0].tolist() == [4] * SEATS


def test_a_target_is_the_enemy_that_the_decision_saw() -> None:
    """Slots are ranked by distance: the frame decides which enemy a slot means."""
    different = 0
    for seed in range(40):
        targets = []
        for age in (4, OLDEST_KEPT):
            arena = started([seed], 8, 1800)
            play(arena, fighter_actions, 150)
            seats = everybody(arena)
            actions = np.zeros((8, 6), np.int64)
            actions[:, 0], actions[:, 3] = 1, 1
            tick = int(arena.state.matches["tick"][0])
            arena.act(seats, actions, np.full(8, tick - age))
            targets.append(arena.state.mages["target"][0].tolist())
        different += targets[0] != targets[1]
    assert different > 0


def test_no_frame_is_younger_than_the_limits_or_older_than_those_kept() -> None:
    arena = in_a_fight()
    tick, seats = int(arena.state.matches["tick"][0]), everybody(arena)
    now = arena.observe(seats)
    for seen, expected in ((tick, now), (0, arena.observe(seats, np.full(SEATS, tick - OLDEST_KEPT)))):
        again = arena.observe(seats, np.full(SEATS, seen))
        for name in now:
            np.testing.assert_array_equal(again[name], expected[name])


def test_a_late_decision_asks_for_the_next_from_its_own_tick() -> None:
    arena = in_a_fight()
    arena.run(3)
    tick = int(arena.state.matches["tick"][0])
    arena.act(everybody(arena), np.zeros((SEATS, 6), np.int64), np.full(SEATS, tick - 7))
    assert due_ticks(arena) == [tick + DELAY_TICKS[0]] * SEATS
