"""In which dtype observations wait to be learned from: the one place that says which of them may lose digits.

float16 keeps three decimal digits of numbers that are scaled to about [-1, 1], in half the memory. Imitation stores all
numbers so: its labels are another bot's decisions, and memory bounds how many of them are shuffled together.
Reinforcement learning keeps scalars and vectors exact, because it divides the probability that the learner gives to a
decision by the one that the actor gave, and the two must not differ by rounding. Thermometers amplify a rounding of
scalars: over 2,357 decisions of the champion of that time (preset `small`), float16 scalars moved the log-probability
of a decision by 0.0006 in the mean and 0.057 at most, vectors by 0.0003 and 0.022, entities by 0.00004 and 0.002. Exact
scalars and vectors cost 18 % more memory in the arena.
"""

from __future__ import annotations

from typing import Any

import numpy as np

EXACT = ("scalars", "vectors")


def stored_dtype(name: str, dtype: np.dtype[Any], *, exact: bool) -> np.dtype[Any]:
    """How array `name` of `dtype` is stored: floats as float16, `EXACT` ones as float32 where `exact`; others as is."""
    if dtype.kind != "f":
        return dtype
    return np.dtype(np.float32 if exact and name in EXACT else np.float16)
