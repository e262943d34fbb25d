"""Vector helpers that all observation kernels share; only + - * / sqrt and comparisons, for exactness."""

from __future__ import annotations

import math

import numpy as np

from botgame.lms.observing.columns import LIMIT, NEARLY_ZERO
from botgame.lms.simulation.kernel import phase


@phase
def cut(value: float) -> float:
    """`value`, cut to +-LIMIT."""
    return min(max(value, -LIMIT), LIMIT)


@phase
def length(x: float, y: float) -> float:
    """Length of the vector (x, y)."""
    return math.sqrt(x * x + y * y)


@phase
def write_unit(out: np.ndarray, x: float, y: float) -> float:
    """Write the unit vector of (x, y) to `out` [2], (0, 0) where it has no direction; returns the length."""
    size: float = length(x, y)
    scale = 1.0 / size if size > NEARLY_ZERO else 0.0
    out[0] = x * scale
    out[1] = y * scale
    return size


@phase
def time_left(until: int, tick: int, scale: float) -> float:
    """Ticks to `until` times `scale`, up to LIMIT; 0 when it has passed."""
    return min(max(until - tick, 0) * scale, LIMIT)
