"""The school of a seat without a chosen one."""

from __future__ import annotations

from botgame import rng
from botgame.lms.rules import SCHOOLS

_PURPOSE = 0x736368  # keeps these draws apart from others of the same seed


def drawn_school(seed: int, seat: int) -> int:
    """The index of the school that the seed of a match draws for `seat`."""
    return rng.derive(seed, _PURPOSE, seat) % len(SCHOOLS)
