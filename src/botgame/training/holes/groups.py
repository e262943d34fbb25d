"""Groups of seats that were played alike, and what is special about a group. N: seats, A: statistics of a match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.cluster import hierarchy  # type: ignore[import-untyped]
from scipy.spatial import distance  # type: ignore[import-untyped]

from botgame.game import Array
from botgame.statistic_z import Statistic

MOST = 5  # groups
SMALLEST = 3  # seats on average, of a division into groups
_DISTINCT = 0.25  # silhouette from which groups count as such (Rousseeuw, "Silhouettes", 1987)
_BEYOND_CHANCE = 1.96  # standard errors of a difference, the half of a 95 % interval
_SPREAD = 0.05  # of a statistic that hardly varies, in units of its scale


class Trait(NamedTuple):
    """One statistic of a group, in its own unit: mean here and elsewhere; effect: difference in standard deviations."""

    statistic: Statistic
    here: float
    elsewhere: float
    effect: float


def grouped(totals: Array) -> list[list[int]]:
    """Which of the seats [N, A] belong together, the largest group first: Ward's clustering, cut where it fits best."""
    everything = [list(range(len(totals)))]
    most = min(MOST, len(totals) // SMALLEST)
    if most < 2:
        return everything if len(totals) else []
    distances = distance.squareform(distance.pdist(totals))
    tree = hierarchy.linkage(totals, "ward")
    cuts = [hierarchy.fcluster(tree, count, "maxclust") for count in range(2, most + 1)]
    best = max(cuts, key=lambda labels: silhouette(distances, labels))
    if silhouette(distances, best) < _DISTINCT:
        return everything
    groups = [np.flatnonzero(best == label).tolist() for label in np.unique(best)]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def silhouette(distances: Array, labels: Array) -> float:
    """How well groups are apart, from -1 to 1: the mean over all seats; 0 where there is one group alone."""
    kinds = np.unique(labels)
    if len(kinds) < 2:
        return 0.0
    own = labels[:, None] == kinds[None, :]  # [N, groups]
    sums, counts = distances @ own, own.sum(0)
    inside = sums[own] / np.maximum(1, counts - 1)[None, :].repeat(len(labels), 0)[own]
    nearest = np.where(own, np.inf, sums / counts).min(1)
    alone = counts[None, :].repeat(len(labels), 0)[own] == 1
    scores = (nearest - inside) / np.maximum(np.maximum(nearest, inside), 1e-12)
    return float(np.where(alone, 0.0, scores).mean())


def traits(statistics: Sequence[Statistic], here: Array, elsewhere: Array, most: int) -> list[Trait]:
    """The statistics in which seats `here` [N, A] differ most from those `elsewhere` [M, A]; none without both.

    Those are left out whose difference is no larger than that of two samples of this size by chance.
    """
    if not len(here) or not len(elsewhere):
        return []
    mean, other = here.mean(0), elsewhere.mean(0)
    squares = len(here) * here.var(0) + len(elsewhere) * elsewhere.var(0)
    variance = squares / max(1, len(here) + len(elsewhere) - 2)  # of both, as far as so few seats show it
    effects = (mean - other) / np.sqrt(variance + _SPREAD**2)
    found = [
        Trait(statistic, float(mean[k] * statistic.scale), float(other[k] * statistic.scale), float(effects[k]))
        for k, statistic in enumerate(statistics)
    ]
    chance = _BEYOND_CHANCE * float(np.sqrt(1 / len(here) + 1 / len(elsewhere)))
    distinct = [trait for trait in found if abs(trait.effect) > chance]
    return sorted(distinct, key=lambda trait: -abs(trait.effect))[:most]
