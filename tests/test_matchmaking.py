"""PFSP and how each role chooses opponents, rule by rule."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgame.training.alphastar.league.matchmaking import (
    VARIANTS,
    Frozen,
    MatchmakingRules,
    Pairing,
    View,
    kept,
    pfsp,
    pick,
    without_monotone_tail,
)
from botgame.training.alphastar.league.roles import ROLES

WEIGHTINGS = ("squared", "variance", "linear", "linear_capped", "uniform")
MAIN_0, MAIN_1 = Frozen("main1.v0", "main", "main1"), Frozen("main1.v1", "main", "main1")
OTHER_0 = Frozen("main2.v0", "main", "main2")
EXPLOITER = Frozen("main_exploiter1.v0", "main_exploiter", "main_exploiter1")
LEAGUE_EXPLOITER = Frozen("league_exploiter1.v0", "league_exploiter", "league_exploiter1")


def opponent(asker, role, league, rules, uniform):
    return ROLES[role].opponent(asker, league, rules, uniform)


def source(*numbers):
    return iter(numbers).__next__


def view(frozen, rates=None, mains=("main1",)):
    known = rates or {}
    return View(mains, frozen, lambda home, away: known.get((home, away), 0.5))


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        ("squared", [0.757009, 0.233645, 0.009346]),
        ("variance", [0.209302, 0.581395, 0.209302]),
        ("linear", [0.6, 0.333333, 0.066667]),
        ("linear_capped", [0.454545, 0.454545, 0.090909]),
        ("uniform", [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_golden_pfsp(weighting, expected):
    np.testing.assert_allclose(pfsp([0.1, 0.5, 0.9], weighting), expected, atol=1e-6)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_degenerate_rows_are_uniform(weighting, rate):
    np.testing.assert_array_equal(pfsp([rate] * 4, weighting), [0.25] * 4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.sampled_from(WEIGHTINGS))
def test_pfsp_is_always_a_distribution(rates, weighting):
    probabilities = pfsp(rates, weighting)
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert probabilities.sum() == pytest.approx(1.0)


def test_pfsp_refuses_nobody_and_unknown_names():
    with pytest.raises(ValueError, match="at least one"):
        pfsp([], "squared")
    with pytest.raises(ValueError, match="unknown weighting"):
        pfsp([0.5], "cubed")


def test_pick_never_draws_what_has_no_weight():
    weights = np.array([0.0, 0.5, 0.5, 0.0])
    assert [pick(weights, u) for u in (0.0, 0.49, 0.5, 0.999999999999)] == [1, 1, 2, 2]
    assert pick(np.array([0.3, 0.7 - 1e-12, 0.0]), 1 - 1e-16) == 1


@pytest.mark.parametrize(
    ("rates", "count"),
    [([0.9, 0.8, 0.95, 0.6, 0.5], 3), ([0.9, 0.8, 0.7], 0), ([0.2, 0.9], 2), ([0.5], 0), ([], 0), ([0.5, 0.5], 0)],
)
def test_golden_monotone_tail(rates, count):
    assert without_monotone_tail(rates) == count


def test_main_pfsp_half_plays_any_frozen_player():
    league = view([MAIN_0, EXPLOITER, LEAGUE_EXPLOITER], {("main1", "main_exploiter1.v0"): 0.0})
    got = opponent("main1", "main", league, MatchmakingRules(), source(0.49, 0.5))
    assert got == Pairing("main1", "main_exploiter1.v0")


@pytest.mark.parametrize(
    ("rate", "share"), [(0.0, 1.0), (0.5, 1.0), (0.6, 0.8), (0.75, 0.5), (0.95, 0.1), (0.99, 0.1), (1.0, 0.1)]
)
def test_prioritised_main_agents_meet_themselves_in_place_of_whom_they_beat(rate, share):
    assert kept(rate, 0.1) == pytest.approx(share)
    assert kept(rate, 1.0) == 1.0
    league = view([MAIN_0], {("main1", "main1.v0"): rate})
    draws = [0.49, 0.0, *([] if share == 1.0 else [share - 0.01])]
    assert opponent("main1", "main", league, VARIANTS["prioritised"], source(*draws)).away == "main1.v0"
    if share < 1.0:
        draws = [0.49, 0.0, share + 0.01, 0.0]
        assert opponent("main1", "main", league, VARIANTS["prioritised"], source(*draws)) == Pairing("main1", "main1")


def test_what_prioritised_main_agents_do_not_play_goes_to_all_live_ones():
    rates = {("main1", "main1.v0"): 1.0, ("main1", "main2.v0"): 1.0}
    league = view([MAIN_0, OTHER_0], rates, mains=("main1", "main2"))
    got = opponent("main1", "main", league, VARIANTS["prioritised"], source(0.0, 0.0, 0.99, 0.9))
    assert got == Pairing("main1", "main2")


def test_what_prioritised_main_agents_do_not_play_is_no_verification():
    """An exploiter that still wins has its own share; what is left of PFSP's does not add to it."""
    league = view([MAIN_0, EXPLOITER], {("main1", "main1.v0"): 1.0, ("main1", EXPLOITER.name): 0.2})
    weight = pfsp([1.0, 0.2], "squared")
    assert weight[1] == 1.0  # so the beaten player is drawn by a uniform weighting only
    rules = dataclasses.replace(VARIANTS["prioritised"], main_weighting="uniform")
    got = opponent("main1", "main", league, rules, source(0.0, 0.0, 0.99, 0.0))
    assert got == Pairing("main1", "main1")


