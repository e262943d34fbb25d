"""The action distribution: which heads an action uses, their log-probabilities, and sampling of one head.

An action has one column for each head. Pure functions of tensors; the spec decides. Notation: H heads, L = sum of the
head sizes, G V-trace groups. A head that the action does not use contributes 0 to ratios, losses, entropy and KL.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from botgame.spec import Condition, Spec
from botgame.training.alphastar.network.constants import constant

ILLEGAL = -1e9  # logit of an illegal category: exp() of it is exactly 0, and differences of two of them stay finite
_BELOW_ONE = 1 - 2**-20


def used_head(spec: Spec, head: int, chosen: Sequence[Tensor]) -> Tensor | None:
    """Whether head number `head` matters, given the columns int64 [...] of the heads before it: bool [...].

    None means always: most heads have no condition, so the network need not multiply by one.
    """
    used = None
    for condition in spec.heads[head].used_when:
        holds = _holds(condition, chosen[spec.head_index(condition.head)])
        used = holds if used is None else used & holds
    return used


def used_heads(spec: Spec, actions: Tensor) -> Tensor:
    """Which heads matter for each action: actions int64 [..., H] -> bool [..., H]."""
    columns = actions.unbind(-1)
    always = torch.ones_like(columns[0], dtype=torch.bool)
    used = [used_head(spec, head, columns) for head in range(len(spec.heads))]
    return torch.stack([always if column is None else column for column in used], dim=-1)


def head_log_probs(spec: Spec, log_probs: Tensor, actions: Tensor) -> Tensor:
    """Log-probability of the chosen category of each head, 0 where the head is unused.

    log_probs: float [..., L], all heads' log-softmax side by side. actions: int64 [..., H]. Returns float [..., H].
    """
    starts = constant(tuple(part.start for part in spec.slices.values()), actions.device)
    chosen = log_probs.gather(-1, actions + starts)
    return chosen.masked_fill(~used_heads(spec, actions), 0.0)


def group_sums(spec: Spec, per_head: Tensor) -> Tensor:
    """Sum the heads of each V-trace group: [..., H] -> [..., G] in the order of `spec.groups`."""
    columns = [tuple(i for i, head in enumerate(spec.heads) if head.group == group) for group in spec.groups]
    parts = [per_head.index_select(-1, constant(column, per_head.device)) for column in columns]
    return torch.stack([part.sum(-1) for part in parts], dim=-1)


def group_log_ratios(spec: Spec, target: Tensor, behaviour: Tensor) -> Tensor:
    """log(pi / mu) of each group from two results of `head_log_probs`: float [..., H] each -> [..., G]."""
    return group_sums(spec, target - behaviour)


def masked_log_softmax(logits: Tensor, illegal: Tensor) -> Tensor:
    """Log-softmax over the legal categories: float [N, K], bool [N, K] -> [N, K], about -1e9 where illegal."""
    return torch.log_softmax(logits.masked_fill(illegal, ILLEGAL), dim=-1)


def sample(log_probs: Tensor, legal: Tensor, uniforms: Tensor) -> Tensor:
    """Draw one category a row by inverting the cumulative distribution.

    log_probs float [N, K], legal bool [N, K], uniforms float [N, 1] in [0, 1] -> int64 [N]. The first legal category
    whose cumulative probability exceeds u, so rounding can never pick an illegal one. u shrinks by a few float32 steps,
    so there is such a category at u = 1 too. Without any legal category: 0.
    """
    return (beyond(log_probs, uniforms) & legal).view(torch.uint8).argmax(-1)  # of equal maxima, argmax takes the first


def beyond(log_probs: Tensor, uniforms: Tensor) -> Tensor:
    """Categories whose cumulative probability exceeds u: bool [N, K]; see `sample`."""
    cumulative = log_probs.exp().cumsum(-1)
    return cumulative > uniforms * (_BELOW_ONE * cumulative[:, -1:])


def _holds(condition: Condition, chosen: Tensor) -> Tensor:
    """Whether the category chosen in the condition's head is one of its values."""
    low, high = min(condition.values), max(condition.values)
    if high - low + 1 == len(set(condition.values)):
        return (chosen >= low) & (chosen <= high)
    holds = chosen == condition.values[0]
    for value in condition.values[1:]:
        holds |= chosen == value
    return holds
