"""Targets and advantages of off-policy actor-critic learning: lambda-returns, V-trace, UPGO.

Pure functions of time-major tensors; results carry no gradient. Notation: T decisions of B sequences, possibly with
further dimensions that broadcast (rewards, head groups). `rewards[t]` and `discounts[t]` belong to the step from t to
t + 1, with discount 0 at a true end; `values` has T + 1 rows, the last to bootstrap from. `mask` [T, B, ...] is False
in the padding after a sequence of n < T decisions; its bootstrap value is `values[n]`, and later rows do not matter.

Sources: Espeholt et al., "IMPALA", ICML 2018 (V-trace); Vinyals et al., Nature 575, 2019, Methods (UPGO, TD(lambda)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class VTrace(NamedTuple):
    """Result of `vtrace`, shapes as its inputs broadcast."""

    targets: Tensor  # vs [T, B, ...]: corrected value targets
    advantages: Tensor  # [T, B, ...]: for the policy gradient, already multiplied by the clipped ratio


@torch.no_grad()
def lambda_returns(
    rewards: Tensor, discounts: Tensor, values: Tensor, lambda_: float | Tensor, mask: Tensor | None = None
) -> Tensor:
    """G_t = r_t + g_t ((1 - l_t) V_{t+1} + l_t G_{t+1}) with G_n = V_n after the last of n decisions: [T, B, ...].

    `lambda_` is a number (TD(lambda); 0 gives one-step targets, 1 the return to the end) or a tensor [T, B, ...].
    In the padding the return is the value there. Used as the target of the value loss, and by `upgo`.
    Raises ValueError for shapes that do not fit.
    """
    _check(rewards, discounts, values, lambda_=lambda_, mask=mask)
    constant = rewards + discounts * (1 - lambda_) * values[1:]
    factor = discounts * lambda_
    if mask is not None:
        constant, factor = torch.where(mask, constant, values[:-1]), factor * mask
    return _accumulate(constant, factor, values[-1])


@torch.no_grad()
def upgo(rewards: Tensor, discounts: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Returns that follow the behaviour only while it did better than expected: [T, B, ...].

    G_t = r_t + g_t (G_{t+1} if r_{t+1} + g_{t+1} V_{t+2} >= V_{t+1} else V_{t+1}): a lambda-return whose lambda is
    that indicator. So G_t >= r_t + g_t V_{t+1} always. The advantage is min(1, pi / mu) (G_t - V_t).
    Raises ValueError for shapes that do not fit.
    """
    _check(rewards, discounts, values, mask=mask)
    better = (rewards + discounts * values[1:] >= values[:-1]).to(values.dtype)
    lambdas = torch.cat([better[1:], torch.ones_like(better[:1])])  # the last one weighs V_T against itself
    return lambda_returns(rewards, discounts, values, lambdas, mask)


@torch.no_grad()
def vtrace(
    rewards: Tensor,
    discounts: Tensor,
    values: Tensor,
    log_ratios: Tensor,
    mask: Tensor | None = None,
    clip_rho: float = 1.0,
    clip_c: float = 1.0,
    lambda_: float = 1.0,
) -> VTrace:
    """V-trace targets and policy-gradient advantages from log(pi / mu) [T, B, ...].

    delta_t = rho_t (r_t + g_t V_{t+1} - V_t);  vs_t - V_t = delta_t + g_t c_t (vs_{t+1} - V_{t+1});
    A_t = rho_t (r_t + g_t vs_{t+1} - V_t), with vs_n = V_n, rho the ratio clipped from above, and c the ratio clipped
    from above times `lambda_` (IMPALA, remark 2), which trades variance for bias; AlphaStar has 1.
    Raises ValueError for shapes that do not fit.
    """
    _check(rewards, discounts, values, log_ratios=log_ratios, mask=mask)
    ratios = log_ratios.exp()
    rho, c = ratios.clamp(max=clip_rho), ratios.clamp(max=clip_c)
    delta = rho * (rewards + discounts * values[1:] - values[:-1])
    factor = discounts * c * lambda_
    if mask is not None:
        delta, factor = torch.where(mask, delta, 0.0), factor * mask
    excess = _accumulate(delta, factor, torch.zeros_like(delta[-1]))
    following = torch.cat([excess[1:], torch.zeros_like(excess[:1])]) + values[1:]
    advantages = rho * (rewards + discounts * following - values[:-1])
    if mask is not None:
        advantages = torch.where(mask, advantages, 0.0)
    return VTrace(excess + values[:-1], advantages)


def _accumulate(constant: Tensor, factor: Tensor, last: Tensor) -> Tensor:
    """x_t = constant_t + factor_t x_{t+1}, from x_T = last backwards: [T, ...] each, last [...] -> [T, ...].

    A GPU takes longer to start an operation than to do it for all steps at once.
    """
    return (_doubling if constant.is_cuda else _stepwise)(constant, factor, last)


def _stepwise(constant: Tensor, factor: Tensor, last: Tensor) -> Tensor:
    """One operation for each step."""
    result = []
    for t in range(len(constant) - 1, -1, -1):
        last = torch.addcmul(constant[t], factor[t], last)
        result.append(last)
    return torch.stack(result[::-1])


def _doubling(constant: Tensor, factor: Tensor, last: Tensor) -> Tensor:
    """A few operations for each doubling: after a round every step is expressed by one twice as many steps ahead."""
    shape = np.broadcast_shapes(constant.shape, factor.shape)
    constant, factor = constant.expand(shape), factor.expand(shape)
    ahead = 1
    while ahead < len(constant):
        near = torch.addcmul(constant[:-ahead], factor[:-ahead], constant[ahead:])
        constant = torch.cat([near, constant[-ahead:]])
        factor = torch.cat([factor[:-ahead] * factor[ahead:], factor[-ahead:]])
        ahead *= 2
    return torch.addcmul(constant, factor, last)


def _check(rewards: Tensor, discounts: Tensor, values: Tensor, **others: Tensor | float | None) -> None:
    """Raise ValueError unless ranks and time axes fit and the other dimensions broadcast.

    others: further inputs of T steps by name; a number or None always fits.
    """
    steps = {"rewards": rewards, "discounts": discounts}
    steps |= {name: other for name, other in others.items() if isinstance(other, Tensor)}
    ranks = {name: tensor.ndim for name, tensor in {**steps, "values": values}.items()}
    if len(set(ranks.values())) > 1:
        raise ValueError("ranks differ: " + ", ".join(f"{name} {rank}" for name, rank in ranks.items()))
    lengths = {name: len(tensor) for name, tensor in steps.items()}
    if set(lengths.values()) != {len(values) - 1}:
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ValueError(f"expected T + 1 values and T of each other input, got {len(values)} values, {found}")
    try:  # NumPy's: PyTorch's loads a compiler
        np.broadcast_shapes(values.shape[1:], *(each.shape[1:] for each in steps.values()))
    except ValueError as error:
        shapes = {name: tuple(tensor.shape) for name, tensor in {**steps, "values": values}.items()}
        raise ValueError(f"shapes do not broadcast: {shapes}") from error
