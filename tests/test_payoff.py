"""The payoff table: golden decay, symmetry, self-matches, JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgame.training.alphastar.league.payoff import Payoff


def test_golden_decay():
    payoff = Payoff()
    for result in (1, 1, 1, -1):
        payoff.update("a", "b", result)
    assert payoff.games("a", "b") == pytest.approx(3.940399, abs=1e-6)
    assert payoff.counts("a", "b")[0] == pytest.approx(2.940399 - 0.0, abs=1e-6)
    assert payoff.win_rate("a", "b") == pytest.approx(0.746219, abs=1e-6)


def test_memory_is_about_100_games():
    payoff = Payoff()
    for _ in range(3000):
        payoff.update("a", "b", 1)
    assert payoff.games("a", "b") == pytest.approx(100, abs=1e-6)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1, 0, -1])), min_size=1, max_size=60))
def test_both_directions_mirror_each_other(games):
    payoff = Payoff()
    for home, result in games:
        payoff.update(home, "b" if home == "a" else "a", result)
    assert payoff.win_rate("a", "b") + payoff.win_rate("b", "a") == pytest.approx(1.0)
    assert payoff.counts("a", "b") == pytest.approx(payoff.counts("b", "a")[::-1])


def test_unknown_pairs_are_even():
    payoff = Payoff()
    assert payoff.win_rate("a", "b") == 0.5
    assert payoff.games("a", "b") == 0
    assert payoff.win_rates("a", ["b", "c"]).tolist() == [0.5, 0.5]


def test_self_matches_are_counted_apart_and_decay_nothing():
    payoff = Payoff()
    payoff.update("a", "b", 1)
    before = payoff.counts("a", "b")
    for _ in range(5):
        payoff.update("a", "a", -1)
    assert payoff.win_rate("a", "a") == 0.5
    assert payoff.games("a", "a") == 5
    assert payoff.counts("a", "b") == before


def test_json_round_trip_goes_on_to_the_bit():
    payoff = Payoff(0.97)
    for step in range(50):
        payoff.update("ab"[step % 2], "bc"[step % 2], (step % 3) - 1)
    payoff.update("c", "c", 0)
    copy = Payoff.restore(json.loads(json.dumps(payoff.snapshot())))
    for table in (payoff, copy):
        table.update("a", "b", 1)
    assert copy.snapshot() == payoff.snapshot()


@pytest.mark.parametrize("result", [2, 0.5, None])
def test_a_foreign_result_is_refused(result):
    with pytest.raises(ValueError, match="expected a result"):
        Payoff().update("a", "b", result)


def test_a_free_for_all_is_one_game_of_each_pair_divided_among_its_seats():
    payoff = Payoff(0.5)
    payoff.update("a", "b", 1)
    payoff.update("a", "b", 1, 1, -1, 0)
    assert payoff.counts("a", "b") == (0.5 + 0.5, 0.25, 0.25)
    assert payoff.counts("b", "a") == (0.25, 0.25, 0.5 + 0.5)
    assert payoff.win_rate("a", "b") + payoff.win_rate("b", "a") == 1
    payoff.update("a", "a", 0, 0)
    assert payoff.games("a", "a") == 1
    for results in ((), (1, 2)):
        with pytest.raises(ValueError, match="expected a result"):
            payoff.update("a", "b", *results)
