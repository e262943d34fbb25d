"""The simulation is exact: same seed and actions, same bits, in any batch, compiled or not, after any copy."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from arena_play import fighter_actions, play, random_actions, started
from botgame.lms.arena import Arena
from botgame.lms.simulation.state import FRAMES, SEEN_MAGE

SEEDS = [3, 14, 159, 2653]

# What `python tests/arena_play.py SEATS 900 3 14 159 2653` prints; it changes only when rules or their meaning change.
GOLDEN = {
    2: ("05c2134921122d2b", "56cc98868f3ebbdb", "6e338aa14eed5a40", "81d954cb9b8a6f9f"),
    5: ("fffc8f21c0bc6202", "4a89fd7abaebf241", "5525fbebc6744693", "58f7789cd2778358"),
}


def digests(arena: Arena) -> list[int]:
    return [arena.digest(match) for match in range(arena.matches)]


@pytest.mark.parametrize("seats", [2, 5])
def test_same_seed_twice_gives_the_same_bits(seats):
    first, second = started(SEEDS, seats), started(SEEDS, seats)
    play(first, fighter_actions)
    play(second, fighter_actions)
    assert digests(first) == digests(second)
    assert len(set(digests(first))) == len(SEEDS)


@pytest.mark.parametrize("actions", [random_actions, fighter_actions])
def test_a_batch_equals_single_matches(actions):
    batch = started(SEEDS, 3)
    play(batch, actions)
    for match, seed in enumerate(SEEDS):
        single = started([seed], 3)
        play(single, actions)
        assert single.digest(0) == batch.digest(match)


@pytest.mark.parametrize("seats", [2, 5])
def test_compiled_equals_plain_python(seats):
    words = [str(word) for word in (seats, 300, *SEEDS[:2])]
    root = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(root.parent / "src"), "NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run(
        [sys.executable, str(root / "arena_play.py"), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    arena = started(SEEDS[:2], seats, 300)
    play(arena, fighter_actions)
    assert run.stderr == ""
    assert run.stdout.split() == [f"{digest:016x}" for digest in digests(arena)]


def test_the_latest_frame_holds_the_state():
    arena = started(SEEDS, 5)
    play(arena, fighter_actions, most_ticks=200)
    state, matches = arena.state, np.arange(len(SEEDS))
    slot = state.matches["tick"] % FRAMES
    for name in SEEN_MAGE.names:
        np.testing.assert_array_equal(state.past_mages[name][matches, slot], state.mages[name])
    np.testing.assert_array_equal(state.past_available[matches, slot], state.items["available"])
    assert (state.shots["active"] != 0).any()
    for match in matches:
        flying = state.shots[match][state.shots["active"][match] != 0]
        np.testing.assert_array_equal(state.past_shots[match, slot[match], : len(flying)], flying)
        assert state.past_shots["active"][match, slot[match], len(flying)] == 0


def test_copy_then_step_equals_step():
    arena, other = started(SEEDS, 4), started([1, 2, 3, 4], 4)
    play(arena, fighter_actions, most_ticks=300)
    copy = arena.snapshot()
    play(arena, fighter_actions)
    other.restore(copy)
    play(other, fighter_actions)
    assert digests(other) == digests(arena)
    arena.restore(copy)
    play(arena, fighter_actions)
    assert digests(other) == digests(arena)


def test_a_snapshot_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="another kind of arena"):
        started([1], 2).restore(started([1], 3).snapshot())


@pytest.mark.parametrize("seats", list(GOLDEN))
def test_golden_digests(seats):
    arena = started(SEEDS, seats)
    play(arena, fighter_actions)
    assert tuple(f"{digest:016x}" for digest in digests(arena)) == GOLDEN[seats]


def test_replaying_accepted_actions_gives_the_same_digest():
    arena, again = started(SEEDS, 2), started(SEEDS, 2)
    while len((due := arena.advance()).slot):
        np.testing.assert_array_equal(np.stack(again.advance()), np.stack(due))
        accepted = arena.act(due, random_actions(arena, due))
        np.testing.assert_array_equal(again.act(due, accepted), accepted)
        assert digests(again) == digests(arena)
    assert sum(arena.outcome(m).illegal.sum() + arena.outcome(m).capped.sum() for m in range(4)) > 0
    assert sum(again.outcome(m).illegal.sum() + again.outcome(m).capped.sum() for m in range(4)) == 0


def test_a_digest_sees_every_kind_of_state():
    arena = started([5], 2)
    play(arena, fighter_actions, most_ticks=100)
    before = arena.digest(0)
    for array, field in (
        (arena.state.matches, "tick"),
        (arena.state.mages, "health"),
        (arena.state.shots, "ends"),
        (arena.state.items, "available"),
    ):
        row = array[0] if array.ndim == 1 else array[0, 0]
        row[field] += 1
        assert arena.digest(0) != before
        row[field] -= 1
    assert arena.digest(0) == before


def test_one_tick_at_a_time_equals_many():
    arena, slow = started([9], 2), started([9], 2)
    play(arena, fighter_actions)
    while not slow.done[0]:
        due = slow.advance(1)
        if len(due.slot):
            slow.act(due, fighter_actions(slow, due))
    assert slow.digest(0) == arena.digest(0)
