"""Ratings against independent solvers: SciPy's general minimiser, fictitious play, published formulas."""

import itertools

import nashpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from botgame import ratings

ROCK_PAPER_SCISSORS = np.array([[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])


def antisymmetric(seed: int, players: int) -> np.ndarray:
    upper = np.triu(np.random.default_rng(seed).uniform(-0.5, 0.5, (players, players)), 1)
    return 0.5 + upper - upper.T


def fictitious_play(payoff: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.zeros(payoff.shape[0]), np.zeros(payoff.shape[1])
    rows[0] = columns[0] = 1
    for _ in range(rounds):
        row, column = np.argmax(payoff @ columns), np.argmin(rows @ payoff)
        rows[row] += 1
        columns[column] += 1
    return rows / rows.sum(), columns / columns.sum()


def test_wilson_equals_scipy_for_whole_wins():
    for wins, games in [(0, 10), (3, 10), (10, 10), (517, 1000)]:
        expected = stats.binomtest(wins, games).proportion_ci(0.95, method="wilson")
        got = ratings.wilson(wins, games)
        assert got.low == pytest.approx(expected.low, abs=1e-12)
        assert got.high == pytest.approx(expected.high, abs=1e-12)
        assert got.estimate == wins / games


def test_wilson_without_games_knows_nothing():
    assert ratings.wilson(0, 0) == (0.5, 0.0, 1.0)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_wilson_holds_its_estimate(share, games):
    got = ratings.wilson(share * games, games)
    assert 0.0 <= got.low <= got.estimate <= got.high <= 1.0


def test_expected_score_is_base_10_over_400():
    assert ratings.expected_score(0) == 0.5
    assert ratings.expected_score(400) == pytest.approx(10 / 11)
    assert ratings.expected_score(-400) == pytest.approx(1 / 11)


def test_two_players_have_the_closed_form():
    points = np.array([[0.0, 75.0], [25.0, 0.0]])
    got = ratings.bradley_terry(points, anchor=1, prior=0)
    assert got.elo[1] == 0.0
    assert got.elo[0] == pytest.approx(400 * np.log10(3), abs=1e-9)
    assert got.error[0] == pytest.approx(ratings.ELO_PER_LOGIT / np.sqrt(100 * 0.75 * 0.25), rel=1e-9)


def test_ratings_maximise_the_likelihood_like_a_general_minimiser():
    rng = np.random.default_rng(3)
    games = rng.integers(5, 40, (6, 6)).astype(float)
    games = np.triu(games, 1) + np.triu(games, 1).T
    wins = np.triu(rng.binomial(games.astype(int), 0.6), 1).astype(float)
    wins += np.tril(games - wins.T, -1)

    def loss(free):
        theta = np.concatenate([[0.0], free])
        return -np.sum(wins * -np.log1p(np.exp(theta[None, :] - theta[:, None])) * (1 - np.eye(6)))

    expected = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9}).x
    got = ratings.bradley_terry(wins, anchor=0, prior=0)
    np.testing.assert_allclose(got.elo[1:], expected * ratings.ELO_PER_LOGIT, atol=1e-3)


def test_ratings_recover_the_truth_within_their_errors():
    rng = np.random.default_rng(0)
    truth = np.array([0.0, 80.0, 200.0, -150.0])
    points = np.zeros((4, 4))
    for a, b in itertools.combinations(range(4), 2):
        won = rng.binomial(4000, ratings.expected_score(truth[a] - truth[b]))
        points[a, b], points[b, a] = won, 4000 - won
    got = ratings.bradley_terry(points, anchor=0)
    assert np.all(np.abs(got.elo - truth)[1:] < 4 * got.error[1:])
    assert np.all(got.error[1:] < 8)
    interval = got.interval(2)
    assert interval.low < 200 < interval.high


def test_draws_count_as_half_and_the_anchor_only_shifts():
    drawn = np.array([[0.0, 5.0, 3.0], [5.0, 0.0, 6.0], [7.0, 4.0, 0.0]])
    first, second = ratings.bradley_terry(drawn, 0), ratings.bradley_terry(drawn, 2)
    np.testing.assert_allclose(first.elo - first.elo[2], second.elo, atol=1e-8)
    even = ratings.bradley_terry(np.array([[0.0, 4.0], [4.0, 0.0]]), 0)
    assert even.elo[1] == pytest.approx(0.0, abs=1e-9)


