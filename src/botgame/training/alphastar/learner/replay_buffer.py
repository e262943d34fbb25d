"""Replay buffer: a ring of sequences, and the minibatches that the learner draws from it in an iteration.

AlphaStar keeps recent data in memory and uses it twice. Here a pass takes a share of this iteration's sequences and
fills up with older ones, so a larger buffer means older data but never more work.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from botgame import rng
from botgame.spec import Spec
from botgame.training.alphastar.learner.sequences import Columns, allocate, copy_rows


class Counts(NamedTuple):
    """What is in a minibatch, or in one part of it: sequences, decisions, and the sum of the sequences' versions."""

    sequences: int
    decisions: int
    versions: int

    def staleness(self, steps: int) -> float:
        """Mean number of learner steps since the sequences began, after `steps` of them."""
        return (steps * self.sequences - self.versions) / self.sequences


def counts_of(columns: Columns, places: NDArray[np.intp]) -> Counts:
    """What the sequences at `places` of `columns` are."""
    return Counts(len(places), int(columns["length"][places].sum()), int(columns["version"][places].sum()))


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

    def clear(self) -> None:
        """Forget all sequences: the next one is number 0."""
        self.count = 0

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Places of the sequences with these running numbers."""
        return (numbers % self.slots).astype(np.intp)

    def passes(
        self, key: int, fresh: int, *, passes: int, batch_size: int, fresh_share: float, whole: int | None = None
    ) -> Iterator[NDArray[np.intp]]:
        """Minibatches of places for one iteration that added the last `fresh` sequences.

        Each of the `passes` takes `fresh` sequences: a share `fresh_share` of the fresh ones (a different part in each
        pass), the others drawn from the older ones without repetition while there are enough.

        whole: fresh sequences of all the buffers that the minibatches are drawn from together; None where this is the
        only one. Each buffer then gives its share of every minibatch, so all give equally many parts, some perhaps
        empty.
        """
        oldest = self.count - len(self)
        fresh = min(fresh, len(self))
        first_fresh = self.count - fresh
        old = np.arange(oldest, first_fresh)
        replayed = min(len(old), round(fresh * (1 - fresh_share)))
        kept = fresh - replayed
        order = first_fresh + _shuffle(rng.derive(key, 0), fresh)
        turns = np.tile(order, passes + 1)
        whole = fresh if whole is None else whole
        edges = [edge * fresh // max(1, whole) for edge in [*range(0, whole, batch_size), whole]]
        for number in range(passes):
            chosen_fresh = turns[number * kept : (number + 1) * kept]
            chosen_old = old[_shuffle(rng.derive(key, 1, number), len(old))[:replayed]]
            chosen = np.concatenate([chosen_fresh, chosen_old])
            chosen = chosen[_shuffle(rng.derive(key, 2, number), len(chosen))]
            for start, end in itertools.pairwise(edges):
                yield self.places(chosen[start:end])

    def snapshot(self) -> dict[str, Any]:
        """The filled part as tensors that share its memory, for the resume file."""
        filled = min(self.count, self.slots)
        return {
            "count": self.count,
            "columns": {name: torch.from_numpy(column[:filled]) for name, column in self.columns.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`; of a larger buffer that was never full, the newest sequences that fit in."""
        filled = len(snapshot["columns"]["length"])
        self.count = int(snapshot["count"]) - max(0, filled - self.slots)
        for name, tensor in snapshot["columns"].items():
            self.columns[name][: min(filled, self.slots)] = tensor[max(0, filled - self.slots) :].numpy()


def _shuffle(key: int, count: int) -> NDArray[np.int64]:
    """A permutation of 0..count-1 that depends on `key` alone."""
    keys = np.array([key], np.uint64)
    return np.argsort(rng.uniforms(keys, max(1, count))[0][:count], kind="stable").astype(np.int64)
