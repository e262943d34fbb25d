"""Losses against nested loops and hand-derived gradients; heads that are not used must get none."""

import math

import numpy as np
import pytest
import torch

from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.losses import (
    LossInputs,
    LossWeights,
    cross_entropy,
    head_entropies,
    head_kls,
    normalised,
    policy_gradient_loss,
    reinforcement_losses,
    value_losses,
    vtrace_advantages,
)
from botgame.training.alphastar.learner.returns import lambda_returns, upgo, vtrace
from botgame.training.alphastar.network.action_distribution import head_log_probs, masked_log_softmax, used_heads
from toy_network import TOY_SPEC

SPECS = [ARENA_SPEC, TOY_SPEC]
TIME, BATCH = 6, 4


def by_id(spec):
    return spec.name


def random_policy(spec, seed):
    """Logits that ask for gradients, legal masks (category 0 always legal) and log-probabilities [T, B, L]."""
    generator = torch.Generator().manual_seed(seed)
    shape = (TIME, BATCH, spec.logits)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
    legal = torch.rand(shape, generator=torch.Generator().manual_seed(99)) < 0.7
    legal[..., [part.start for part in spec.slices.values()]] = True
    parts = [masked_log_softmax(logits[..., s], ~legal[..., s]) for s in spec.slices.values()]
    return logits, legal, torch.cat(parts, dim=-1)


def legal_actions(spec, legal, seed):
    """Random legal categories; unused heads hold 0, as acting leaves them."""
    generator = torch.Generator().manual_seed(seed)
    columns = [torch.multinomial(legal[..., s].flatten(0, 1).double(), 1, generator=generator)
               for s in spec.slices.values()]  # fmt: skip
    actions = torch.cat(columns, dim=1).view(TIME, BATCH, -1)
    for h in range(len(spec.heads)):
        actions[..., h] *= used_heads(spec, actions)[..., h]
    return actions


def ragged():
    return torch.arange(TIME)[:, None] < torch.tensor([6, 3, 1, 5])[None, :]


@pytest.fixture(params=SPECS, ids=by_id)
def case(request):
    """(spec, logits, legal, log_probs, teacher, behaviour, actions, rewards, discounts, values, mask)."""
    spec = request.param
    logits, legal, log_probs = random_policy(spec, 0)
    teacher, actor = random_policy(spec, 1)[2].detach(), random_policy(spec, 2)[2].detach()
    actions = legal_actions(spec, legal, 3)
    generator = torch.Generator().manual_seed(4)
    rewards = torch.randn(TIME, BATCH, len(spec.rewards), generator=generator, dtype=torch.float64)
    values = torch.randn(TIME + 1, BATCH, len(spec.rewards), generator=generator, dtype=torch.float64).requires_grad_()
    discounts = (torch.rand(TIME, BATCH, generator=generator) < 0.85).double()
    behaviour = head_log_probs(spec, actor, actions)
    return spec, logits, legal, log_probs, teacher, behaviour, actions, rewards, discounts, values, ragged()


def learn(case, weights=None, **changes):
    spec, _, _, log_probs, teacher, behaviour, actions, rewards, discounts, values, mask = case
    inputs = LossInputs(log_probs, values, actions, behaviour, teacher, rewards, discounts, mask)
    return reinforcement_losses(spec, inputs._replace(**changes), weights or LossWeights())


