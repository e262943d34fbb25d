"""The random stream of a match: a hash of its seed and of a counter of how many numbers were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.simulation.kernel import mix, phase, unit

_ONE = np.uint64(1)


@phase
def draw(match: Any) -> float:
    """The next number in [0, 1) of the stream of `match` (MATCH record)."""
    bits = mix(match.seed, match.counter)
    match.counter += _ONE
    return float(unit(bits))


@phase
def draw_index(match: Any, n: int) -> int:
    """The next integer in 0..n - 1 of the stream."""
    return int(draw(match) * n)


@phase
def one_in(match: Any, n: int) -> bool:
    """True with probability 1/n. With it the n-th of equal candidates replaces the chosen one, so all are as likely."""
    return draw(match) * n < 1.0