def test_millions_of_games_that_hang_on_one_draw_have_ratings():
    """Rounding shifts the whole group by more than a tiny last step."""
    random = np.random.default_rng(0)
    for _ in range(20):
        points = np.zeros((4, 4))
        points[0, 1] = points[1, 0] = 0.5
        for a, b in ((1, 2), (1, 3), (2, 3)):
            won = random.binomial(10**7, random.random())
            points[a, b], points[b, a] = won, 10**7 - won
        rated = ratings.bradley_terry(points, 0)
        assert rated.elo[1] == pytest.approx(0.0, abs=0.01)
        assert np.isfinite([*rated.elo, *rated.error]).all()


def test_an_undefeated_player_is_finite_and_a_stranger_unknown():
    points = np.zeros((3, 3))
    points[0, 1] = 20.0
    got = ratings.bradley_terry(points, anchor=1)
    assert 400 < got.elo[0] < 1200
    assert np.isnan(got.elo[2])
    assert np.isnan(got.error[2])
    with pytest.raises(ValueError, match="no finite maximum"):
        ratings.bradley_terry(points[:2, :2], anchor=1, prior=0)


@pytest.mark.parametrize("points", [np.zeros((2, 3)), np.array([[0.0, -1.0], [1.0, 0.0]]), np.full((2, 2), np.nan)])
def test_bad_tables_are_refused(points):
    with pytest.raises(ValueError, match="expected"):
        ratings.bradley_terry(points, 0)


def test_a_free_for_all_counts_pairs_by_order():
    points = np.zeros((3, 3))
    ratings.add_pairs(points, ratings.ranking(players=[0, 1, 2, 1], places=[1, 2, 2, 4]))
    np.testing.assert_array_equal(points, [[0, 2, 1], [0, 0, 0.5], [0, 1.5, 0]])


def test_nash_of_rock_paper_scissors_is_uniform_and_of_a_dominant_player_pure():
    np.testing.assert_allclose(ratings.nash(ROCK_PAPER_SCISSORS), [1 / 3] * 3, atol=1e-6)
    dominant = np.array([[0.5, 0.9, 0.8], [0.1, 0.5, 0.6], [0.2, 0.4, 0.5]])
    np.testing.assert_allclose(ratings.nash(dominant), [1, 0, 0], atol=1e-6)