def test_every_term_by_loops_over_steps_and_heads(case):
    spec, _, _, log_probs, teacher, behaviour, actions, rewards, discounts, values, mask = case
    weights = LossWeights(
        policy=0.7, upgo=1.3, value=2.0, kl=0.05, entropy=0.01, td_lambda=0.6, vtrace_lambda=0.8,
        rewards=tuple(1.0 + i for i in range(len(spec.rewards))),
        values=tuple(0.5 + i for i in range(len(spec.rewards))),
    )  # fmt: skip
    found = learn(case, weights=weights)
    used, chosen = used_heads(spec, actions), head_log_probs(spec, log_probs, actions).detach()
    sums = dict.fromkeys(("policy", "upgo", "value", "kl", "entropy"), 0.0)
    p, q, v = log_probs.detach().exp(), teacher.exp(), values.detach()
    for b in range(BATCH):
        n = int(mask[:, b].sum())
        for group in spec.groups:
            heads = [h for h, head in enumerate(spec.heads) if head.group == group]
            ratio = (chosen - behaviour)[:n, b, heads].sum(-1, keepdim=True)
            for r in range(len(spec.rewards)):
                part = rewards[:n, b, r, None], discounts[:n, b, None], v[: n + 1, b, r, None]
                advantage = vtrace(*part, ratio, lambda_=0.8).advantages[:, 0]
                for t in range(n):
                    sums["policy"] -= weights.rewards[r] * advantage[t] * chosen[t, b, heads].sum()
            result = rewards[:n, b, 0, None], discounts[:n, b, None], v[: n + 1, b, 0, None]
            upward = ratio.exp().clamp(max=1)[:, 0] * (upgo(*result)[:, 0] - v[:n, b, 0])
            sums["upgo"] -= sum(upward[t] * chosen[t, b, heads].sum() for t in range(n))
        for r in range(len(spec.rewards)):
            part = rewards[:n, b, r, None], discounts[:n, b, None], v[: n + 1, b, r, None]
            error = lambda_returns(*part, 0.6)[:, 0] - v[:n, b, r]
            sums["value"] += weights.values[r] * 0.5 * (error**2).sum()
        for t in range(n):
            for h, head in enumerate(spec.heads):
                if used[t, b, h]:
                    for k in range(spec.slices[head.name].start, spec.slices[head.name].stop):
                        if p[t, b, k] > 0:
                            sums["kl"] += q[t, b, k] * (teacher[t, b, k] - log_probs.detach()[t, b, k])
                            sums["entropy"] -= p[t, b, k] * p[t, b, k].log() / math.log(head.size)
    count = int(mask.sum())
    for name, total in sums.items():
        np.testing.assert_allclose(found[name].item(), float(total) / count, rtol=1e-9, err_msg=name)
    total = 0.7 * sums["policy"] + 1.3 * sums["upgo"] + 2.0 * sums["value"] + 0.05 * sums["kl"] - 0.01 * sums["entropy"]
    np.testing.assert_allclose(found["total"].item(), float(total) / count, rtol=1e-9)


def test_signs_move_the_policy_and_the_values_the_right_way():
    """One decision, one step down the gradient: a good action becomes more likely, its value rises."""
    logits = torch.zeros(1, 1, TOY_SPEC.logits, dtype=torch.float64, requires_grad=True)
    values = torch.zeros(2, 1, 1, dtype=torch.float64, requires_grad=True)
    log_probs = torch.cat([logits[..., s].log_softmax(-1) for s in TOY_SPEC.slices.values()], dim=-1)
    actions = torch.tensor([[[1, 0, 0]]])
    behaviour = head_log_probs(TOY_SPEC, log_probs, actions).detach()
    one = torch.ones(1, 1, dtype=torch.float64)
    inputs = LossInputs(log_probs, values, actions, behaviour, None, one[..., None], discounts=0 * one, mask=one > 0)
    losses = reinforcement_losses(TOY_SPEC, inputs, LossWeights(entropy=0.0))
    losses["total"].backward()
    # policy and UPGO each give -1 * (onehot - softmax) on the verb's logits; 10 * -(1 - 0) on the value
    expected = 2 * (torch.full((4,), 0.25) - torch.eye(4)[1])
    np.testing.assert_allclose(logits.grad[0, 0, :4], expected, atol=1e-12)
    assert not logits.grad[0, 0, 4:].any()
    assert values.grad[:, 0, 0].tolist() == [-10.0, 0.0]


