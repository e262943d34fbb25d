"""The learner: minibatches of sequences in, better weights out.

Loss and optimiser are AlphaStar's (Vinyals et al., Nature 575, 2019, Methods): V-trace in head groups, UPGO,
TD(lambda), KL from the teacher, entropy; Adam, with b1 = 0 unless the config says otherwise. Other processes may have
parts of a minibatch (`Elsewhere`); their gradients are added in a fixed order, so a run repeats exactly.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from botgame.spec import Spec
from botgame.training.alphastar.adam import Adam
from botgame.training.alphastar.learner.captured_gradient import NORMS, CapturedGradient
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics, backward, unroll
from botgame.training.alphastar.learner.losses import LossWeights, guess_losses, head_entropies, head_kls
from botgame.training.alphastar.learner.replay_buffer import Counts, ReplayBuffer, counts_of
from botgame.training.alphastar.learner.returns import lambda_returns
from botgame.training.alphastar.learner.sequences import Columns, SequenceBatch, gather
from botgame.training.alphastar.network.action_distribution import used_heads
from botgame.training.alphastar.network.compiled import compiled_twin
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.precision import mixed
from botgame.training.alphastar.statistic_z.config import VALUE_WEIGHT
from botgame.training.alphastar.statistic_z.seats import Styles

B2, EPSILON = 0.99, 1e-5
_HUGE_REWARD = 1e6
WARMUP_UPDATES = 50  # Adam's second moments are noise at first


def loss_weights(
    spec: Spec, config: RLConfig, *, value_only: bool = False, styles: Styles | None = None, progress: float = 0.0
) -> LossWeights:
    """Weights of the loss terms: of each its `..._cost`; of the rewards' advantages `config.reward_weights`.

    progress: share of the run that is done, which decides how far the KL's weight has fallen. A policy moves away from
    its teacher as it learns, so a constant weight would hold a better policy back more (docs/LOG.md, 2026-11-26).
    The pseudo-rewards for `styles` are the last ones of the spec; their weights are those of `styles.config`.
    """
    result = next((index for index, reward in enumerate(spec.rewards) if not reward.dense), 0)
    on = 0.0 if value_only else 1.0
    pseudo = styles.config.reward_weights(styles.names) if styles else ()
    own = spec.rewards[: len(spec.rewards) - len(pseudo)]
    costs = {name.removesuffix("_cost"): on * cost for name, cost in vars(config).items() if name.endswith("_cost")}
    costs |= {"value": config.value_cost, "kl": costs["kl"] * config.kl_end**progress}
    return LossWeights(
        **costs,
        rewards=tuple(dict(config.reward_weights).get(reward.name, 1.0) for reward in own) + pseudo,
        values=(1.0,) * len(own) + (VALUE_WEIGHT,) * len(pseudo) if pseudo else (),
        upgo_reward=result,
        td_lambda=config.td_lambda,
        vtrace_lambda=config.vtrace_lambda,
        clip_ratio=config.clip_ratio,
        normalise=config.advantages == "normalised",
        early_kl=on * styles.config.z_kl_cost if styles else 0.0,
        early_head=spec.head_index(styles.conditioning.inputs.style.head) if styles else 0,
    )


def rates_left(config: RLConfig, progress: float) -> float:
    """Share of the learning rates that is left, in [0, 1], after a share `progress` of the run."""
    if config.lr_fall == "geometric":
        return math.pow(config.lr_end, progress)
    return 1 - (1 - config.lr_end) * progress


def _advice(rewards: NDArray[np.float32]) -> str:
    """What to do about a loss that is not finite; rewards: those that it is of, as far as they are in this process."""
    largest = float(np.abs(rewards).max(initial=0.0))
    if largest <= _HUGE_REWARD:
        return "lower --lr"
    return (
        f"the game paid a reward of {largest:.3g}, expected rewards that sum to about 1 in a match; make them smaller"
    )


class Elsewhere(Protocol):
    """A minibatch of which other processes have parts; `whole` is what is in all parts together."""

    whole: Counts

    def begin(self, options: GradientOptions) -> None:
        """Let the others begin to compute their parts of the gradient, with the present weights."""

    def finish(self) -> list[Metrics]:
        """Add their gradients to the network's; returns the metrics of each part."""


