"""Losses of imitation and of reinforcement learning, all to be minimised.

Pure functions of time-major tensors. Notation: T decisions of B sequences, H heads, L = sum of head sizes, G V-trace
groups, R rewards. `mask` bool [T, B] is True for decisions that count; every loss is a mean over these. A head that an
action does not use has no loss, KL, entropy or gradient.

Source: Vinyals et al., Nature 575, 2019, Methods. Unlike the published pseudocode, KL and entropy are those of the
learner's own log-probabilities (the actor's carry no gradient), and policy gradient and entropy enter with a minus.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from botgame.spec import Spec
from botgame.training.alphastar.learner.returns import lambda_returns, upgo, vtrace
from botgame.training.alphastar.network.action_distribution import (
    ILLEGAL,
    group_log_ratios,
    group_sums,
    head_log_probs,
    used_heads,
)
from botgame.training.alphastar.network.constants import constant

Losses = dict[str, Tensor]
LEAST_DEVIATION = 1e-6  # of advantages that are normalised


@dataclass(frozen=True)
class LossWeights:
    """Weights of `reinforcement_losses`; the defaults are AlphaStar's for win and loss, that of the KL a tenth.

    Those of whole terms may be tensors [], whose values a CUDA graph reads anew.
    """

    policy: float | Tensor = 1.0
    upgo: float | Tensor = 1.0
    value: float | Tensor = 10.0
    kl: float | Tensor = 2e-4
    entropy: float | Tensor = 1e-4
    rewards: tuple[float, ...] = ()  # of each reward's advantage in the policy gradient; () for 1 each
    values: tuple[float, ...] = ()  # of each reward's value loss; () for 1 each
    upgo_reward: int = 0  # the one reward that UPGO follows: win and loss
    early_kl: float | Tensor = 0.0  # further weight of the KL of one head, `early_head`, in decisions that are `early`
    early_head: int = 0
    td_lambda: float = 0.8
    vtrace_lambda: float = 1.0
    clip_ratio: float = 0.0  # of the V-trace policy gradient (`within_clip`); 0: no bound
    normalise: bool = False  # its advantages (`normalised`)


class LossInputs(NamedTuple):
    """What `reinforcement_losses` compares, for T decisions of B sequences."""

    log_probs: Tensor  # [T, B, L] of the learner
    values: Tensor  # [T + 1, B, R] of the learner
    actions: Tensor  # int64 [T, B, H]
    behaviour: Tensor  # [T, B, H]: `head_log_probs` of the actor
    teacher: Tensor | None  # [T, B, L]: log-probabilities for the same actions
    rewards: Tensor  # [T, B, R]
    discounts: Tensor  # [T, B], 0 at true ends
    mask: Tensor  # bool [T, B]: decisions that count
    early: Tensor | None = None  # bool [T, B]: decisions with the further KL of `LossWeights.early_kl`
    active: Tensor | None = None  # bool [B, R]: rewards that a sequence is paid; None for all


class CrossEntropy(NamedTuple):
    """Result of `cross_entropy`, each [T, B, H]."""

    losses: Tensor  # float, 0 where not scored
    scored: Tensor  # bool: the head is used and its recorded category legal
    wrong_mask: Tensor  # bool: the head is used but its recorded category illegal


def reinforcement_losses(spec: Spec, inputs: LossInputs, weights: LossWeights) -> Losses:
    """All terms of the learner's loss, their weighted sum `total`, and diagnostics without gradient.

    Terms: `policy`, `upgo` unless its weight is 0, `value`, `entropy` (the positive mean entropy), with a teacher `kl`
    and, with `inputs.early`, `early_kl`.
    """
    mask, values = inputs.mask, inputs.values.detach()
    chosen = head_log_probs(spec, inputs.log_probs, inputs.actions)
    group_log_probs = group_sums(spec, chosen)
    log_ratios = group_log_ratios(spec, chosen.detach(), inputs.behaviour)
    returns = lambda_returns(inputs.rewards, inputs.discounts[..., None], values, weights.td_lambda, mask[..., None])
    errors = value_losses(inputs.values[:-1], returns, mask, inputs.active)
    terms = {
        **_policy_terms(spec, inputs, weights, group_log_probs, log_ratios),
        "value": (errors * _row(weights.values, spec, inputs.values)).sum(),
        "entropy": _column_means(head_entropies(spec, inputs.log_probs, inputs.actions), mask).sum(),
        **_teacher_terms(spec, inputs, weights),
    }
    return {"total": _total(terms, weights), **terms, **_ratios(spec, log_ratios, mask)}


def _policy_terms(
    spec: Spec, inputs: LossInputs, weights: LossWeights, group_log_probs: Tensor, log_ratios: Tensor
) -> Losses:
    """The policy gradients of V-trace and of UPGO; group_log_probs, log_ratios: [T, B, G]."""
    steps = inputs.rewards, inputs.discounts, inputs.values.detach(), log_ratios, inputs.mask
    reward_weights = _row(weights.rewards, spec, inputs.values)
    if inputs.active is not None:
        reward_weights = reward_weights * inputs.active
    advantages = vtrace_advantages(*steps, reward_weights, weights.vtrace_lambda)
    if weights.normalise:
        advantages = normalised(advantages, inputs.mask)
    if weights.clip_ratio:
        advantages = torch.where(within_clip(log_ratios, advantages, weights.clip_ratio), advantages, 0.0)
    terms = {"policy": policy_gradient_loss(group_log_probs, advantages, inputs.mask)}
    if _counts(weights.upgo):
        upward = upgo_advantages(*steps, weights.upgo_reward)
        terms["upgo"] = policy_gradient_loss(group_log_probs, upward, inputs.mask)
    return terms


def _teacher_terms(spec: Spec, inputs: LossInputs, weights: LossWeights) -> Losses:
    """The KL from the teacher, if there is one, and that of one head in early decisions."""
    if inputs.teacher is None:
        return {}
    kls = head_kls(spec, inputs.teacher, inputs.log_probs, inputs.actions)
    terms = {"kl": _column_means(kls, inputs.mask).sum()}
    if inputs.early is not None:
        early = torch.where(inputs.early, kls[..., weights.early_head], 0.0)
        terms["early_kl"] = masked_mean(early, inputs.mask)
    return terms


def _total(terms: Losses, weights: LossWeights) -> Tensor:
    """The weighted sum that is minimised. A term of weight 0 has no backward pass, except the value's."""
    weighed = {
        "policy": weights.policy,
        "upgo": weights.upgo,
        "value": weights.value,
        "kl": weights.kl,
        "entropy": -weights.entropy,
        "early_kl": weights.early_kl,
    }
    counted = [name for name, weight in weighed.items() if name in terms and (name == "value" or _counts(weight))]
    return functools.reduce(torch.add, [weighed[name] * terms[name] for name in counted])


