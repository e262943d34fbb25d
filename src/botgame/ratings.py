"""Ratings of players from match results: intervals, Bradley-Terry, and the Nash mixture of a payoff matrix.

Why these: a win rate against one opponent saturates, so players are placed on one scale by all their matches
(Bradley and Terry, Biometrika 39, 1952; Hunter, "MM algorithms for generalized Bradley-Terry models", 2004), and a
population that beats itself in circles is judged by its Nash mixture (Balduzzi et al., "Re-evaluating evaluation",
2018; "Open-ended learning in symmetric zero-sum games", 2019). Pure functions of arrays; N players throughout.

A result table is a float64 array `points` [N, N]: `points[i, j]` is what i scored against j, a win 1, a draw 1/2.
So `points + points.T` counts the games of each pair. The diagonal is ignored.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import scipy  # type: ignore[import-untyped]  # loads its parts when they are first used, which takes half a second
from numpy.typing import NDArray

Array = NDArray[np.float64]
Clusters = Sequence[tuple[float, int]]  # points and games of each

ELO_PER_LOGIT = 400.0 / math.log(10.0)
Z_95 = 1.959963984540054
PRIOR_GAMES = 0.05  # virtual drawn games a pair: one of them would pull strong players towards the anchor
_NEWTON_STEPS = 100
_SMALLEST_STEP = 1e-7  # logits, 0.00002 points; rounding in millions of games keeps steps from falling much lower
_LARGEST_STEP = 2.0  # logits; keeps Newton inside the region where its quadratic model holds
_SUPPORT = 1e-9


class Interval(NamedTuple):
    """A point estimate and the ends of its 95 % interval."""

    estimate: float
    low: float
    high: float


class Ratings(NamedTuple):
    """Elo-scale ratings [N] with standard errors [N]; NaN for a player with no chain of games to the anchor."""

    elo: Array
    error: Array

    def interval(self, player: int, z: float = Z_95) -> Interval:
        """Rating of `player` with its normal interval of z standard errors."""
        elo, error = float(self.elo[player]), float(self.error[player])
        return Interval(elo, elo - z * error, elo + z * error)


class Pairs(NamedTuple):
    """A match as its pairs of seats, [P] each: what player `first[k]` scored against player `second[k]`."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    points: Array


class Equilibrium(NamedTuple):
    """Mixtures of the row and the column player of a zero-sum game, and the value for the row player."""

    row: Array
    column: Array
    value: float


def wilson(points: float, games: float, z: float = Z_95) -> Interval:
    """Win rate `points / games` with Wilson's score interval (1927); (0.5, 0, 1) without games.

    Stays inside [0, 1] and is honest at 0 and 1, unlike the normal interval. Draws count as half a win, which makes
    the interval a little too wide: safe.
    """
    if games <= 0:
        return Interval(0.5, 0.0, 1.0)
    rate = points / games
    scale = 1.0 + z * z / games
    centre = (rate + z * z / (2.0 * games)) / scale
    half = z / scale * math.sqrt(max(rate * (1.0 - rate), 0.0) / games + z * z / (4.0 * games * games))
    return Interval(rate, max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)))


def by_seed(scored: Iterable[tuple[int, float]]) -> tuple[tuple[float, int], ...]:
    """The games of each seed as a cluster, by rising seed. scored: seed and points of every game, in any order."""
    seeds: dict[int, list[float]] = defaultdict(list)
    for seed, points in scored:
        seeds[seed].append(points)
    return tuple((math.fsum(each), len(each)) for _, each in sorted(seeds.items()))