class Learner:
    """Owns the optimiser of `network`.

    `steps` counts the player's updates, also those before it started anew; `value_steps` this optimiser's, and
    `policy_steps` those of them that moved the policy.
    """

    def __init__(
        self,
        spec: Spec,
        network: Network,
        config: RLConfig,
        *,
        device: torch.device | str = "cpu",
        styles: Styles | None = None,
    ) -> None:
        self._spec, self._config, self._device = spec, config, torch.device(device)
        self._styles = styles
        self.network = network.to(self._device)
        self.steps = self.value_steps = self.policy_steps = 0
        self._progress = 0.0
        self._critic = list(network.critic.parameters())
        inside = {id(parameter) for parameter in self._critic}
        self._policy = [parameter for parameter in network.parameters() if id(parameter) not in inside]
        groups: list[dict[str, Any]] = [{"params": self._policy}, {"params": self._critic, "lr": config.critic_lr}]
        self._betas = config.adam_b1, B2
        self._optimiser = Adam(groups, lr=config.lr, betas=self._betas, eps=EPSILON, fused=True)
        self._mixed = mixed(config.precision, self._device, network)
        self._learning = compiled_twin(network) if config.compile else network
        self._captured: CapturedGradient | None = None

    def capture(self, buffer: ReplayBuffer) -> None:
        """On a GPU, learn from the sequences of `buffer` alone from now on, with a CUDA graph (`CapturedGradient`)."""
        if self._device.type == "cuda" and not self._config.compile:
            rows = self._config.batch_size
            self._captured = CapturedGradient(self._spec, self.network, buffer, rows, self._clip)

    def anneal(self, progress: float) -> None:
        """Set learning rates and the KL's weight to those after a share `progress` of the run, in [0, 1]."""
        self._progress = progress

    def update(
        self,
        columns: Columns,
        places: NDArray[np.intp],
        *,
        value_only: bool = False,
        elsewhere: Elsewhere | None = None,
    ) -> Metrics:
        """One step on the sequences at `places`, and on those `elsewhere`; returns the mean loss terms and diagnostics.

        Raises Diverged before anything is changed when the loss or its gradient is not finite.
        """
        whole = elsewhere.whole if elsewhere else counts_of(columns, places)
        options = GradientOptions(
            loss_weights(self._spec, self._config, value_only=value_only, styles=self._styles, progress=self._progress),
            max(1, whole.decisions),
            self._config.discount,
            self._config.temperature,
            self._mixed,
        )
        if self._captured:
            metrics = self._captured(places, options)
        else:
            metrics = self._gradient(columns, places, options, elsewhere)
        metrics["staleness"] = whole.staleness(self.steps)
        if not all(math.isfinite(metrics[name]) for name in ("total", *NORMS)):
            found = f"the loss is {metrics['total']} and its gradient {metrics[NORMS[0]]} at learner step {self.steps}"
            raise Diverged(f"{found}; {_advice(columns['rewards'][places])}")
        self._step(value_only)
        return metrics

    @torch.no_grad()
    def inspect(self, columns: Columns, places: NDArray[np.intp]) -> Metrics:
        """Figures of the network's outputs for the sequences at `places`.

        For each head entropy and, with a teacher, KL over the decisions that use it, the entropy of a uniform guess
        there and the share of these decisions; for each reward the share of the returns' variance that the critic
        explains.
        """
        batch = gather(columns, places, self._device)
        unrolled = unroll(self._spec, self.network, batch, self._config.temperature, self._mixed)
        return {**self._inspect_heads(batch, unrolled.log_probs[:-1]), **self._inspect_critic(batch, unrolled.values)}

    def _inspect_heads(self, batch: SequenceBatch, log_probs: Tensor) -> Metrics:
        actions = batch.actions[:-1]
        entropies = head_entropies(self._spec, log_probs, actions)[batch.mask]
        kls = None if batch.teacher is None else head_kls(self._spec, batch.teacher, log_probs, actions)[batch.mask]
        guesses = guess_losses(self._spec, batch.observation["legal"][:-1])[batch.mask]
        scored = used_heads(self._spec, actions)[batch.mask]
        used = scored.sum(0).clamp(min=1)
        out: Metrics = {}
        for index, head in enumerate(self._spec.heads):
            out[f"entropy/{head.name}"] = float(entropies[:, index].sum() / used[index])
            if kls is not None:
                out[f"kl/{head.name}"] = float(kls[:, index].sum() / used[index])
            guess = guesses[:, index][scored[:, index]].sum() / used[index] / math.log(max(head.size, 2))
            out[f"uniform/{head.name}"] = float(guess)
            out[f"uses/{head.name}"] = float(scored[:, index].sum() / max(1, len(scored)))
        return out

    def _inspect_critic(self, batch: SequenceBatch, values: Tensor) -> Metrics:
        discounts = (batch.discount * self._config.discount)[..., None]
        targets = lambda_returns(batch.rewards, discounts, values, self._config.td_lambda, batch.mask[..., None])
        if batch.active is not None:
            return self._inspect_active(batch, targets, values)
        targets, errors = targets[batch.mask], (targets - values[:-1])[batch.mask]
        explained = 1 - errors.var(0, unbiased=False) / targets.var(0, unbiased=False).clamp(min=1e-8)
        return {f"explained_variance/{r.name}": float(explained[i]) for i, r in enumerate(self._spec.rewards)}

    def _inspect_active(self, batch: SequenceBatch, targets: Tensor, values: Tensor) -> Metrics:
        """The same for each reward over the sequences in which it is paid, if there are any."""
        assert batch.active is not None
        out: Metrics = {}
        for index, reward in enumerate(self._spec.rewards):
            paid = batch.mask & batch.active[:, index]
            target, error = targets[..., index][paid], (targets - values[:-1])[..., index][paid]
            if len(target):
                spread = target.var(unbiased=False).clamp(min=1e-8)
                out[f"explained_variance/{reward.name}"] = float(1 - error.var(unbiased=False) / spread)
        return out

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser and counters."""
        return {
            "weights": {name: tensor.detach().cpu().clone() for name, tensor in self.network.state_dict().items()},
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
            "value_steps": self.value_steps,
            "policy_steps": self.policy_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of `state_dict`, but for Adam's betas, which are this learner's own: a branch may have others."""
        self.network.load_state_dict(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])
        for group in self._optimiser.param_groups:
            group["betas"] = self._betas
        for counter in ("steps", "value_steps", "policy_steps"):
            setattr(self, counter, int(state[counter]))

    def _gradient(
        self, columns: Columns, places: NDArray[np.intp], options: GradientOptions, elsewhere: Elsewhere | None
    ) -> Metrics:
        """Leave the clipped gradient in the network; returns what `CapturedGradient` does."""
        self.network.zero_grad(set_to_none=True)
        if elsewhere:
            elsewhere.begin(options)
        parts = []
        if len(places):
            parts.append(backward(self._spec, self._learning, gather(columns, places, self._device), options))
        if elsewhere:
            parts += elsewhere.finish()
        merged = {name: sum(part[name] for part in parts) for name in parts[0]}
        return merged | dict(zip(NORMS, map(float, self._clip()), strict=True))

    def _clip(self) -> tuple[Tensor, Tensor]:
        """Clip the gradients of policy and critic; returns their norms before that, as tensors []."""
        return self._clip_group(self._policy), self._clip_group(self._critic)

    def _clip_group(self, parameters: list[nn.Parameter]) -> Tensor:
        if all(parameter.grad is None for parameter in parameters):
            return torch.zeros((), device=self._device)
        return nn.utils.clip_grad_norm_(parameters, self._config.max_grad_norm)

    def _step(self, value_only: bool) -> None:
        """Let the optimiser step along the gradient that is in the network."""
        fallen = rates_left(self._config, self._progress)
        rates = (self._config.lr, self.policy_steps), (self._config.critic_lr, self.value_steps)
        for group, (lr, done) in zip(self._optimiser.param_groups, rates, strict=True):
            group["lr"] = lr * fallen * min(1.0, (done + 1) / WARMUP_UPDATES)
        if value_only:
            for parameter in self._policy:
                parameter.grad = None
        self._optimiser.step()
        increment_version(self.network.parameters())  # the fused step leaves it out, and `OnnxStep` goes by it
        self.steps += 1
        self.value_steps += 1
        self.policy_steps += not value_only
