"""Windows cover every decision once, chunks stay within their bound, shuffles depend on their key alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botgame.training.alphastar.imitation.dataset import Chunk, Trajectory, divide, shuffled


def trajectory(name: str, length: int, first: int = 0, weights: np.ndarray | None = None) -> Trajectory:
    """Decision k carries the number `first` + k in its observation and its action."""
    number = np.arange(first, first + length)
    return Trajectory(
        name=name,
        observation={"scalars": number[:, None].astype(np.float32), "raster": number[:, None].astype(np.uint8)},
        actions=number[:, None] % 7,
        weights=np.ones(length, np.float32) if weights is None else weights,
        outcome=1.0 if first == 0 else -1.0,
    )


def test_windows_hold_the_decisions_in_order() -> None:
    chunk = Chunk([trajectory("a", 7), trajectory("b", 4, first=100)], window=3)
    assert (chunk.windows, chunk.decisions, chunk.counts.tolist()) == (5, 11, [3, 2])
    assert chunk.follows.tolist() == [True, True, False, True, False]
    batch = chunk.batch(np.array([2, 1, 3]))
    assert batch.observation["scalars"].dtype == np.float32
    assert (batch.observation["raster"].dtype, batch.weights.dtype) == (np.uint8, np.float32)
    assert batch.valid.T.tolist() == [[True, False, False], [True] * 3, [True] * 3]
    assert batch.observation["scalars"][0, :, 0].tolist() == [6, 3, 100]
    assert batch.observation["scalars"][:, 1, 0].tolist() == [3, 4, 5]
    assert batch.actions[:, 1, 0].tolist() == [3, 4, 5]
    assert batch.outcome.tolist() == [1, 1, -1]
    assert batch.weights[1:, 0].tolist() == [0, 0]


def test_trailing_decisions_without_weight_are_left_out_and_earlier_ones_stay_as_context() -> None:
    weights = np.array([0, 0, 0, 2, 0, 0, 0], np.float32)
    chunk = Chunk([trajectory("a", 7, weights=weights), trajectory("b", 3, weights=np.zeros(3, np.float32))], window=2)
    assert (chunk.names, chunk.windows, chunk.decisions) == (["a"], 2, 1)
    batch = chunk.batch(np.array([0, 1]))
    assert batch.weights.T.tolist() == [[0, 0], [0, 2]]


def test_no_decisions_give_no_windows() -> None:
    chunk = Chunk([], window=4)
    assert (chunk.windows, list(chunk.batches(2, 0))) == (0, [])


def test_batches_cover_each_window_once_and_depend_on_the_key() -> None:
    chunk = Chunk([trajectory("a", 40)], window=3)
    first = [b.tolist() for b in chunk.batches(4, 1, 2)]
    assert sorted(itertools.chain.from_iterable(first)) == list(range(14))
    assert first == [b.tolist() for b in chunk.batches(4, 1, 2)]
    assert first != [b.tolist() for b in chunk.batches(4, 1, 3)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 50), max_size=30), st.integers(20, 200), st.integers(0, 9))
def test_chunks_cover_every_match_and_stay_within_the_capacity(sizes: list[int], capacity: int, key: int) -> None:
    chunks = divide(sizes, capacity, key)
    assert sorted(itertools.chain.from_iterable(chunks)) == list(range(len(sizes)))
    for chunk in chunks:
        assert len(chunk) == 1 or sum(sizes[m] for m in chunk) <= capacity


def test_one_chunk_keeps_its_order_and_several_are_shuffled_each_epoch() -> None:
    assert divide([5] * 4, 20, 1) == [[0, 1, 2, 3]]
    assert divide([5] * 40, 50, 1) != divide([5] * 40, 50, 2)


def test_shuffled_is_a_permutation() -> None:
    assert sorted(shuffled(100, 3, 4).tolist()) == list(range(100))


def test_actions_of_large_heads_stay_as_they_are() -> None:
    actions = np.array([[0], [255], [256], [16_383]])  # chess has 4,674 categories
    wide = Trajectory("a", {"scalars": np.zeros((4, 1), np.float32)}, actions, np.ones(4, np.float32), 0)
    assert Chunk([wide], 4).batch(np.array([0])).actions[:, 0].tolist() == actions.tolist()


@pytest.mark.parametrize("value", [0.05, 0.333, -0.71, 1.0])
def test_half_precision_keeps_three_digits(value: float) -> None:
    single = Trajectory("a", {"scalars": np.full((1, 1), value, np.float32)}, np.zeros((1, 1), np.int64), np.ones(1), 0)
    assert Chunk([single], 1).batch(np.array([0])).observation["scalars"][0, 0, 0] == pytest.approx(value, abs=6e-4)