def test_entropy_weight_flattens_and_kl_pulls_to_the_teacher():
    logits = torch.tensor([2.0, 0.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)

    def on_verb(values):
        rest = torch.zeros(TOY_SPEC.logits - 4, dtype=torch.float64)
        whole = torch.cat([values, rest])
        return torch.cat([whole[s].log_softmax(-1) for s in TOY_SPEC.slices.values()])[None, None]

    actions = torch.tensor([[[1, 0, 0]]])
    head_entropies(TOY_SPEC, on_verb(logits), actions)[..., 0].sum().backward()
    assert logits.grad[0] < 0 < logits.grad[1]  # entropy grows as the largest logit falls
    logits.grad = None
    teacher = on_verb(torch.tensor([0.0, 3.0, 0.0, 0.0], dtype=torch.float64)).requires_grad_()
    head_kls(TOY_SPEC, teacher, on_verb(logits), actions).sum().backward()
    student, wanted = logits.detach().softmax(-1), teacher.detach()[0, 0, :4].exp()
    np.testing.assert_allclose(logits.grad, student - wanted, atol=1e-12)
    assert teacher.grad is None


def test_unused_heads_illegal_categories_and_padding_get_no_gradient(case):
    spec, logits, legal, *_, actions, _, _, _, mask = case
    learn(case)["total"].backward()
    used = used_heads(spec, actions)
    for h, part in enumerate(spec.slices.values()):
        gradient = logits.grad[..., part]
        assert not gradient[~(used[..., h] & mask)].any()
        several = legal[..., part].sum(-1) > 1
        assert gradient[used[..., h] & mask & several].abs().sum() > 0
        assert not gradient[~legal[..., part]].any()


def test_padding_may_hold_anything(case):
    *_, rewards, discounts, _, mask = case
    base = learn(case)
    spoiled = learn(
        case,
        rewards=torch.where(mask[..., None], rewards, 1e3),
        discounts=torch.where(mask, discounts, 1.0),
        behaviour=torch.where(mask[..., None], case[5], 7.0),
    )
    for name, value in base.items():
        torch.testing.assert_close(value, spoiled[name], msg=name)


def test_identical_policies_give_no_kl_and_ratio_one(case):
    spec, _, _, log_probs, _, _, actions, *_ = case
    losses = learn(case, teacher=log_probs.detach(), behaviour=head_log_probs(spec, log_probs, actions).detach())
    assert losses["kl"].item() == 0.0
    assert all(losses[f"ratio/{group}"].item() == pytest.approx(1.0) for group in spec.groups)


def test_without_a_teacher_there_is_no_kl(case):
    with_it, without = learn(case, LossWeights(kl=0.0)), learn(case, teacher=None)
    assert "kl" not in without
    assert without["total"].item() == pytest.approx(with_it["total"].item(), rel=1e-12)


@pytest.mark.parametrize("clip", [0.05, 0.2])
def test_the_clip_stops_what_has_moved_far_enough_by_loops(case, clip):
    """PPO's objective min(r A, clip(r) A) has no gradient there; elsewhere that of V-trace stays as it is."""
    spec, logits, _, log_probs, _, behaviour, actions, rewards, discounts, values, mask = case
    weights = LossWeights(policy=1.0, upgo=0.0, value=0.0, kl=0.0, entropy=0.0, clip_ratio=clip)
    found = torch.autograd.grad(learn(case, weights)["total"], logits, retain_graph=True)[0]
    chosen = head_log_probs(spec, log_probs, actions)
    expected, stopped = 0.0, 0
    for group in spec.groups:
        heads = [h for h, head in enumerate(spec.heads) if head.group == group]
        ratios = (chosen.detach() - behaviour)[..., heads].sum(-1).exp()
        steps = rewards, discounts, values.detach(), chosen.detach() - behaviour
        advantage = vtrace_advantages(
            *steps[:3], ratios.log()[..., None], mask, torch.ones(len(spec.rewards), dtype=torch.float64)
        )[..., 0]
        for t, b in mask.nonzero().tolist():
            log_prob, r, a = chosen[t, b, heads].sum(), ratios[t, b], advantage[t, b]
            probe = r.clone().requires_grad_()
            torch.minimum(probe * a, probe.clamp(1 - clip, 1 + clip) * a).backward()
            stopped += int(probe.grad == 0)
            expected = expected - (a * log_prob if probe.grad != 0 else 0.0)
    assert 0 < stopped < int(mask.sum()) * len(spec.groups)
    wanted = torch.autograd.grad(expected / int(mask.sum()), logits)[0]
    torch.testing.assert_close(found, wanted)


def test_normalised_advantages_have_mean_0_and_deviation_1_whatever_the_padding_holds() -> None:
    advantages = torch.randn(TIME, BATCH, 3, generator=torch.Generator().manual_seed(0)) * 7 + 2
    mask = ragged()
    advantages[~mask] = 1e6
    got = normalised(advantages, mask)[mask]
    torch.testing.assert_close(got.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.std(0, unbiased=False), torch.ones(3), atol=1e-5, rtol=0)
    one = torch.zeros(TIME, BATCH, dtype=torch.bool)
    one[0, 0] = True
    assert torch.equal(normalised(advantages, one)[one], torch.zeros(1, 3))  # one decision is its own mean


def test_clip_and_normalised_advantages_are_off_by_default(case):
    plain = learn(case)["policy"].item()
    assert learn(case, LossWeights(clip_ratio=0.01))["policy"].item() != plain
    assert learn(case, LossWeights(normalise=True))["policy"].item() != plain
    assert (RLConfig().clip_ratio, RLConfig().advantages, RLConfig().adam_b1) == (0.0, "plain", 0.0)


def test_a_teacher_stored_in_half_precision_gives_finite_kl(case):
    teacher = case[4].clamp(min=-60).half().double().requires_grad_()
    losses = learn(case, teacher=teacher)
    assert losses["kl"].item() == pytest.approx(learn(case)["kl"].item(), rel=1e-2)


def test_one_legal_category_has_entropy_zero_without_nan():
    logits = torch.zeros(1, 1, TOY_SPEC.logits, requires_grad=True)
    legal = torch.zeros(1, 1, TOY_SPEC.logits, dtype=torch.bool)
    legal[..., [part.start for part in TOY_SPEC.slices.values()]] = True
    log_probs = torch.cat([masked_log_softmax(logits[..., s], ~legal[..., s]) for s in TOY_SPEC.slices.values()], -1)
    entropy = head_entropies(TOY_SPEC, log_probs, torch.zeros(1, 1, 3, dtype=torch.int64)).sum()
    entropy.backward()
    assert entropy.item() == 0.0
    assert not logits.grad.any()


def test_uniform_entropy_is_one_for_used_heads():
    log_probs = torch.cat([torch.full((1, 1, head.size), -math.log(head.size)) for head in ARENA_SPEC.heads], -1)
    actions = torch.zeros(1, 1, 6, dtype=torch.int64)  # verb none: no target, no aim, no lead
    entropies = head_entropies(ARENA_SPEC, log_probs, actions)[0, 0]
    torch.testing.assert_close(entropies, torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]))