def clustered(clusters: Clusters) -> Interval:
    """The same for games that come in clusters, as the turns of one seed do.

    Games of a cluster are not independent. So the interval is that of as many independent games as have the variance
    that the clusters show, never of more than there are, with Student's quantile for their number. Of one cluster that
    variance is unknown: (rate, 0, 1).
    """
    total, count = sum(games for _, games in clusters), len(clusters)
    if count < 2 or not total:
        return Interval(math.fsum(points for points, _ in clusters) / total if total else 0.5, 0.0, 1.0)
    rate, variance = mean_of(clusters)
    binomial = rate * (1.0 - rate) / total
    effective = total / max(1.0, variance / binomial) if binomial > 0 else total
    return wilson(rate * effective, effective, float(scipy.special.stdtrit(count - 1, 0.975)))


def mean_of(clusters: Clusters) -> tuple[float, float]:
    """Points a game of two clusters or more, and the variance of that, exactly the same in any order."""
    total, count = sum(games for _, games in clusters), len(clusters)
    mean = math.fsum(points for points, _ in clusters) / total
    squares = math.fsum((points - mean * games) ** 2 for points, games in clusters)
    return mean, count / (count - 1) * squares / total**2


def expected_score(difference: float) -> float:
    """Score expected of a player rated `difference` points higher: 1 / (1 + 10^(-difference / 400))."""
    return 1.0 / (1.0 + math.exp(-difference / ELO_PER_LOGIT))


def ranking(players: Sequence[int], places: Sequence[int]) -> Pairs:
    """The pairs of one match by order: "A beat B" means that A finished above B.

    `players[k]` finished at `places[k]` (1 = winner; equal places are a draw). Two seats of the same player do not
    play each other. A duel is the case of two seats.
    """
    who, place = np.asarray(players, np.int64), np.asarray(places)
    first, second = np.triu_indices(len(who), 1)
    first, second = (side[who[first] != who[second]] for side in (first, second))
    return Pairs(who[first], who[second], 0.5 + 0.5 * np.sign(place[second] - place[first]))


def add_pairs(points: Array, pairs: Pairs) -> None:
    """Count a match in `points` [N, N]."""
    np.add.at(points, (pairs.first, pairs.second), pairs.points)
    np.add.at(points, (pairs.second, pairs.first), 1.0 - pairs.points)


def pairs_by_seed(matches: Iterable[tuple[int, Pairs]]) -> list[Pairs]:
    """The pairs of all matches of each seed. matches: seed and pairs of every match."""
    seeds: dict[int, list[Pairs]] = defaultdict(list)
    for seed, pairs in matches:
        seeds[seed].append(pairs)
    return [Pairs(*map(np.concatenate, zip(*each, strict=True))) for each in seeds.values()]


def bradley_terry(points: Array, anchor: int, prior: float = PRIOR_GAMES, clusters: Sequence[Pairs] = ()) -> Ratings:
    """Ratings of maximum likelihood where P(i beats j) = 1 / (1 + 10^((R_j - R_i) / 400)), with R_anchor = 0.

    points: float64 [N, N], see the module. `prior`: virtual drawn games added to each pair that met, so that a player
    who won everything has a finite rating; 0 gives the plain maximum, which does not exist for such a player.
    Errors are from the inverse of the observed information (with the prior), relative to the anchor, whose error is 0.

    clusters: pairs in `points` that are not independent, as those of a free-for-all, in which who has a good match is
    above many, and of all turns of a seed. So errors are also found with each cluster as one observation (the sandwich
    of Huber, 1967, and White, 1982), and the larger ones count, since few clusters show too little variance.
    Raises ValueError for a table that is not square, negative points, or a plain maximum that does not exist.
    """
    table = _checked(points)
    games = table + table.T
    met = games > 0
    score = table + 0.5 * prior * met
    games = games + prior * met
    linked = _reachable(met, anchor)
    inner = np.array([player for player in linked if player != anchor], dtype=np.int64)
    elo, error = np.full(len(table), np.nan), np.full(len(table), np.nan)
    elo[anchor] = error[anchor] = 0.0
    if len(inner):
        members = np.concatenate([[anchor], inner])
        theta, covariance = _newton(score[np.ix_(members, members)], games[np.ix_(members, members)])
        elo[inner] = theta * ELO_PER_LOGIT
        extra = _extra_variance(elo / ELO_PER_LOGIT, clusters)[np.ix_(inner, inner)]
        sandwich = covariance + covariance @ extra @ covariance
        error[inner] = np.sqrt(np.maximum(np.diag(covariance), np.diag(sandwich))) * ELO_PER_LOGIT
    return Ratings(elo, error)