def test_main_verification_takes_exploiters_that_still_win():
    league = view([MAIN_0, EXPLOITER], {("main1", EXPLOITER.name): 0.29})
    assert opponent("main1", "main", league, MatchmakingRules(), source(0.5, 0.0, 0.0)).away == EXPLOITER.name


def test_main_verification_takes_forgotten_selves_when_exploiters_are_beaten():
    rates = {("main1", EXPLOITER.name): 0.3, ("main1", "main1.v0"): 0.6, ("main1", "main1.v1"): 0.9}
    league = view([MAIN_0, EXPLOITER, MAIN_1], rates)
    assert opponent("main1", "main", league, MatchmakingRules(), source(0.64, 0.0, 0.0)).away == "main1.v0"
    assert opponent("main1", "main", league, MatchmakingRules(), source(0.64, 0.0, 0.999)).away == "main1.v1"


@pytest.mark.parametrize("rates", [(0.9, 0.6), (0.8, 0.9)])  # a plain tail; nothing below the bar
def test_main_verification_falls_to_self_play(rates):
    known = {("main1", "main1.v0"): rates[0], ("main1", "main1.v1"): rates[1]}
    league = view([MAIN_0, MAIN_1], known)
    assert opponent("main1", "main", league, MatchmakingRules(), source(0.6, 0.0)) == Pairing("main1", "main1")


def test_main_self_play_only_against_a_main_of_like_strength():
    frozen = [MAIN_0, OTHER_0]
    even = view(frozen, mains=("main1", "main2"))
    assert opponent("main1", "main", even, MatchmakingRules(), source(0.65, 0.9)) == Pairing("main1", "main2")
    weak = view(frozen, {("main1", "main2"): 0.3}, mains=("main1", "main2"))
    assert opponent("main1", "main", weak, MatchmakingRules(), source(0.65, 0.9, 0.0)) == Pairing("main1", "main2.v0")


def test_main_exploiter_plays_the_live_main_and_does_not_train_it():
    league = view([MAIN_0, MAIN_1], {("main_exploiter1", "main1"): 0.11})
    got = opponent("main_exploiter1", "main_exploiter", league, MatchmakingRules(), source(0.0))
    assert got == Pairing("main_exploiter1", "main1")


def test_main_exploiter_that_never_wins_gets_a_curriculum():
    rates = {("main_exploiter1", "main1"): 0.1, ("main_exploiter1", "main1.v1"): 1.0}
    league = view([MAIN_0, MAIN_1, EXPLOITER], rates)
    assert (
        opponent("main_exploiter1", "main_exploiter", league, MatchmakingRules(), source(0.0, 0.99)).away == "main1.v0"
    )


def test_the_papers_curriculum_tosses_a_coin_below_a_fifth():
    league = view([MAIN_0], {("main_exploiter1", "main1"): 0.19})
    paper = VARIANTS["paper"]
    assert opponent("main_exploiter1", "main_exploiter", league, paper, source(0.0, 0.49, 0.0)).away == "main1.v0"
    assert opponent("main_exploiter1", "main_exploiter", league, paper, source(0.0, 0.5)).away == "main1"
    assert opponent("main_exploiter1", "main_exploiter", league, MatchmakingRules(), source(0.0)).away == "main1"


def test_league_exploiter_plays_all_history_with_capped_weights():
    league = view([MAIN_0, EXPLOITER], {("league_exploiter1", "main1.v0"): 0.0})
    draws = [
        opponent("league_exploiter1", "league_exploiter", league, MatchmakingRules(), source(u)).away
        for u in (0.49, 0.51)
    ]
    assert draws == ["main1.v0", EXPLOITER.name]  # capped: 0.5 against 0.5, where "linear" would say 1 against 0.5


def test_variants_are_what_their_sources_say():
    assert VARIANTS["pseudocode"] == MatchmakingRules()
    assert dataclasses.replace(VARIANTS["prioritised"], beaten_share=1.0) == MatchmakingRules()
    assert VARIANTS["di-engine"].league_exploiter_weighting == "squared"
    assert not VARIANTS["di-engine"].forgotten_filter
    assert VARIANTS["di-star"].main_verification == 0.0
    assert (
        dataclasses.replace(VARIANTS["paper"], main_exploiter_bar=0.1, main_exploiter_curriculum=1.0)
        == MatchmakingRules()
    )


@pytest.mark.parametrize(
    ("name", "shares"), [("self-play", (0, 1)), ("fictitious", (1, 0)), ("pfsp-self-play", (0.5, 0.5))]
)
def test_variants_of_main_agents_alone(name, shares):
    rules = VARIANTS[name]
    assert (rules.main_pfsp, rules.self_play_share) == shares
    assert rules.main_verification == 0
    assert (rules.main_weighting == "uniform") == (name == "fictitious")


def test_without_the_filter_a_plain_tail_counts_as_forgotten():
    league = view([MAIN_0, MAIN_1], {("main1", "main1.v0"): 0.9, ("main1", "main1.v1"): 0.6})
    unfiltered = dataclasses.replace(MatchmakingRules(), forgotten_filter=False)
    assert opponent("main1", "main", league, unfiltered, source(0.6, 0.0, 0.0)).away == "main1.v0"


def test_shares_of_a_main_agent():
    counter = np.random.default_rng(0)
    league = view([MAIN_0, EXPLOITER], {("main1", EXPLOITER.name): 0.2, ("main1", "main1.v0"): 1.0})
    draws = [opponent("main1", "main", league, MatchmakingRules(), counter.random) for _ in range(4000)]
    live = sum(pairing.away == "main1" for pairing in draws) / 4000
    assert live == pytest.approx(0.35, abs=0.03)
