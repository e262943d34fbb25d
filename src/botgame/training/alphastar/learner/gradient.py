"""The gradient of a minibatch, or of one part of it: forward pass, all losses, backward pass."""

from __future__ import annotations

from typing import NamedTuple

import torch

from botgame.spec import Spec
from botgame.training.alphastar.learner.losses import Losses, LossInputs, LossWeights, reinforcement_losses
from botgame.training.alphastar.learner.sequences import SequenceBatch
from botgame.training.alphastar.network.network import Network, Unrolled
from botgame.training.alphastar.network.precision import autocast

Metrics = dict[str, float]


class GradientOptions(NamedTuple):
    """What a gradient depends on besides network and data.

    decisions: number in the whole minibatch; mixed: whether the network computes in bfloat16 (`precision.autocast`).
    """

    weights: LossWeights
    decisions: int
    discount: float
    temperature: float
    mixed: bool


def backward(spec: Spec, network: Network, batch: SequenceBatch, options: GradientOptions) -> Metrics:
    """Leave this part's share of the gradient of the minibatch's mean loss in `network`'s parameters.

    Returns the part's share of the mean loss terms and diagnostics, so that the parts add up to the whole.
    """
    share = float(batch.mask.sum()) / options.decisions
    losses = losses_of(spec, network, batch, options)
    network.zero_grad(set_to_none=True)
    (losses["total"] * share).backward()  # type: ignore[no-untyped-call]
    figures = torch.stack([value.detach() for value in losses.values()]).tolist()
    return {name: value * share for name, value in zip(losses, figures, strict=True)}


def losses_of(
    spec: Spec, network: Network, batch: SequenceBatch, options: GradientOptions, *, whole: bool = False
) -> Losses:
    """All loss terms and diagnostics of a minibatch. whole: see `Network.unroll`."""
    unrolled = unroll(spec, network, batch, options.temperature, options.mixed, whole=whole)
    inputs = LossInputs(
        log_probs=unrolled.log_probs[:-1],
        values=unrolled.values,
        actions=batch.actions[:-1],
        behaviour=batch.behaviour,
        teacher=batch.teacher,
        rewards=batch.rewards,
        discounts=batch.discount * options.discount,
        mask=batch.mask,
        early=batch.early,
        active=batch.active,
    )
    return reinforcement_losses(spec, inputs, options.weights)


def unroll(
    spec: Spec, network: Network, batch: SequenceBatch, temperature: float, mixed: bool, *, whole: bool = False
) -> Unrolled:
    """Log-probabilities, and the values of the spec's rewards: a network may have values for rewards unpaid here."""
    with autocast(mixed, torch.device(batch.memory.device)):
        unrolled = network.unroll(
            batch.observation, batch.memory, batch.actions, batch.valid, temperature=temperature, whole=whole
        )
    return unrolled._replace(values=unrolled.values[..., : len(spec.rewards)])
