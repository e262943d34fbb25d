"""The action cap: never broken whatever is asked for, and replaying what it accepted changes nothing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botgame.game import Due
from botgame.lms.arena import Arena, Limits
from botgame.lms.rules import DELAY_TICKS, Rules
from botgame.lms.simulation.state import UNCAPPED
from botgame.lms.spec import ARENA_SPEC

RULES = Rules(action_cap=6, action_window=1.0, action_spacing=3, pickup_radius=0.01)
WINDOW = 30  # ticks
BOTH = Due(np.zeros(2, np.int32), np.arange(2, dtype=np.int32))

decisions = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 8), st.integers(1, 6)), max_size=60)


@pytest.fixture(scope="module")
def arena():
    return Arena(1, 2, RULES)


def step(arena: Arena, ticks: int) -> None:
    arena.state.mages["due"] = 10**6
    arena.advance(ticks)


def run(arena: Arena, wanted: list, limits: Limits) -> list[tuple[int, np.ndarray]]:
    """Accepted decisions of seat 0 with their ticks; each row is (verb, delay, move, ticks until the next)."""
    arena.reset(0, 7, (0, 1), 100_000, [limits, limits])
    arena.state.mages["mana"] = 100.0
    accepted = []
    for row in wanted:
        *indices, wait = row
        actions = np.zeros((2, 6), np.int64)
        actions[0, : len(indices)] = indices
        tick = int(arena.state.matches["tick"][0])
        accepted.append((tick, arena.act(BOTH, actions)[0], wait))
        arena.state.mages["mana"] = 100.0
        step(arena, wait)
    return accepted


def counted(accepted: list, cap_moves: int) -> list[int]:
    """Ticks of the non-repeating actions among accepted decisions."""
    ticks, held = [], 0
    for tick, action, _ in accepted:
        if action[0] != 0 or (cap_moves and action[2] != held):
            ticks.append(tick)
        held = action[2]
    return ticks


@settings(max_examples=60, deadline=None)
@given(decisions, st.sampled_from([Limits(4, 1), Limits(0, 0), Limits(0, 1), Limits(4, 1, 2)]))
def test_the_cap_holds_and_is_idempotent(arena, wanted, limits):
    accepted = run(arena, wanted, limits)
    ticks = counted(accepted, limits.cap_moves)
    assert all(later - earlier >= RULES.action_spacing for earlier, later in itertools.pairwise(ticks))
    assert all(b - a >= WINDOW for a, b in zip(ticks, ticks[limits.cap or RULES.action_cap :], strict=False))
    digest = arena.digest(0)
    again = run(arena, [(*action[:6], wait) for _, action, wait in accepted], limits)
    assert all((one[1] == two[1]).all() for one, two in zip(accepted, again, strict=True))
    assert arena.digest(0) == digest
    assert arena.outcome(0).capped[0] == 0
    assert arena.outcome(0).illegal[0] == 0


def test_exactly_the_cap_is_accepted_in_a_window(arena):
    wanted = [(0, 0, 1 + k % 2, 3) for k in range(12)]
    accepted = run(arena, wanted, Limits(4, 1))
    assert counted(accepted, 1) == [0, 3, 6, 9, 12, 15, 30, 33]
    assert arena.outcome(0).capped[0] == 2  # every other refusal asks for the direction that is held anyway


def test_a_seat_may_have_a_cap_of_its_own(arena):
    wanted = [(0, 0, 1 + k % 2, 3) for k in range(12)]
    assert counted(run(arena, wanted, Limits(4, 1, 2)), 1) == [0, 3, 30, 33]
    arena.reset(0, 7, (0, 1), 1000, [Limits(4, 1, 2), Limits(4, 1)])
    budget = ARENA_SPEC.scalar_index("budget")
    for left in (1.0, 0.5, 0.0):
        assert arena.observe(BOTH)["scalars"][0, budget] == left
        arena.act(BOTH, np.array([[0, 0, 1 + round(2 * left), 0, 0, 0], [0] * 6]))
        step(arena, 3)
    assert arena.observe(BOTH)["scalars"][1, budget] == 1.0


def test_without_a_cap_only_spacing_holds(arena):
    wanted = [(0, 0, 1 + k % 2, 3) for k in range(40)]
    assert counted(run(arena, wanted, Limits(4, 1, UNCAPPED)), 1) == list(range(0, 120, 3))


def test_people_change_direction_freely(arena):
    accepted = run(arena, [(0, 0, 1 + k % 8, 1) for k in range(30)], Limits(0, 0))
    assert [action[2] for _, action, _ in accepted] == [1 + k % 8 for k in range(30)]
    assert arena.outcome(0).capped[0] == 0


def test_a_refused_change_of_direction_holds_the_old_one(arena):
    accepted = run(arena, [(0, 0, 3, 1), (0, 0, 5, 1)], Limits(4, 1))
    assert [action[2] for _, action, _ in accepted] == [3, 3]
    assert arena.outcome(0).capped[0] == 1


def test_the_delay_sets_the_next_due_tick(arena):
    arena.reset(0, 1, (0, 0), 1000)
    for index, ticks in enumerate(DELAY_TICKS):
        due = arena.advance()
        assert due.seat.tolist() == [0, 1]
        before = int(arena.state.matches["tick"][0])
        actions = np.zeros((2, 6), np.int64)
        actions[:, 1] = index
        arena.act(due, actions)
        arena.advance()
        assert int(arena.state.matches["tick"][0]) - before == ticks


def test_a_second_decision_in_one_tick_returns_the_first(arena):
    arena.reset(0, 1, (0, 0), 1000)
    due = arena.advance()
    first = arena.act(due, np.array([[0, 1, 3, 0, 0, 0], [0, 2, 4, 0, 0, 0]]))
    second = arena.act(due, np.array([[1, 0, 5, 0, 0, 0], [1, 0, 5, 0, 0, 0]]))
    np.testing.assert_array_equal(first, second)
    assert arena.outcome(0).capped.sum() == 0


@pytest.mark.parametrize("row", [[6, 0, 0, 0, 0, 0], [0, 8, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0], [1, 0, 0, 5, 0, 0]])
def test_indices_out_of_range_are_illegal_not_fatal(arena, row):
    arena.reset(0, 1, (0, 0), 1000)
    accepted = arena.act(arena.advance(), np.array([row, row]))
    assert (accepted[:, 0] == 0).all()
    assert (arena.outcome(0).illegal >= 1).all()


def test_wrong_arrays_are_refused(arena):
    arena.reset(0, 1, (0, 0), 1000)
    with pytest.raises(ValueError, match="shape"):
        arena.act(BOTH, np.zeros((2, 5), np.int64))
    with pytest.raises(IndexError, match="not one of"):
        arena.act(Due(np.array([0]), np.array([2])), np.zeros((1, 6), np.int64))
    with pytest.raises(ValueError, match="schools"):
        arena.reset(0, 1, (0, 3), 1000)
    with pytest.raises(ValueError, match="limits"):
        arena.reset(0, 1, (0, 1), 1000, [Limits(4, 1)] * 3)
    with pytest.raises(ValueError, match="reaction"):
        arena.reset(0, 1, (0, 1), 1000, [Limits(13, 1)] * 2)
    for cap in (-1, 23, 256):
        with pytest.raises(ValueError, match="cap"):
            arena.reset(0, 1, (0, 1), 1000, [Limits(4, 1, cap)] * 2)
    for duration in (0, 2**31, 2**32 + 100, 2**70):
        with pytest.raises(ValueError, match="duration"):
            arena.reset(0, 1, (0, 1), duration)
    for match in (-1, arena.matches, 5_000_000):
        with pytest.raises(IndexError, match="not one of"):
            arena.reset(match, 1, (0, 1), 1000)
    with pytest.raises(ValueError, match="expected 1 or more"):
        Arena(1, 17)