def test_policy_gradient_and_value_losses_by_hand():
    log_probs = torch.tensor([[[-1.0, -2.0]], [[-3.0, -9.0]]], requires_grad=True)
    advantages = torch.tensor([[[2.0, -1.0]], [[5.0, 5.0]]], requires_grad=True)
    mask = torch.tensor([[True], [False]])
    loss = policy_gradient_loss(log_probs, advantages, mask)
    loss.backward()
    assert loss.item() == 0.0  # -(2 * -1 + -1 * -2) over one decision
    assert log_probs.grad.flatten().tolist() == [-2.0, 1.0, 0.0, 0.0]
    assert advantages.grad is None
    values = torch.tensor([[[1.0, 0.0]], [[50.0, 50.0]]])
    assert value_losses(values, torch.zeros(2, 1, 2) + 3, mask).tolist() == [2.0, 4.5]


def test_cross_entropy_by_loops(case):
    spec, _, legal, log_probs, *_, actions, _, _, _, mask = case
    actions = actions.clone()
    wrong = legal[..., spec.slices[spec.heads[0].name]].int().argmin(-1)  # an illegal first category where there is one
    actions[1, :, 0] = wrong[1]
    found, used = cross_entropy(spec, log_probs, actions, mask), used_heads(spec, actions)
    assert found.wrong_mask.any()
    for t, b in np.ndindex(TIME, BATCH):
        for h, head in enumerate(spec.heads):
            column = spec.slices[head.name].start + int(actions[t, b, h])
            active, allowed = bool(used[t, b, h] & mask[t, b]), bool(legal[t, b, column])
            assert bool(found.scored[t, b, h]) == (active and allowed)
            assert bool(found.wrong_mask[t, b, h]) == (active and not allowed)
            assert found.losses[t, b, h].item() == (-log_probs[t, b, column].item() if active and allowed else 0.0)


