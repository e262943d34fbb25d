"""Replay buffer: a ring of sequences, and the minibatches that the learner draws from it in an iteration.

AlphaStar keeps recent data in memory and uses it twice. Here a pass takes a share of this iteration's sequences and
fills up with older ones, so a larger buffer means older data but never more work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from botgame import rng
from botgame.spec import Spec
from botgame.training.alphastar.learner.sequences import Columns, allocate, copy_rows


class ReplayBuffer:
    """The last `capacity` sequences. `count` is the number ever added; sequence k is at place k % slots."""

    def __init__(self, spec: Spec, memory_size: int, steps: int, capacity: int, spare: int = 0, **columns: Any) -> None:
        """`spare`: places beyond the capacity, so that an iteration's own data is never overwritten while in use.

        `columns`: see `sequences.allocate`.
        """
        self.capacity = capacity
        self.slots = capacity + spare
        self.columns: Columns = allocate(spec, memory_size, steps, self.slots, **columns)
        self.count = 0

    def __len__(self) -> int:
        return min(self.count, self.capacity)

    def add(self, source: Columns, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Add copies of the sequences `rows` of `source`; returns their places."""
        places = (self.count + np.arange(len(rows))) % self.slots
        copy_rows(source, rows, self.columns, places)
        self.count += len(rows)
        return places

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Places of the sequences with these running numbers."""
        return (numbers % self.slots).astype(np.intp)

    def passes(
        self, key: int, fresh: int, *, passes: int, batch_size: int, fresh_share: float
    ) -> Iterator[NDArray[np.intp]]:
        """Minibatches of places for one iteration that added the last `fresh` sequences.

        Each of the `passes` takes `fresh` sequences: a share `fresh_share` of the fresh ones (a different part in each
        pass), the others drawn from the older ones without repetition while there are enough.
        """
        oldest = self.count - len(self)
        fresh = min(fresh, len(self))
        first_fresh = self.count - fresh
        old = np.arange(oldest, first_fresh)
        replayed = min(len(old), round(fresh * (1 - fresh_share)))
        kept = fresh - replayed
        order = first_fresh + _shuffle(rng.derive(key, 0), fresh)
        turns = np.tile(order, passes + 1)
        for number in range(passes):
            chosen_fresh = turns[number * kept : (number + 1) * kept]
            chosen_old = old[_shuffle(rng.derive(key, 1, number), len(old))[:replayed]]
            chosen = np.concatenate([chosen_fresh, chosen_old])
            chosen = chosen[_shuffle(rng.derive(key, 2, number), len(chosen))]
            for start in range(0, len(chosen), batch_size):
                yield self.places(chosen[start : start + batch_size])

    def snapshot(self) -> dict[str, Any]:
        """The filled part as tensors that share its memory, for the resume file."""
        filled = min(self.count, self.slots)
        return {
            "count": self.count,
            "columns": {name: torch.from_numpy(column[:filled]) for name, column in self.columns.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self.count = int(snapshot["count"])
        for name, tensor in snapshot["columns"].items():
            self.columns[name][: len(tensor)] = tensor.numpy()


def _shuffle(key: int, count: int) -> NDArray[np.int64]:
    """A permutation of 0..count-1 that depends on `key` alone."""
    keys = np.array([key], np.uint64)
    return np.argsort(rng.uniforms(keys, max(1, count))[0][:count], kind="stable").astype(np.int64)