def _counts(weight: float | Tensor) -> bool:
    """Whether a term of this weight adds to the sum; a tensor may hold any number."""
    return isinstance(weight, Tensor) or weight != 0


def vtrace_advantages(
    rewards: Tensor,
    discounts: Tensor,
    values: Tensor,
    log_ratios: Tensor,
    mask: Tensor,
    reward_weights: Tensor,
    lambda_: float = 1.0,
) -> Tensor:
    """V-trace advantages of each group, summed over rewards with their weights.

    rewards [T, B, R], discounts [T, B], values [T + 1, B, R], log_ratios [T, B, G], reward_weights [R] or, for each
    sequence, [B, R] -> [T, B, G].
    """
    rewards, values = rewards[..., None], values[..., None]  # [T, B, R, 1] against ratios of [T, B, 1, G]
    ratios, counts = log_ratios[..., None, :], mask[..., None, None]
    corrected = vtrace(rewards, discounts[..., None, None], values, ratios, counts, lambda_=lambda_)
    return (corrected.advantages * reward_weights[..., None]).sum(-2)


def normalised(advantages: Tensor, mask: Tensor) -> Tensor:
    """Advantages [T, B, G] with mean 0 and deviation 1 over the decisions that count, each group by itself."""
    centred = advantages - _column_means(advantages, mask)
    return centred / _column_means(centred.square(), mask).sqrt().clamp(min=LEAST_DEVIATION)


