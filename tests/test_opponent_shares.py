"""Whom the learner of RL meets less often."""

from __future__ import annotations

import json

import pytest

from botgame.training.alphastar.actor.opponent_shares import LEAST, WINDOW, OpponentShares

SHARES = {"self": 0.2, "past": 0.2, "weak": 0.4, "strong": 0.2}


def test_an_opponent_that_always_loses_is_met_seldom_and_one_that_always_wins_no_more_than_before() -> None:
    made = OpponentShares(SHARES, prioritised=True)
    assert made.now() == pytest.approx(SHARES)
    for _ in range(20):
        made.count({"weak": [1.0] * WINDOW, "strong": [0.0] * WINDOW, "past": [0.0, 1.0] * WINDOW})
    weights = {"self": 0.2, "past": 0.2, "weak": 0.4 * LEAST / 0.5, "strong": 0.2}
    assert made.now() == pytest.approx({kind: weight / sum(weights.values()) for kind, weight in weights.items()}, 0.01)


def test_the_share_falls_with_the_win_rate_over_the_latest_results() -> None:
    made, shares = OpponentShares({"self": 0.5, "bot": 0.5}, prioritised=True), []
    for _ in range(10):
        made.count({"bot": [1.0, 1.0, 1.0, 0.0] * 10})
        shares.append(made.now()["bot"])
    assert shares[-1] == pytest.approx(0.25 / 0.75, abs=0.04)
    made.count({"bot": [0.0] * 5 * WINDOW})
    assert made.now()["bot"] == pytest.approx(0.5, abs=0.01)


def test_fixed_shares_stay() -> None:
    made = OpponentShares(SHARES, prioritised=False)
    made.count({"weak": [1.0] * 100})
    assert made.now() == SHARES


def test_it_goes_on_exactly_from_what_was_written() -> None:
    whole, cut = (OpponentShares(SHARES, prioritised=True) for _ in range(2))
    for made in (whole, cut):
        made.count({"weak": [1.0, 0.5], "past": [0.0] * 70})
    again = OpponentShares(SHARES, prioritised=True)
    again.restore(json.loads(json.dumps(cut.snapshot())))
    for made in (whole, again):
        made.count({"weak": [1.0], "strong": [1.0]})
    assert again.now() == whole.now()
