"""Returns against golden numbers, literal sums written independently, rlax, and properties that must always hold.

Golden numbers: rlax 0.1.9, the DI-engine 0.5.3 sources, torchrl 0.14.1 and a plain recursion agree on them.
"""

import numpy as np
import pytest
import torch

from botgame.training.alphastar.learner import returns
from botgame.training.alphastar.learner.returns import lambda_returns, upgo, vtrace

VALUES = [0.1257302211, -0.1321048633, 0.6404226504, 0.1049001172, -0.5356693732, 0.3615950549, 1.3040000451]
REWARDS = [0.9470809631, -0.7037352358, -1.265421471, -0.6232744625, 0.0413259793, -2.3250307746]
RATIOS = [0.8579974387, 0.4180569285, 0.5989440156, 0.6831906734, 0.8013879561, 1.333945878]
CASES = {
    "discount .97": (
        [0.97] * 6,
        [-0.8756885317, -2.3159035455, -2.2376421442, -1.2790867215, -0.7112015472, -1.0601507309],
        [0.1589267359, -0.8068660307, -1.0746504877, -0.9872688509, -0.8973765135, -1.0601507309],
        [0.0331965148, -0.6747611674, -1.7150731381, -1.0921689681, -0.3617071403, -1.4217457858],
        [0.8670314561, -0.0825252649, -1.1636683573, -0.2429634754, 0.3920731826, -1.0601507309],
    ),
    "discount 1": (
        [1.0] * 6,
        [-0.9982945306, -2.3986931513, -2.278803057, -1.2929520118, -0.7031795933, -1.0210307295],
        [0.1171401009, -0.831362567, -1.1010071466, -1.0016559981, -0.8915139764, -1.0210307295],
        [-0.0085901202, -0.6992577037, -1.741429797, -1.1065561153, -0.3558446032, -1.3826257844],
        [0.8837683777, -0.0633125854, -1.1605213538, -0.2203534283, 0.4029210342, -1.0210307295],
    ),
    "end after t = 3": (
        [1.0, 1.0, 1.0, 0.0, 1.0, 1.0],
        [-0.6554196254, -1.9700995198, -1.7430610176, -0.6232744625, -0.7031795933, -1.0210307295],
        [0.2479913075, -0.6788548779, -0.7362058989, -0.3925819643, -0.8915139764, -1.0210307295],
        [0.1222610864, -0.5467500146, -1.3766285493, -0.4974820815, -0.3558446032, -1.3826257844],
        [0.8837683777, -0.0633125854, -1.1605213538, -0.6232744625, 0.4029210342, -1.0210307295],
    ),
}


@pytest.fixture(autouse=True, params=["stepwise", "doubling"])
def accumulate(request, monkeypatch):
    """What a CPU does and what a GPU does."""
    monkeypatch.setattr(returns, "_accumulate", getattr(returns, f"_{request.param}"))


def column(numbers):
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_golden_numbers(case):
    discounts, returns, targets, advantages, upward = CASES[case]
    inputs = column(REWARDS), column(discounts), column(VALUES)
    corrected = vtrace(*inputs, column(RATIOS).log())
    for found, expected in (
        (lambda_returns(*inputs, 0.8), returns),
        (corrected.targets, targets),
        (corrected.advantages, advantages),
        (upgo(*inputs), upward),
    ):
        np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=2e-9)


def literal_lambda_return(rewards, discounts, values, lambdas):
    """Weighted sum of n-step returns, O(T^2): weight of n steps = (1 - l) after a product of the l before it."""
    steps = len(rewards)
    result = np.zeros(steps)
    for t in range(steps):
        weight, partial, product = 1.0, 0.0, 1.0
        for k in range(t, steps):
            partial += product * rewards[k]
            product *= discounts[k]
            share = 1.0 if k == steps - 1 else 1 - lambdas[k]
            result[t] += weight * share * (partial + product * values[k + 1])
            weight *= 1 - share
    return result


def literal_vtrace(rewards, discounts, values, ratios, lambda_=1.0):
    """vs_t = V_t + sum_k (prod of g c up to k) rho_k delta_k (Espeholt et al., equation 1), c_i = l min(1, .)."""
    steps = len(rewards)
    targets = np.array(values, dtype=float)
    for t in range(steps):
        for k in range(t, steps):
            trace = np.prod([discounts[i] * lambda_ * min(1.0, ratios[i]) for i in range(t, k)])
            delta = rewards[k] + discounts[k] * values[k + 1] - values[k]
            targets[t] += trace * min(1.0, ratios[k]) * delta
    advantages = [min(1.0, ratios[t]) * (rewards[t] + discounts[t] * targets[t + 1] - values[t]) for t in range(steps)]
    return targets[:-1], np.array(advantages)