def within_clip(log_ratios: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Where PPO's clipped objective has a gradient: bool of the shape of the arguments, which broadcast.

    The ratio has not yet passed 1 + clip where the advantage is positive, or 1 - clip where it is negative.
    """
    ratios = log_ratios.exp()
    return torch.where(advantages > 0, ratios <= 1 + clip, ratios >= 1 - clip)


def upgo_advantages(
    rewards: Tensor, discounts: Tensor, values: Tensor, log_ratios: Tensor, mask: Tensor, reward: int
) -> Tensor:
    """min(1, pi / mu) (G - V) of each group, with the UPGO return G of one reward; shapes as `vtrace_advantages`."""
    targets = upgo(rewards[..., reward], discounts, values[..., reward], mask)
    return log_ratios.exp().clamp(max=1.0) * (targets - values[:-1, :, reward])[..., None]


def policy_gradient_loss(group_log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """-mean of sum over groups of advantage * log pi: [T, B, G] each, bool [T, B] -> scalar.

    The advantages are constants; each group, of one head or of several, weighs the same.
    """
    return -masked_mean((group_log_probs * advantages.detach()).sum(-1), mask)


def value_losses(values: Tensor, targets: Tensor, mask: Tensor, active: Tensor | None = None) -> Tensor:
    """Half the mean squared error of each reward's value: [T, B, R] each -> [R]. The targets are constants.

    active: bool [B, R]; a sequence's reward that is not active has no error.
    """
    errors = 0.5 * (targets.detach() - values).square()
    return _column_means(errors if active is None else errors * active, mask)


def head_kls(spec: Spec, teacher: Tensor, student: Tensor, actions: Tensor) -> Tensor:
    """KL(teacher || student) of each used head: log-probabilities [T, B, L] each -> [T, B, H], 0 where unused.

    Only the student gets a gradient.
    """
    teacher = teacher.detach()
    terms = teacher.exp() * (teacher - student)
    per_head = torch.stack([terms[..., part].sum(-1) for part in spec.slices.values()], dim=-1)
    return per_head.masked_fill(~used_heads(spec, actions), 0.0)


def head_entropies(spec: Spec, log_probs: Tensor, actions: Tensor) -> Tensor:
    """Entropy of each used head over ln(head size): [T, B, L] -> [T, B, H] in [0, 1], 0 where unused.

    The divisor is a constant: dividing by ln of the number of legal categories is 0 / 0 when there is one.
    """
    terms = log_probs.exp() * log_probs
    parts = [terms[..., spec.slices[head.name]].sum(-1) / -math.log(max(head.size, 2)) for head in spec.heads]
    return torch.stack(parts, dim=-1).masked_fill(~used_heads(spec, actions), 0.0)


def guess_losses(spec: Spec, legal: Tensor) -> Tensor:
    """Cross-entropy (and entropy) of a uniform guess over the legal categories of each head, in nats.

    legal: bool [T, B, L] -> [T, B, H]; 0 where nothing or one category is legal.
    """
    counts = [legal[..., part].sum(-1).clamp(min=1) for part in spec.slices.values()]
    return torch.stack(counts, dim=-1).float().log()


def cross_entropy(spec: Spec, log_probs: Tensor, actions: Tensor, valid: Tensor) -> CrossEntropy:
    """Cross-entropy of each head with recorded actions, for imitation.

    log_probs [T, B, L], actions int64 [T, B, H], valid bool [T, B]. The caller weighs heads and decisions. A recorded
    category that the mask forbids costs nothing and is counted: masks are of the delayed observation, so the action
    may have been right, but a growing share of them shows a bug.
    """
    chosen = head_log_probs(spec, log_probs, actions)
    used = used_heads(spec, actions) & valid[..., None]
    scored = used & (chosen > ILLEGAL / 2)
    return CrossEntropy(torch.where(scored, -chosen, 0.0), scored, used & ~scored)


def masked_mean(value: Tensor, mask: Tensor) -> Tensor:
    """Mean over True entries: [T, B] and bool [T, B] -> scalar; 0 without any."""
    return torch.where(mask, value, 0.0).sum() / mask.sum().clamp(min=1)


def _column_means(value: Tensor, mask: Tensor) -> Tensor:
    """Mean over the decisions that count, for each column: [T, B, K] -> [K]."""
    return torch.where(mask[..., None], value, 0.0).sum((0, 1)) / mask.sum().clamp(min=1)


def _row(weights: tuple[float, ...], spec: Spec, like: Tensor) -> Tensor:
    """One weight a reward as a tensor [R]; ones for ()."""
    if weights and len(weights) != len(spec.rewards):
        raise ValueError(f"{len(weights)} weights for {len(spec.rewards)} rewards")
    return constant(weights or (1.0,) * len(spec.rewards), like.device, like.dtype)


@torch.no_grad()
def _ratios(spec: Spec, log_ratios: Tensor, mask: Tensor) -> Losses:
    """How far from on-policy each group is: the mean of pi / mu clipped at 1."""
    ratios = _column_means(log_ratios.exp().clamp(max=1.0), mask)
    return {f"ratio/{group}": ratios[i] for i, group in enumerate(spec.groups)}