def _extra_variance(theta: Array, clusters: Sequence[Pairs]) -> Array:
    """Variance [N, N] of the gradient by clusters, less what it would be were their pairs independent."""
    extra = np.zeros((len(theta), len(theta)))
    for first, second, points in clusters:
        expected = 1.0 / (1.0 + np.exp(theta[second] - theta[first]))
        gradient = np.zeros(len(theta))
        np.add.at(gradient, first, points - expected)
        np.add.at(gradient, second, expected - points)
        weight = expected * (1.0 - expected)
        part = np.unique([first, second])
        extra[np.ix_(part, part)] += np.outer(gradient[part], gradient[part])
        for a, b, sign in ((first, first, -1), (second, second, -1), (first, second, 1), (second, first, 1)):
            np.add.at(extra, (a, b), sign * weight)
    return extra


def _checked(points: Array) -> Array:
    table = np.array(points, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"expected a square table of points, got shape {table.shape}")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("expected finite points of 0 or more")
    np.fill_diagonal(table, 0.0)
    return table


def _reachable(met: NDArray[np.bool_], start: int) -> list[int]:
    seen, frontier = {start}, [start]
    while frontier:
        for other in np.flatnonzero(met[frontier.pop()]).tolist():
            if other not in seen:
                seen.add(other)
                frontier.append(other)
    return sorted(seen)