def test_cross_entropy_gradient_is_softmax_minus_target_on_used_heads_alone(case):
    spec, logits, _, log_probs, *_, actions, _, _, _, mask = case
    cross_entropy(spec, log_probs, actions, mask).losses.sum().backward()
    used = used_heads(spec, actions) & mask[..., None]
    for h, (head, part) in enumerate(zip(spec.heads, spec.slices.values(), strict=True)):
        target = torch.nn.functional.one_hot(actions[..., h], head.size)
        expected = (log_probs[..., part].detach().exp() - target) * used[..., h, None]
        np.testing.assert_allclose(logits.grad[..., part], expected, atol=1e-12)


def test_an_illegal_recorded_action_teaches_nothing():
    logits = torch.zeros(1, 1, TOY_SPEC.logits, requires_grad=True)
    legal = torch.ones(1, 1, TOY_SPEC.logits, dtype=torch.bool)
    legal[..., 1] = False
    log_probs = torch.cat([masked_log_softmax(logits[..., s], ~legal[..., s]) for s in TOY_SPEC.slices.values()], -1)
    found = cross_entropy(TOY_SPEC, log_probs, torch.tensor([[[1, 0, 0]]]), torch.ones(1, 1) > 0)
    found.losses.sum().backward()
    assert not logits.grad.any()


def test_no_decision_at_all_is_zero_not_nan(case):
    losses = learn(case, mask=torch.zeros(TIME, BATCH, dtype=torch.bool))
    assert all(value.item() == 0.0 for value in losses.values())


def test_weights_must_fit_the_rewards(case):
    with pytest.raises(ValueError, match="weights"):
        learn(case, weights=LossWeights(rewards=(1.0, 1.0, 1.0)))


def test_a_term_of_weight_0_changes_no_gradient(case):
    """UPGO is not even computed; KL and entropy are, to be logged."""
    _, logits, *_, values, _ = case
    weights = LossWeights(upgo=0.0, kl=0.0, entropy=0.0)
    losses = learn(case, weights=weights)
    assert "upgo" not in losses
    assert {"kl", "entropy"} <= set(losses)
    found = torch.autograd.grad(losses["total"], (logits, values), retain_graph=True)
    alone = losses["policy"] + weights.value * losses["value"]
    expected = torch.autograd.grad(alone, (logits, values), retain_graph=True)
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_perfect_values_have_no_loss(case):
    *_, rewards, discounts, values, mask = case
    exact = torch.zeros_like(values)
    for t in reversed(range(TIME)):
        exact[t] = torch.where(mask[t, :, None], rewards[t] + discounts[t, :, None] * exact[t + 1], exact[t])
    losses = learn(case, values=exact.detach().requires_grad_())
    assert losses["value"].item() == pytest.approx(0.0, abs=1e-12)