def literal_upgo(rewards, discounts, values):
    """Walk forward from each step and stop where the next step's one-step value falls below its value."""
    steps = len(rewards)
    result = np.zeros(steps)
    for t in range(steps):
        product, k = 1.0, t
        while True:
            result[t] += product * rewards[k]
            product *= discounts[k]
            onward = k + 1 < steps and rewards[k + 1] + discounts[k + 1] * values[k + 2] >= values[k + 1]
            if not onward:
                result[t] += product * values[k + 1]
                break
            k += 1
    return result


def random_batch(seed, steps=9, sequences=5):
    """Rewards, discounts with ends in the middle, values, log-ratios on both sides of the clip."""
    rng = np.random.default_rng(seed)
    discounts = rng.choice([0.0, 0.9, 1.0], (steps, sequences), p=[0.15, 0.35, 0.5])
    shape = (steps, sequences)
    return rng.normal(size=shape), discounts, rng.normal(size=(steps + 1, sequences)), rng.normal(size=shape) * 2


@pytest.mark.parametrize("seed", range(5))
def test_literal_sums(seed):
    rewards, discounts, values, log_ratios = random_batch(seed)
    lambdas = np.random.default_rng(seed + 100).uniform(size=rewards.shape)
    tensors = [torch.tensor(x) for x in (rewards, discounts, values)]
    found = lambda_returns(*tensors, torch.tensor(lambdas))
    decay = (1.0, 0.9, 0.0)[seed % 3]
    corrected, upward = vtrace(*tensors, torch.tensor(log_ratios), lambda_=decay), upgo(*tensors)
    for b in range(rewards.shape[1]):
        r, g, v = rewards[:, b], discounts[:, b], values[:, b]
        np.testing.assert_allclose(found[:, b], literal_lambda_return(r, g, v, lambdas[:, b]), atol=1e-12)
        targets, advantages = literal_vtrace(r, g, v, np.exp(log_ratios[:, b]), decay)
        np.testing.assert_allclose(corrected.targets[:, b], targets, atol=1e-12)
        np.testing.assert_allclose(corrected.advantages[:, b], advantages, atol=1e-12)
        np.testing.assert_allclose(upward[:, b], literal_upgo(r, g, v), atol=1e-12)


def test_rlax_agrees():
    rlax = pytest.importorskip("rlax")
    rewards, discounts, values, log_ratios = (x.astype(np.float32) for x in random_batch(11, sequences=2))
    tensors = [torch.tensor(x) for x in (rewards, discounts, values)]
    corrected = vtrace(*tensors, torch.tensor(log_ratios))
    for b in range(2):
        r, g, v = rewards[:, b], discounts[:, b], values[:, b]
        expected = rlax.vtrace_td_error_and_advantage(v[:-1], v[1:], r, g, np.exp(log_ratios[:, b]))
        np.testing.assert_allclose(corrected.targets[:, b].numpy() - v[:-1], expected.errors, atol=1e-5)
        np.testing.assert_allclose(corrected.advantages[:, b], expected.pg_advantage, atol=1e-5)
        lambdas = lambda_returns(*tensors, 0.8)[:, b]
        np.testing.assert_allclose(lambdas, rlax.lambda_returns(r, g, v[1:], 0.8), atol=1e-5)
        gate = np.append((r + g * v[1:] >= v[:-1])[1:], True).astype(np.float32)
        np.testing.assert_allclose(upgo(*tensors)[:, b], rlax.lambda_returns(r, g, v[1:], gate), atol=1e-5)


def test_upgo_is_never_below_the_one_step_target():
    for seed in range(200):
        rewards, discounts, values = (torch.tensor(x) for x in random_batch(seed)[:3])
        assert (upgo(rewards, discounts, values) >= rewards + discounts * values[1:] - 1e-12).all()


def test_upgo_continues_on_a_tie():
    result = upgo(column([0.0, 0.0, 5.0]), column([1.0, 1.0, 0.0]), column([0.0, 0.0, 0.0, 0.0]))
    assert result[:, 0].tolist() == [5.0, 5.0, 5.0]


def test_on_policy_vtrace_is_the_return_to_the_end_of_the_sequence():
    rewards, discounts, values = (torch.tensor(x) for x in random_batch(2)[:3])
    corrected = vtrace(rewards, discounts, values, torch.zeros_like(rewards))
    torch.testing.assert_close(corrected.targets, lambda_returns(rewards, discounts, values, 1.0))


def test_lambda_zero_is_one_step():
    rewards, discounts, values = (torch.tensor(x) for x in random_batch(3)[:3])
    torch.testing.assert_close(lambda_returns(rewards, discounts, values, 0.0), rewards + discounts * values[1:])