def _newton(score: Array, games: Array) -> tuple[Array, Array]:
    """Maximise sum score_ij log p_ij over theta with theta_0 = 0; returns theta[1:] and its covariance."""
    theta = np.zeros(len(score))
    won = score.sum(axis=1)
    for _ in range(_NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(theta[None, :] - theta[:, None]))
        weight = games * p * (1.0 - p)
        information = np.diag(weight.sum(axis=1)) - weight
        gradient = won - (games * p).sum(axis=1)
        try:
            covariance = np.asarray(np.linalg.inv(information[1:, 1:]), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        step = covariance @ gradient[1:]
        theta[1:] += step * min(1.0, _LARGEST_STEP / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < _SMALLEST_STEP:
            return theta[1:], covariance
    raise ValueError("no finite maximum: a player won or lost everything; use a prior above 0")


def zero_sum(payoff: Array) -> Equilibrium:
    """Solve the zero-sum game with `payoff` [R, C] to the row player by two linear programmes.

    Any optimal pair may be returned where there are several; the value is unique.
    """
    row, value = _maximin(np.asarray(payoff, dtype=np.float64))
    column, _ = _maximin(-np.asarray(payoff, dtype=np.float64).T)
    return Equilibrium(row, column, value)


def relative_population_performance(win_rates: Array) -> float:
    """Value of the game in which population A and B each choose a mixture: p^T P_AB q at its Nash equilibrium.

    win_rates: [R, C] in [0, 1], of A's players (rows) against B's. 0.5 = even, 1 = A always wins.
    """
    return zero_sum(win_rates).value


def win_rates(points: Array, games: Array) -> Array:
    """Points by game; 1/2 where nothing was played, as for a policy against itself."""
    rates: Array = np.where(games > 0, points / np.maximum(games, 1.0), 0.5)
    return rates


def performance_interval(points: Array, games: Array, uniforms: Array) -> Interval:
    """Relative population performance of measured win rates, with a 95 % interval for the noise of the measurement.

    points, games: [R, C], what A's players (rows) scored against B's; a cell without games counts as exactly 1/2.
    uniforms: [S, R, C] in [0, 1], the randomness of S tables drawn from the cells' Jeffreys posteriors, which are
    Beta(points + 1/2, games - points + 1/2). The ends are percentiles of the values of these tables.
    """
    drawn = scipy.special.betaincinv(points + 0.5, games - points + 0.5, uniforms)
    values = [_value(table) for table in np.where(games > 0, drawn, 0.5)]
    value = relative_population_performance(win_rates(points, games))
    low, high = (float(end) for end in np.percentile(values, [2.5, 97.5]))
    return Interval(value, min(low, value), max(high, value))


def nash(win_rates: Array) -> Array:
    """Nash mixture [N] of a symmetric game, of maximum entropy where there are several, so equals weigh alike.

    win_rates: [N, N] of the row against the column player, P + P.T = 1 (diagonal ignored: a player ties itself).
    The set of optimal mixtures of a symmetric zero-sum game is a polytope; its largest support comes from linear
    programmes, the mixture of maximum entropy on it from the dual, a smooth convex problem. Raises ValueError when
    the table is not antisymmetric about 0.5.
    """
    advantage = np.asarray(win_rates, dtype=np.float64) - 0.5
    np.fill_diagonal(advantage, 0.0)
    if advantage.ndim != 2 or not np.allclose(advantage, -advantage.T, atol=1e-9):
        raise ValueError("expected win rates with P[i, j] + P[j, i] = 1")
    support = _largest_support(advantage)
    mixture = np.zeros(len(advantage))
    mixture[support] = _maximum_entropy(advantage[support], support)
    return mixture


def _value(payoff: Array) -> float:
    """What the row player can be sure of; no linear programme where a pure choice of each is best."""
    rows, columns = payoff.min(axis=1).max(), payoff.max(axis=0).min()
    return float(rows) if rows == columns else _maximin(payoff)[1]


def _maximin(payoff: Array) -> tuple[Array, float]:
    rows, columns = payoff.shape
    objective = np.concatenate([np.zeros(rows), [-1.0]])
    bound = np.hstack([-payoff.T, np.ones((columns, 1))])
    total = np.concatenate([np.ones(rows), [0.0]])[None, :]
    limits = [(0.0, 1.0)] * rows + [(None, None)]
    found = scipy.optimize.linprog(objective, bound, np.zeros(columns), total, [1.0], limits, method="highs")
    mixture = np.clip(found.x[:rows], 0.0, None)
    return mixture / mixture.sum(), float(-found.fun)


def _largest_support(advantage: Array) -> NDArray[np.int64]:
    """Players that some Nash mixture uses: maximise the smallest usable share player by player."""
    count = len(advantage)
    used = np.zeros(count, dtype=bool)
    for player in range(count):
        if not used[player]:
            objective = -np.eye(count)[player]
            found = scipy.optimize.linprog(
                objective, -advantage.T, np.zeros(count), np.ones((1, count)), [1.0], (0.0, 1.0), method="highs"
            )
            used |= found.x > _SUPPORT
    return np.flatnonzero(used)


def _maximum_entropy(advantage: Array, support: NDArray[np.int64]) -> Array:
    """Mixture on `support` with advantage.T @ p = 0 there and >= 0 elsewhere; p is softmax(advantage @ multipliers)."""
    count = advantage.shape[1]
    inside = np.zeros(count, dtype=bool)
    inside[support] = True

    def dual(multipliers: Array) -> tuple[float, Array]:
        logits = advantage @ multipliers
        peak = logits.max()
        mass = np.exp(logits - peak)
        return float(peak + np.log(mass.sum())), advantage.T @ (mass / mass.sum())

    limits = [(None, None) if inside[k] else (0.0, None) for k in range(count)]
    options = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-10}
    found = scipy.optimize.minimize(dual, np.zeros(count), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    logits = advantage @ found.x
    mass = np.exp(logits - logits.max())
    result: Array = mass / mass.sum()
    return result
