"""Random numbers are hashes: keys in Python's integers and in NumPy's arrays are the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from botgame import rng

NUMBERS = st.integers(-(2**65), 2**65)


@given(NUMBERS, st.lists(NUMBERS, max_size=4))
def test_a_derived_key_is_what_mixing_arrays_gives(key: int, parts: list[int]) -> None:
    value = np.array([key % 2**64], np.uint64)
    for part in parts:
        value = rng.mix(value, np.array([part % 2**64], np.uint64))
    assert rng.derive(key, *parts) == int(value[0])


def test_keys_stay_what_they_are() -> None:
    """SplitMix64's first output for seed 0, from its authors' reference code."""
    assert rng.derive(0, 0) == 0xE220A8397B1DCDAF
