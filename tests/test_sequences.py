"""Compact sequences, minibatches and the replay buffer."""

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import allocate, gather
from botgame.training.alphastar.trees import to_arrays, to_tensors
from botgame.training.runs.replay_memory import replay_memory_line
from toy_game import TOY_SPEC

STEPS = 4


def sequences(lengths: list[int], truncated: list[bool]) -> dict[str, np.ndarray]:
    """Sequences whose scalars hold (sequence, place) and whose rewards are the place."""
    columns = allocate(TOY_SPEC, 2, STEPS, len(lengths))
    columns["scalars"][:, :, 0] = np.arange(len(lengths))[:, None]
    columns["scalars"][:, :, 1] = np.arange(STEPS + 1)
    columns["rewards"][..., 0] = np.arange(STEPS)
    columns["memory"][:, 0] = np.arange(len(lengths))
    columns["actions"][..., 0] = 2
    columns["length"][:], columns["truncated"][:] = lengths, truncated
    return columns


def test_a_minibatch_marks_decisions_bootstraps_and_true_ends() -> None:
    batch = gather(sequences([4, 2, 3], [True, False, True]), np.array([0, 1, 2]))
    assert batch.mask.T.tolist() == [[True] * 4, [True, True, False, False], [True, True, True, False]]
    assert batch.valid.T.tolist() == [[True] * 5, [True, True, False, False, False], [True] * 4 + [False]]
    assert batch.discount.T.tolist() == [[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 0]]
    assert batch.observation["scalars"][2, 1, :2].tolist() == [1, 2]  # time first
    assert batch.actions.shape == (5, 3, 2)
    assert batch.actions[:, 0, 0].tolist() == [2, 2, 2, 2, 0]
    assert batch.memory[:, 0].tolist() == [0, 1, 2]


def test_a_minibatch_is_cut_to_its_longest_sequence() -> None:
    batch = gather(sequences([1, 2, 4], [False, False, True]), np.array([0, 1]))
    assert batch.mask.shape == (2, 2)
    assert batch.observation["scalars"].shape[:2] == (3, 2)


def test_half_precision_is_only_for_storage() -> None:
    columns = sequences([4], [True])
    assert columns["teacher"].dtype == np.float16
    assert columns["privileged"].dtype == columns["entities"].dtype == np.float16
    assert columns["scalars"].dtype == columns["vectors"].dtype == np.float32
    batch = gather(columns, np.array([0]))
    assert batch.teacher.dtype == batch.observation["privileged"].dtype == torch.float32


def filled(capacity: int, spare: int, chunks: list[int]) -> ReplayBuffer:
    buffer = ReplayBuffer(TOY_SPEC, 2, STEPS, capacity, spare)
    number = 0
    for chunk in chunks:
        source = sequences([4] * chunk, [True] * chunk)
        source["version"][:] = np.arange(number, number + chunk)
        buffer.add(source, np.arange(chunk))
        number += chunk
    return buffer


def test_the_ring_keeps_the_newest() -> None:
    buffer = filled(6, 2, [5, 5, 3])
    assert len(buffer) == 6
    newest = buffer.columns["version"][buffer.places(np.arange(7, 13))]
    assert newest.tolist() == list(range(7, 13))


@pytest.mark.parametrize(("fresh_share", "fresh_uses"), [(1.0, 4), (0.5, 2), (0.0, 0)])
def test_a_pass_is_as_large_as_the_fresh_data_whatever_the_buffer_holds(fresh_share: float, fresh_uses: int) -> None:
    buffer = filled(64, 0, [40, 8])
    batches = list(buffer.passes(1, 8, passes=4, batch_size=3, fresh_share=fresh_share))
    used = buffer.columns["version"][np.concatenate(batches)]
    assert len(used) == 4 * 8
    assert max(len(batch) for batch in batches) == 3
    assert ((used >= 40).sum(), len(used)) == (fresh_uses * 8, 32)
    if fresh_uses:  # every fresh sequence serves equally often
        assert np.bincount(used[used >= 40] - 40, minlength=8).tolist() == [fresh_uses] * 8


def test_a_first_iteration_has_only_fresh_data() -> None:
    buffer = filled(64, 0, [8])
    batches = list(buffer.passes(1, 8, passes=2, batch_size=16, fresh_share=0.5))
    used = buffer.columns["version"][np.concatenate(batches)]
    assert sorted(used.tolist()) == sorted([*range(8)] * 2)


def test_minibatches_depend_on_the_key_alone() -> None:
    buffer = filled(64, 0, [20, 8])

    def drawn(key: int) -> list[int]:
        return np.concatenate(list(buffer.passes(key, 8, passes=2, batch_size=4, fresh_share=0.5))).tolist()

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_buffer_state_round_trip() -> None:
    buffer = filled(6, 2, [5, 5])
    again = ReplayBuffer(TOY_SPEC, 2, STEPS, 6, 2)
    again.restore(buffer.snapshot())
    assert again.count == buffer.count
    for name, column in buffer.columns.items():
        np.testing.assert_array_equal(again.columns[name], column)


def test_trees_turn_arrays_into_tensors_and_back() -> None:
    tree = {"a": np.arange(3, dtype=np.uint64), "b": [np.ones(2, np.bool_), 3], "c": {"d": np.float32(2.5)}, "e": None}
    tensors = to_tensors(tree)
    assert tensors["a"].dtype == torch.uint64
    assert tensors["c"]["d"] == 2.5
    again = to_arrays(tensors)
    np.testing.assert_array_equal(again["a"], tree["a"])
    assert again["a"].dtype == np.uint64
    assert again["e"] is None


def test_fewer_matches_run_where_the_buffer_is_small() -> None:
    assert RLConfig().matches == 32
    assert RLConfig(actor_rollouts=8, replay_size=32).matches == 4
    assert RLConfig(actor_rollouts=100, replay_size=32).matches == 1
    assert RLConfig().sequences(1.25) == 320


@pytest.mark.parametrize(
    "wrong", [{"min_replay_sequences": 3000}, {"unroll_length": 10**6}, {"replay_size": 10**9}, {"batch_size": 10**9}]
)
def test_contradictions_and_absurd_sizes_are_named(wrong: dict[str, int]) -> None:
    with pytest.raises(UserError, match="--" + next(iter(wrong)).replace("_", "-")):
        RLConfig(**wrong)


def test_a_large_replay_buffer_is_said_with_its_size() -> None:
    config = RLConfig(replay_size=3000, unroll_length=64)
    held = sum(column.nbytes for column in allocate(ARENA_SPEC, 0, 64, 3000).values())
    assert not replay_memory_line(ARENA_SPEC, config)
    line = replay_memory_line(ARENA_SPEC, config, learners=8)
    assert f"grows to {8 * held / 1e9:.1f} GB" in line
