"""Which numbers environments take: NumPy's count like Python's own, bools are none."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TypeGuard


def is_whole(number: object) -> TypeGuard[int]:
    """Whether it is an integer, of Python or of NumPy; True and False are not."""
    return isinstance(number, Integral) and not isinstance(number, bool)


def is_finite(number: object) -> TypeGuard[float]:
    """Whether it is a real number that a float can hold: neither NaN nor infinite, and not 10**400."""
    try:
        return isinstance(number, Real) and math.isfinite(float(number))
    except OverflowError:
        return False
