"""Code of others that draws from Python's and NumPy's global generators, made to follow from a key."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_LOCK = threading.RLock()  # the generators are the process's: one thread at a time
_running: list[bool] = []  # an entry while a `spared` block runs


@contextmanager
def spared() -> Iterator[None]:
    """Let the global generators go on after the block as if nothing had been; other threads wait for its end.

    Saving both takes longer than a step of many environments, so wrap a batch of `seeded` blocks in one of these.
    """
    with _LOCK:
        if _running:
            yield
            return
        plain, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the environments draw from it
        _running.append(True)
        try:
            yield
        finally:
            _running.pop()
            random.setstate(plain)
            np.random.set_state(numpys)  # noqa: NPY002


@contextmanager
def seeded(key: int) -> Iterator[None]:
    """Let the global generators follow from `key` within the block, and go on afterwards as if nothing had been.

    Within a `spared` block they go on from wherever this block leaves them.
    """
    with spared():
        random.seed(key)
        np.random.seed(key % 2**32)  # noqa: NPY002
        yield
