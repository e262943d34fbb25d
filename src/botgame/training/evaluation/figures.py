"""What `evaluate` concludes from its matches: ratings, Nash mixture, relative population performance.

A pair (i, j) of indices into the list of names has the tally of i against j.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from botgame import ratings, rng
from botgame.ratings import Array, Interval
from botgame.training.evaluation.duels import Tally

_SAMPLES = 400
_NOISE = 0x6E6F697365  # purpose of the random keys of intervals
Pair = tuple[int, int]


class Standing(NamedTuple):
    """One player of a round-robin.

    rating: the anchor's is 0, 400 points are odds of 10 to 1. win_rate: mean over all other players. worst, worst_rate:
    whom it does worst against. nash: its share in the mixture of players that none of them beats.
    """

    name: str
    rating: Interval
    win_rate: float
    worst: str
    worst_rate: float
    nash: float


class Versus(NamedTuple):
    """Two populations against each other: value for A (0.5 = even) and what each plays at the Nash equilibrium."""

    value: Interval
    a: dict[str, float]
    b: dict[str, float]


def standings(names: Sequence[str], tallies: Mapping[Pair, Tally], anchor: str) -> list[Standing]:
    """Of a whole round-robin with `anchor` in it, best rated first."""
    points = _points(len(names), tallies)
    rated = ratings.bradley_terry(points, names.index(anchor))
    rates = ratings.win_rates(points, points + points.T)
    mixture = ratings.nash(rates)
    others = ~np.eye(len(names), dtype=bool)
    out = []
    for player, name in enumerate(names):
        worst = int(np.argmin(np.where(others[player], rates[player], 2.0)))
        mean, least = float(rates[player][others[player]].mean()), float(rates[player, worst])
        out.append(Standing(name, rated.interval(player), mean, names[worst], least, float(mixture[player])))
    return sorted(out, key=lambda standing: -standing.rating.estimate)


def versus(
    names: Sequence[str], a: Sequence[int], b: Sequence[int], tallies: Mapping[Pair, Tally], seed: int = 0
) -> Versus:
    """Population `a` against population `b` (indices into `names`), whose pairs are in `tallies` in either order.

    `seed` decides the samples of the interval.
    """
    table = _points(len(names), tallies)
    points, games = table[np.ix_(a, b)], (table + table.T)[np.ix_(a, b)]
    keys = np.array([rng.derive(seed, _NOISE, sample) for sample in range(_SAMPLES)], np.uint64)
    uniforms = np.asarray(rng.uniforms(keys, points.size), np.float64).reshape(_SAMPLES, *points.shape)
    value = ratings.performance_interval(points, games, uniforms)
    equilibrium = ratings.zero_sum(ratings.win_rates(points, games))
    return Versus(
        value,
        {names[player]: float(share) for player, share in zip(a, equilibrium.row, strict=True)},
        {names[player]: float(share) for player, share in zip(b, equilibrium.column, strict=True)},
    )


def standing_dict(standing: Standing) -> dict[str, Any]:
    """Plain JSON types."""
    rating, low, high = standing.rating
    return {**standing._asdict(), "rating": rating, "rating_low": low, "rating_high": high}


def versus_dict(result: Versus) -> dict[str, Any]:
    """Plain JSON types."""
    value, low, high = result.value
    return {"value": value, "low": low, "high": high, "a": result.a, "b": result.b}


def _points(count: int, tallies: Mapping[Pair, Tally]) -> Array:
    """[N, N]: what the row scored against the column."""
    points = np.zeros((count, count))
    for (a, b), tally in tallies.items():
        points[a, b] += tally.independent_points
        points[b, a] += tally.independent - tally.independent_points
    return points
