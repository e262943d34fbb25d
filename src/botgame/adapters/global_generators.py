"""Code of others that draws from Python's and NumPy's global generators, made to follow from a key."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded(key: int) -> Iterator[None]:
    """Let the global generators follow from `key` within the block, and go on afterwards as if nothing had been."""
    plain, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the environments draw from it
    random.seed(key)
    np.random.seed(key % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(numpys)  # noqa: NPY002
