"""Which heads an action uses, ratios of groups, and inverse-CDF sampling that can never pick what is illegal."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.network.action_distribution import (
    ILLEGAL,
    group_log_ratios,
    head_log_probs,
    masked_log_softmax,
    sample,
    used_heads,
)
from toy_network import TOY_SPEC


def literal_used(spec, action):
    names = [head.name for head in spec.heads]
    return [all(action[names.index(c.head)] in c.values for c in head.used_when) for head in spec.heads]


def test_used_heads_of_every_toy_action():
    actions = torch.tensor(list(itertools.product(*(range(head.size) for head in TOY_SPEC.heads))))
    expected = [literal_used(TOY_SPEC, action) for action in actions.tolist()]
    assert used_heads(TOY_SPEC, actions).tolist() == expected


def test_used_heads_of_random_arena_actions_keeps_leading_shape():
    rng = np.random.default_rng(0)
    actions = torch.tensor(np.stack([rng.integers(0, head.size, (40, 5)) for head in ARENA_SPEC.heads], -1))
    used = used_heads(ARENA_SPEC, actions)
    assert used.shape == actions.shape
    assert used.flatten(0, 1).tolist() == [literal_used(ARENA_SPEC, a) for a in actions.flatten(0, 1).tolist()]


def test_head_log_probs_and_group_ratios_by_loops():
    rng = np.random.default_rng(1)
    actions = np.stack([rng.integers(0, head.size, 50) for head in ARENA_SPEC.heads], -1)
    new, old = rng.normal(size=(2, 50, ARENA_SPEC.logits))
    result = [head_log_probs(ARENA_SPEC, torch.tensor(x), torch.tensor(actions)) for x in (new, old)]
    ratios = group_log_ratios(ARENA_SPEC, *result)
    for n, action in enumerate(actions):
        used, expected = literal_used(ARENA_SPEC, action), dict.fromkeys(ARENA_SPEC.groups, 0.0)
        for h, head in enumerate(ARENA_SPEC.heads):
            column = ARENA_SPEC.slices[head.name].start + action[h]
            assert result[0][n, h] == (new[n, column] if used[h] else 0.0)
            expected[head.group] += used[h] * (new[n, column] - old[n, column])
        np.testing.assert_allclose(ratios[n], list(expected.values()), rtol=1e-12, atol=1e-12)


def test_illegal_log_probs_are_hopeless_and_legal_ones_sum_to_one():
    legal = torch.tensor([[True, False, True], [False, True, False]])
    log_probs = masked_log_softmax(torch.tensor([[1.0, 50.0, 2.0], [3.0, 9.0, 80.0]]), ~legal)
    assert (log_probs[~legal] < ILLEGAL / 2).all()
    assert (log_probs.exp()[~legal] == 0).all()
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(2))


def test_sample_inverts_the_cumulative_distribution():
    probabilities = torch.tensor([0.2, 0.0, 0.5, 0.3])
    legal = probabilities > 0
    log_probs = masked_log_softmax(probabilities.clamp(min=1e-9).log(), ~legal)
    u = torch.tensor([0.0, 0.19, 0.21, 0.69, 0.71, 0.999])
    rows = len(u)
    assert sample(log_probs.expand(rows, 4), legal.expand(rows, 4), u[:, None]).tolist() == [0, 0, 2, 2, 3, 3]


def test_sample_frequencies_match_the_probabilities():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, generator=generator)
    legal = torch.tensor([True, True, False, True, True, True])
    log_probs = masked_log_softmax(logits, ~legal)
    n = 40_000
    drawn = sample(log_probs.expand(n, 6), legal.expand(n, 6), torch.rand(n, 1, generator=generator))
    np.testing.assert_allclose(np.bincount(drawn, minlength=6) / n, log_probs.exp(), atol=0.01)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-60, 60, width=32), st.booleans()), min_size=1, max_size=32),
    st.sampled_from([0.0, 1e-45, 0.5, 1 - 2**-24, 1.0]),
)
def test_illegal_is_never_sampled_even_at_one(entries, u):
    logits = torch.tensor([[value for value, _ in entries]], dtype=torch.float32)
    legal = torch.tensor([[flag for _, flag in entries]])
    chosen = int(sample(masked_log_softmax(logits, ~legal), legal, torch.tensor([[u]])))
    assert bool(legal[0, chosen]) or (chosen == 0 and not legal.any())


@pytest.mark.parametrize("size", [1, 5])
def test_no_legal_category_gives_the_first(size):
    legal = torch.zeros((1, size), dtype=torch.bool)
    assert int(sample(masked_log_softmax(torch.zeros(1, size), ~legal), legal, torch.tensor([[0.9]]))) == 0
