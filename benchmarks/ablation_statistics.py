"""What a few seeds tell: means with t intervals, and the verdict on a claim of the paper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from botgame.ratings import Interval

Verdict = Literal["confirmed", "refuted", "undecided"]


def t_interval(values: Sequence[float]) -> Interval:
    """Mean and 95 % Student interval over seeds; without bounds for a single one. Raises ValueError for none."""
    if not values:
        raise ValueError("expected a value at least")
    mean, count = float(np.mean(values)), len(values)
    if count == 1:
        return Interval(mean, -math.inf, math.inf)
    half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / math.sqrt(count))
    return Interval(mean, mean - half, mean + half)


def difference(higher: Mapping[int, float], lower: Mapping[int, float]) -> Interval | None:
    """Of two arms by seed, paired: runs of one seed share their start. None where no seed has both."""
    both = sorted(set(higher) & set(lower))
    return t_interval([higher[seed] - lower[seed] for seed in both]) if both else None


def verdict(gap: Interval | None) -> Verdict:
    """Of a claim that `gap` is above 0."""
    if gap is None or gap.low <= 0.0 <= gap.high:
        return "undecided"
    return "confirmed" if gap.low > 0.0 else "refuted"