def test_nothing_behind_an_end_changes_what_is_before_it():
    rewards, discounts, values, log_ratios = (torch.tensor(x) for x in random_batch(4))
    discounts[5] = 0.0
    changed = rewards.clone()
    changed[6:] += 100.0
    later = values.clone()
    later[6:] -= 50.0
    for function in (
        lambda r, v: lambda_returns(r, discounts, v, 0.8),
        lambda r, v: upgo(r, discounts, v),
        lambda r, v: vtrace(r, discounts, v, log_ratios).targets,
        lambda r, v: vtrace(r, discounts, v, log_ratios).advantages,
    ):
        torch.testing.assert_close(function(rewards, values)[:6], function(changed, later)[:6])


@pytest.mark.parametrize("length", [1, 4, 8])
def test_a_padded_tail_equals_the_shorter_sequence(length):
    """Whatever the padding holds; the value after the last decision is bootstrapped from."""
    rewards, discounts, values, log_ratios = (torch.tensor(x) for x in random_batch(5))
    discounts[length - 1] = 1.0  # truncated, not ended
    mask = (torch.arange(len(rewards)) < length)[:, None].expand(rewards.shape)
    short = rewards[:length], discounts[:length], values[: length + 1]
    padded = rewards, discounts, values
    pairs = [
        (lambda_returns(*short, 0.8), lambda_returns(*padded, 0.8, mask)),
        (upgo(*short), upgo(*padded, mask)),
        *zip(vtrace(*short, log_ratios[:length]), vtrace(*padded, log_ratios, mask), strict=True),
    ]
    for expected, found in pairs:
        torch.testing.assert_close(found[:length], expected)


def test_groups_and_rewards_broadcast():
    rewards, discounts, values, log_ratios = (torch.tensor(x) for x in random_batch(6))
    ratios = torch.stack([log_ratios, -log_ratios], dim=-1)
    many = torch.stack([rewards, 2 * rewards, rewards + 1], dim=-1)
    worths = torch.stack([values, 2 * values, values], dim=-1)
    whole = vtrace(many[..., None], discounts[..., None, None], worths[..., None], ratios[..., None, :])
    assert whole.targets.shape == (*rewards.shape, 3, 2)
    for r in range(3):
        for g in range(2):
            part = vtrace(many[..., r], discounts, worths[..., r], ratios[..., g])
            torch.testing.assert_close(whole.targets[..., r, g], part.targets)
            torch.testing.assert_close(whole.advantages[..., r, g], part.advantages)


def test_targets_carry_no_gradient_and_wrong_shapes_are_named():
    values = column(VALUES).requires_grad_()
    ones = torch.ones(6, 1, dtype=torch.float64)
    assert not vtrace(ones, ones, values, ones.clone().requires_grad_()).advantages.requires_grad
    assert not lambda_returns(ones, ones, values, 0.8).requires_grad
    with pytest.raises(ValueError, match="T \\+ 1 values"):
        lambda_returns(ones, ones, values[:-1], 0.8)
    with pytest.raises(ValueError, match="ranks"):
        upgo(ones, ones[:, 0], values)
    with pytest.raises(ValueError, match="do not broadcast"):
        upgo(ones.expand(6, 3), ones.expand(6, 2), values)


@pytest.mark.parametrize("wrong", [torch.ones(5, 1), torch.ones(7, 1), torch.ones(6), torch.ones(6, 1, 1)])
@pytest.mark.parametrize("name", ["lambda_", "mask", "log_ratios"])
def test_inputs_of_another_shape_are_named(name, wrong):
    """Without a check 5 or 7 steps of ratios, masks or lambdas fail inside, and a wrong rank broadcasts silently."""
    inputs = torch.ones(6, 1), torch.ones(6, 1), torch.ones(7, 1)
    wrong = wrong.bool() if name == "mask" else wrong
    functions = {
        "lambda_": [lambda: lambda_returns(*inputs, wrong)],
        "log_ratios": [lambda: vtrace(*inputs, wrong)],
        "mask": [
            lambda: lambda_returns(*inputs, 0.8, wrong),
            lambda: upgo(*inputs, wrong),
            lambda: vtrace(*inputs, torch.ones(6, 1), wrong),
        ],
    }[name]
    for function in functions:
        with pytest.raises(ValueError, match=name):
            function()


def test_a_mask_or_lambda_with_other_sequences_is_named():
    inputs = torch.ones(6, 2), torch.ones(6, 2), torch.ones(7, 2)
    for function in (
        lambda: lambda_returns(*inputs, torch.ones(6, 3)),
        lambda: lambda_returns(*inputs, 0.8, torch.ones(6, 3, dtype=torch.bool)),
        lambda: vtrace(*inputs, torch.ones(6, 3)),
    ):
        with pytest.raises(ValueError, match="do not broadcast"):
            function()