def test_nash_shares_equally_among_equals():
    np.testing.assert_allclose(ratings.nash(np.full((4, 4), 0.5)), [0.25] * 4, atol=1e-7)
    twice = np.kron(ROCK_PAPER_SCISSORS, np.ones((2, 2)))
    np.testing.assert_allclose(ratings.nash(twice), [1 / 6] * 6, atol=1e-6)
    assert ratings.nash(np.array([[0.5]])).tolist() == [1.0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_nash_cannot_be_exploited(seed, players):
    table = antisymmetric(seed, players)
    mixture = ratings.nash(table)
    assert mixture.sum() == pytest.approx(1.0)
    assert (mixture >= 0).all()
    assert (mixture @ table).min() >= 0.5 - 1e-6


def test_nash_agrees_with_fictitious_play():
    table = antisymmetric(5, 5)
    row, _ = fictitious_play(table, 60_000)
    np.testing.assert_allclose(ratings.nash(table), row, atol=0.02)


def test_zero_sum_value_agrees_with_fictitious_play():
    payoff = np.random.default_rng(1).uniform(0, 1, (4, 6))
    got = ratings.zero_sum(payoff)
    row, column = fictitious_play(payoff, 40_000)
    assert (row @ payoff).min() - 0.01 <= got.value <= (payoff @ column).max() + 0.01
    assert got.value == pytest.approx(float(got.row @ payoff @ got.column))
    assert (got.row @ payoff).min() == pytest.approx(got.value)
    assert (payoff @ got.column).max() == pytest.approx(got.value)


def test_relative_population_performance():
    rock_against_paper, rock_against_all = ROCK_PAPER_SCISSORS[:1, 1:2], ROCK_PAPER_SCISSORS[:1]
    assert ratings.relative_population_performance(rock_against_paper) == pytest.approx(0.0)
    assert ratings.relative_population_performance(rock_against_all) == pytest.approx(0.0)
    assert ratings.relative_population_performance(ROCK_PAPER_SCISSORS) == pytest.approx(0.5)
    assert ratings.relative_population_performance(1 - rock_against_all.T) == pytest.approx(1.0)


def test_nash_refuses_a_table_that_is_no_symmetric_game():
    with pytest.raises(ValueError, match="expected win rates"):
        ratings.nash(np.array([[0.5, 0.9], [0.9, 0.5]]))


# Published games with published answers; as payoffs to the row player, not win rates.
ODD_OR_EVEN = np.array([[-2.0, 3.0], [3.0, -4.0]])  # Ferguson, Game Theory, part II, section 1.2: value 1/12
BIASED_RPS = np.array([[0, -0.25, 0.5], [0.25, 0, -0.05], [-0.5, 0.05, 0]])  # OpenSpiel's game matrix_brps


def test_odd_or_even_has_its_published_value_and_mixtures():
    got = ratings.zero_sum(ODD_OR_EVEN)
    assert got.value == pytest.approx(1 / 12)
    np.testing.assert_allclose(got.row, [7 / 12, 5 / 12], atol=1e-9)
    np.testing.assert_allclose(got.column, [7 / 12, 5 / 12], atol=1e-9)


def test_biased_rock_paper_scissors_has_its_published_equilibrium():
    np.testing.assert_allclose(ratings.nash(0.5 + BIASED_RPS), [1 / 16, 10 / 16, 5 / 16], atol=1e-6)
    np.testing.assert_allclose(ratings.zero_sum(BIASED_RPS).row, [1 / 16, 10 / 16, 5 / 16], atol=1e-9)
    assert ratings.relative_population_performance(0.5 + BIASED_RPS) == pytest.approx(0.5)


def test_a_redundant_player_shares_the_weight_of_its_copy_as_published():
    """The example of Balduzzi et al., "Re-evaluating evaluation" (2018): log-odds of 4.6 in a circle, C there twice."""
    circle = np.array([[0, 4.6, -4.6], [-4.6, 0, 4.6], [4.6, -4.6, 0]])
    copied = circle[np.ix_([0, 1, 2, 2], [0, 1, 2, 2])]
    win_rates = 1 / (1 + np.exp(-copied))
    np.testing.assert_allclose(ratings.nash(win_rates), [1 / 3, 1 / 3, 1 / 6, 1 / 6], atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (6, 4)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_zero_sum_agrees_with_nashpy(shape, seed):
    payoff = np.random.default_rng(seed).uniform(0, 1, shape)
    row, column = nashpy.Game(payoff).linear_program()
    got = ratings.zero_sum(payoff)
    np.testing.assert_allclose(got.row, row, atol=1e-7)
    np.testing.assert_allclose(got.column, column, atol=1e-7)
    assert got.value == pytest.approx(float(row @ payoff @ column))


@pytest.mark.parametrize("seed", range(5))
def test_nash_is_among_the_equilibria_that_nashpy_enumerates(seed):
    table = antisymmetric(seed, 5)
    found = [row for row, _ in nashpy.Game(table - 0.5).support_enumeration()]
    assert min(np.abs(ratings.nash(table) - row).max() for row in found) < 1e-6


def uniform_samples(*shape):
    return np.random.default_rng(0).uniform(size=shape)


def test_the_interval_of_one_pair_is_that_of_its_win_rate():
    got = ratings.performance_interval(np.array([[30.0]]), np.array([[100.0]]), uniform_samples(1000, 1, 1))
    expected = stats.beta(30.5, 70.5).ppf([0.025, 0.975])
    assert got.estimate == pytest.approx(0.3)
    np.testing.assert_allclose([got.low, got.high], expected, atol=0.015)


def test_the_interval_of_a_population_holds_its_value_and_narrows_with_games():
    widths = []
    for games in (20.0, 2000.0):
        points = games * ROCK_PAPER_SCISSORS
        got = ratings.performance_interval(points, np.full((3, 3), games), uniform_samples(100, 3, 3))
        assert got.estimate == pytest.approx(0.5)
        assert got.low < 0.5 < got.high
        widths.append(got.high - got.low)
    assert widths[1] < 0.2 * widths[0]


def test_the_interval_of_a_population_with_a_best_player_is_that_of_its_worst_match():
    points = 1e4 * np.array([[0.7, 0.8], [0.2, 0.4]])
    got = ratings.performance_interval(points, np.full((2, 2), 1e4), uniform_samples(20, 2, 2))
    assert got.estimate == pytest.approx(0.7)
    assert [got.low, got.high] == pytest.approx([0.691, 0.709], abs=0.006)


def test_a_population_is_even_with_itself_without_any_game():
    assert ratings.performance_interval(np.zeros((1, 1)), np.zeros((1, 1)), uniform_samples(9, 1, 1)) == (0.5, 0.5, 0.5)


def covered(prior: float, strength: float = 663.0, rivals: int = 12, games: int = 60, times: int = 200) -> float:
    """Share of simulated panels whose interval of one strong player holds its true rating; its rivals are all at 0."""
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(times):
        rates = np.full((rivals + 1, rivals + 1), 0.5)
        rates[0, 1:] = ratings.expected_score(strength)
        upper = np.triu(random.binomial(games, rates), 1).astype(float)
        points = upper + np.tril(games - upper.T, -1)
        interval = ratings.bradley_terry(points, anchor=1, prior=prior).interval(0)
        hits += interval.low <= strength <= interval.high
    return hits / times


def test_intervals_of_ratings_hold_what_they_say() -> None:
    assert 0.91 <= covered(ratings.PRIOR_GAMES) <= 0.99
    assert covered(prior=1.0) < 0.8  # a drawn game a pair, which pulls a strong player down


def covered_in_crowds(clustered: bool, seats: int = 8, matches: int = 60, times: int = 150) -> float:
    """Share of simulated sets of free-for-alls whose intervals hold the true ratings, with 0 as the anchor's.

    Who has a good match is above many: places follow strength plus one Gumbel draw a seat, for which Bradley-Terry is
    the exact law of every pair (Plackett-Luce).
    """
    random = np.random.default_rng(11)
    elo = np.linspace(0, 400, seats)
    hits: list[bool] = []
    for _ in range(times):
        points, crowds = np.zeros((seats, seats)), []
        for draws in random.gumbel(size=(matches, seats)):
            places = 1 + np.argsort(np.argsort(-(elo / ratings.ELO_PER_LOGIT + draws)))
            crowds.append(ratings.ranking(range(seats), places))
            ratings.add_pairs(points, crowds[-1])
        rated = ratings.bradley_terry(points, anchor=0, clusters=crowds if clustered else ())
        hits += (abs(rated.elo - elo) <= ratings.Z_95 * rated.error)[1:].tolist()
    return float(np.mean(hits))


def test_intervals_of_free_for_alls_hold_what_they_say() -> None:
    assert 0.93 <= covered_in_crowds(clustered=True) <= 0.98
    assert covered_in_crowds(clustered=False) < 0.93


def test_the_errors_of_free_for_alls_are_those_of_a_literal_sandwich() -> None:
    random = np.random.default_rng(2)
    crowds = [ratings.ranking(random.integers(0, 4, 5), random.integers(1, 4, 5)) for _ in range(30)]
    points = np.zeros((4, 4))
    for pairs in crowds:
        ratings.add_pairs(points, pairs)
    rated = ratings.bradley_terry(points, 0, prior=0, clusters=crowds)
    theta = rated.elo / ratings.ELO_PER_LOGIT
    information, variance = np.zeros((4, 4)), np.zeros((4, 4))
    for pairs in crowds:
        gradient = np.zeros(4)
        for a, b, score in zip(*pairs, strict=True):
            p, side = 1 / (1 + np.exp(theta[b] - theta[a])), np.eye(4)[a] - np.eye(4)[b]
            gradient += (score - p) * side
            information += p * (1 - p) * np.outer(side, side)
        variance += np.outer(gradient, gradient)
    inverse = np.linalg.inv(information[1:, 1:])
    sandwich = inverse @ variance[1:, 1:] @ inverse
    expected = np.sqrt(np.maximum(np.diag(inverse), np.diag(sandwich))) * ratings.ELO_PER_LOGIT
    np.testing.assert_allclose(rated.error[1:], expected)


def held(interval, rate: float = 0.3, seeds: int = 40, size: int = 8, times: int = 400) -> float:
    """Share of simulated evaluations whose interval holds the true rate, where a seed's situation moves its matches."""
    random = np.random.default_rng(3)
    easy = random.beta(4 * rate, 4 * (1 - rate), (times, seeds))
    found = [interval(won) for won in random.binomial(size, easy)]
    return float(np.mean([each.low <= rate <= each.high for each in found]))


def test_intervals_of_clustered_matches_hold_what_they_say() -> None:
    assert 0.92 <= held(lambda won: ratings.clustered([(each, 8) for each in won])) <= 0.98
    assert held(lambda won: ratings.wilson(won.sum(), 8 * len(won))) < 0.85


def test_clusters_of_independent_matches_cost_next_to_nothing() -> None:
    won = np.random.default_rng(0).binomial(8, 0.3, 200)
    plain, found = ratings.wilson(won.sum(), 1600), ratings.clustered([(each, 8) for each in won])
    assert found.estimate == plain.estimate
    assert 1.0 <= (found.high - found.low) / (plain.high - plain.low) < 1.1
    assert ratings.clustered([(3.0, 8)]) == (3 / 8, 0.0, 1.0)
    assert ratings.clustered([]) == (0.5, 0.0, 1.0)
    assert ratings.clustered([(0.0, 8), (0.0, 8)]).high < 0.99
