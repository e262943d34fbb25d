"""Threads change nothing: neither the order of results, nor a bit of matches and observations."""

import threading

import numpy as np
import pytest

from botgame import threads
from botgame.lms.arena import Arena
from botgame.lms.bots.expert.expert import lms_re


@pytest.fixture
def many():
    threads.set_threads(3)
    yield
    threads.set_threads(1)


def test_ranges_cover_everything_once(many):
    assert threads.ranges(100, 32) == [(0, 33), (33, 66), (66, 100)]
    assert threads.ranges(70, 32) == [(0, 35), (35, 70)]
    assert threads.ranges(31, 32) == [(0, 31)]
    assert threads.ranges(0, 32) == [(0, 0)]


def test_calls_run_side_by_side_and_results_keep_their_order(many):
    meet = threading.Barrier(3, timeout=30)  # passes only if all three wait at once
    assert threads.run_all([lambda number=number: (meet.wait(), number)[1] for number in range(3)]) == [0, 1, 2]


def test_one_thread_runs_in_the_caller():
    assert threads.run_all([threading.get_ident]) == [threading.get_ident()]


def played():
    """What 300 duels look like to their seats over some decisions, and the digests at the end."""
    arena, bot, seen = Arena(300, 2), lms_re(), []
    for match in range(300):
        arena.reset(match, seed=match, schools=(0, match % 3), duration_ticks=900)
    for step in range(12):
        due = arena.advance()
        observation = arena.observe(due)
        seen += [due.slot, due.seat, *observation.values()]
        keys = np.arange(len(due.slot), dtype=np.uint64) + np.uint64(10_000 * step)
        arena.act(due, bot.act(observation, bot.initial_memory(len(due.slot)), keys)[0])
    return seen, [arena.digest(match) for match in range(300)]


def test_matches_and_observations_are_the_same_with_any_number_of_threads(many):
    seen, digests = played()
    threads.set_threads(1)
    again, expected = played()
    assert digests == expected
    for one, other in zip(seen, again, strict=True):
        np.testing.assert_array_equal(one, other)
