"""Decisions to imitate, stored compactly and cut into windows, in bounded memory for any number of matches.

A `Source` (from the command, which re-simulates replays) reads its matches as `Trajectory`s. If all of them fit within
`capacity` decisions, they form one chunk that stays in memory for all epochs. Otherwise each epoch shuffles the
matches, divides them into chunks that fit, and reads one chunk at a time. Windows are shuffled within a chunk.

T: decisions of a window, B: windows of a batch, W: windows of a chunk, H: heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from botgame import rng
from botgame.training.alphastar.compact import stored_dtype


class Trajectory(NamedTuple):
    """The decisions of one seat in one match, in order. L: how many there are.

    name: unique and stable. observation: arrays [L, ...] after `botgame.spec`; actions: int64 [L, H];
    weights: float32 [L], how much each decision counts (0: context only); outcome: +1 won, 0 drawn, -1 lost, NaN where
    it is not known. condition: float32 [C], the condition of the seat, or None.
    """

    name: str
    observation: dict[str, np.ndarray]
    actions: np.ndarray
    weights: np.ndarray
    outcome: float
    condition: np.ndarray | None = None


class Source(Protocol):
    """All matches to learn from."""

    @property
    def sizes(self) -> Sequence[int]:
        """Upper estimate of the decisions in each match."""
        ...

    def read(self, matches: Sequence[int]) -> Iterable[Trajectory]:
        """The trajectories of these matches, in an order that depends only on `matches`."""
        ...


class WindowBatch(NamedTuple):
    """Windows side by side, time first.

    observation: arrays [T, B, ...], float32 where the game gives floats; actions: int64 [T, B, H]; valid: bool [T, B];
    weights: float32 [T, B], 0 where not valid; outcome: float32 [B]; windows: int64 [B], their numbers in the chunk.
    """

    observation: dict[str, np.ndarray]
    actions: np.ndarray
    valid: np.ndarray
    weights: np.ndarray
    outcome: np.ndarray
    windows: np.ndarray


class Chunk:
    """Some trajectories cut into windows of `window` decisions; a trajectory's windows have consecutive numbers.

    names, counts: the trajectories and how many windows each has. Trailing decisions of weight 0 are left out.
    conditions: float32 [trajectories, C] or None; `given` is what batches hold of it, at first all.
    """

    def __init__(self, trajectories: Iterable[Trajectory], window: int) -> None:
        kept = [shortened for t in trajectories if len((shortened := _without_tail(t)).weights)]
        self.window = window
        self.names = [t.name for t in kept]
        lengths = np.array([len(t.weights) for t in kept], np.int64)
        self.counts = -(-lengths // window)
        conditions = [t.condition for t in kept if t.condition is not None]
        self.conditions = np.stack(conditions) if conditions else None
        self.given = self.conditions
        self._of = np.repeat(np.arange(len(kept)), self.counts)  # trajectory of each window
        self._outcome = np.repeat(np.array([t.outcome for t in kept], np.float32), self.counts)
        self._start, self._length = _cut(lengths, self.counts, window)
        self._weights = _joined([t.weights.astype(np.float32) for t in kept])
        self._actions = _joined([t.actions.astype(np.int16) for t in kept])
        columns = [_compact(t.observation) for t in kept]
        keys = list(columns[0]) if columns else []
        self._observation = {key: _joined([column.pop(key) for column in columns]) for key in keys}

    @property
    def windows(self) -> int:
        """Number of windows W."""
        return len(self._start)

    @property
    def decisions(self) -> int:
        """Number of decisions that count."""
        return int(np.count_nonzero(self._weights))

    @property
    def follows(self) -> np.ndarray:
        """Whether window w + 1 continues window w: bool [W]."""
        last = np.cumsum(self.counts) - 1
        out = np.ones(self.windows, bool)
        out[last] = False
        return out

    def batches(self, windows: int, *key: int) -> Iterator[np.ndarray]:
        """Numbers of the windows of each batch in an order shuffled by `key`; the last batch may be smaller."""
        order = shuffled(self.windows, *key)
        for start in range(0, self.windows, windows):
            yield order[start : start + windows]

    def batch(self, windows: np.ndarray) -> WindowBatch:
        """Gather `windows` (int64 [B])."""
        steps = np.arange(self.window)[:, None]
        length = self._length[windows]
        valid = steps < length
        rows = self._start[windows] + np.minimum(steps, length - 1)
        observation = {}
        for key, column in self._observation.items():
            picked = column[rows]
            observation[key] = picked.astype(np.float32) if picked.dtype == np.float16 else picked
        if self.given is not None:
            condition = self.given[self._of[windows]]
            observation["condition"] = np.broadcast_to(condition, (self.window, *condition.shape)).copy()
        weights = np.where(valid, self._weights[rows], np.float32(0))
        actions = self._actions[rows].astype(np.int64)
        return WindowBatch(observation, actions, valid, weights, self._outcome[windows], windows)


def shuffled(count: int, *key: int) -> np.ndarray:
    """The numbers 0 .. count - 1 in an order that depends only on `key`: int64 [count]."""
    base = np.uint64(rng.derive(*key))
    with np.errstate(over="ignore"):
        return np.argsort(rng.mix(base, np.arange(count, dtype=np.uint64)), kind="stable")


def divide(sizes: Sequence[int], capacity: int, *key: int) -> list[list[int]]:
    """Divide matches into chunks of at most `capacity` decisions (or one match); several chunks are shuffled by `key`.

    sizes: upper estimates, one a match. Returns lists of match numbers that cover every match once.
    """
    if sum(sizes) <= capacity:
        return [list(range(len(sizes)))]
    chunks: list[list[int]] = []
    held = capacity + 1
    for match in shuffled(len(sizes), *key).tolist():
        if held + sizes[match] > capacity:
            chunks.append([])
            held = 0
        chunks[-1].append(match)
        held += sizes[match]
    return chunks


def _without_tail(trajectory: Trajectory) -> Trajectory:
    counting = np.flatnonzero(trajectory.weights)
    end = int(counting[-1]) + 1 if len(counting) else 0
    if end == len(trajectory.weights):
        return trajectory
    observation = {key: column[:end] for key, column in trajectory.observation.items()}
    return trajectory._replace(
        observation=observation, actions=trajectory.actions[:end], weights=trajectory.weights[:end]
    )


def _cut(lengths: np.ndarray, counts: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """First row and length of every window of trajectories that are stored one after the other."""
    first = np.cumsum(lengths) - lengths
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    start = np.repeat(first, counts) + within * window
    length = np.minimum(window, np.repeat(lengths, counts) - within * window)
    return start, length


def _compact(observation: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: column.astype(stored_dtype(key, column.dtype, exact=False)) for key, column in observation.items()}


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)
