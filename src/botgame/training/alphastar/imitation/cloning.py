"""Behaviour cloning: per-head masked cross-entropy over short windows, with the memory that led up to each window.

Many small updates clone far better than few large ones, so a batch is a few short windows from all parts of the data
instead of long sequences that would warm the memory up. Each window starts from the memory at the end of the window
before it, as it was when that one was last trained on (the stored state of R2D2: Kapturowski et al., "Recurrent
experience replay in distributed reinforcement learning", 2019), in half precision, and from zeros in the first epoch.
T, B, H as in `dataset`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from botgame.spec import Spec
from botgame.training.alphastar.adam import Adam
from botgame.training.alphastar.imitation.dataset import Chunk, WindowBatch
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.learner.losses import CrossEntropy, cross_entropy, guess_losses
from botgame.training.alphastar.network.compiled import compiled_twin
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.precision import autocast, mixed
from botgame.wording import counted


@dataclass(frozen=True)
class CloningConfig:
    """Configuration of an update. value_weight: weight of the critic's squared error on the match's outcome."""

    lr: float = 3e-4
    value_weight: float = 0.5
    clip_norm: float = 10.0
    precision: str = "auto"
    compile: bool = False


class Recall:
    """The memory before every window, float16 [windows, M] for each trajectory by name."""

    def __init__(self, memory_size: int) -> None:
        self.memory_size = memory_size
        self._kept: dict[str, Tensor] = {}

    def gather(self, chunk: Chunk) -> Tensor:
        """Memories of a chunk's windows, float16 [W, M]; zeros for a trajectory that was never seen."""
        parts = []
        for name, count in zip(chunk.names, chunk.counts.tolist(), strict=True):
            fresh = torch.zeros((count, self.memory_size), dtype=torch.float16)
            parts.append(self._kept.get(name, fresh))
        return torch.cat(parts) if parts else torch.zeros((0, self.memory_size), dtype=torch.float16)

    def keep(self, chunk: Chunk, memories: Tensor) -> None:
        """Store the memories that `gather` returned and training has updated."""
        parts = torch.split(memories, chunk.counts.tolist()) if chunk.names else ()
        self._kept.update(zip(chunk.names, (part.clone() for part in parts), strict=True))

    def state_dict(self) -> dict[str, Any]:
        """One tensor of all memories, with the names of the trajectories and their numbers of windows."""
        counts = [len(part) for part in self._kept.values()]
        empty = torch.zeros((0, self.memory_size), dtype=torch.float16)
        return {"names": list(self._kept), "counts": counts, "memories": torch.cat([empty, *self._kept.values()])}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self._kept = dict(zip(state["names"], torch.split(state["memories"], state["counts"]), strict=True))


class Sums:
    """Running means of named numbers, each with its own weight."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._weights: dict[str, float] = {}

    def add(self, name: str, total: float, weight: float) -> None:
        """Add `total`, the sum of values whose weights sum to `weight`."""
        self._sums[name] = self._sums.get(name, 0.0) + total
        self._weights[name] = self._weights.get(name, 0.0) + weight

    def means(self) -> dict[str, float]:
        """Return all means and start again from nothing."""
        out = {name: total / self._weights[name] for name, total in self._sums.items() if self._weights[name] > 0}
        self._sums, self._weights = {}, {}
        return out

    def snapshot(self) -> dict[str, dict[str, float]]:
        """The sums and weights of every name."""
        return {"sums": dict(self._sums), "weights": dict(self._weights)}

    def restore(self, snapshot: dict[str, dict[str, float]]) -> None:
        """Inverse of `snapshot`."""
        self._sums, self._weights = dict(snapshot["sums"]), dict(snapshot["weights"])


class Cloner:
    """Network, Adam and running statistics: `learn` is one update."""

    def __init__(self, network: Network, config: CloningConfig, device: torch.device) -> None:
        self.network = network.to(device)
        self.config = config
        self.device = device
        self._mixed = mixed(config.precision, device, network)
        self._trained = compiled_twin(network) if config.compile else network
        self.optimiser = Adam(network.parameters(), lr=config.lr)
        self.recall = Recall(network.memory_size)
        self.sums = Sums()
        self.updates = 0

    def set_rate(self, lr: float) -> None:
        """Learning rate from now on."""
        for group in self.optimiser.param_groups:
            group["lr"] = lr

    def learn(self, chunk: Chunk, windows: np.ndarray, memories: Tensor) -> int:
        """Update on `windows` of `chunk` and store their final memory for the windows that follow them.

        memories: float16 [W, M] of the whole chunk (from `Recall.gather`), changed in place. Returns the number of
        decisions in the batch. Raises Diverged before anything is changed when the loss or its gradient is not finite.
        """
        batch = chunk.batch(windows)
        tensors = _tensors(batch, self.device)
        memory = memories[windows].to(self.device, torch.float32)
        observation, actions, valid = (tensors[name] for name in ("observation", "actions", "valid"))
        with autocast(self._mixed, self.device):
            unrolled = self._trained.unroll(observation, memory, actions, valid, values=self.config.value_weight > 0)
        loss = self._loss(unrolled.log_probs, unrolled.values, tensors)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_norm))
        if not math.isfinite(norm):
            raise Diverged(
                f"the loss or its gradient ({norm}) is not finite after {counted(self.updates, 'update')}; lower --lr"
            )
        self.optimiser.step()
        self.updates += 1
        self.sums.add("gradient_norm", norm, 1.0)
        going_on = chunk.follows[windows]
        memories[windows[going_on] + 1] = unrolled.memory.detach()[torch.from_numpy(going_on)].cpu().half()
        return int(batch.valid.sum())

    def _loss(self, log_probs: Tensor, values: Tensor, batch: dict[str, Any]) -> Tensor:
        spec, weights = self.network.spec, batch["weights"]
        count = (weights > 0).sum().clamp(min=1)
        heads = cross_entropy(spec, log_probs, batch["actions"], batch["valid"])
        loss: Tensor = (heads.losses * weights[..., None]).sum() / count
        self._add_figures(heads, log_probs.detach(), batch, loss)
        if self.config.value_weight > 0:
            error = outcome_error(spec, values, batch["outcome"]) * (batch["valid"] & (weights > 0))
            value_loss = error.sum() / count
            loss = loss + self.config.value_weight * value_loss
            self.sums.add("loss/value", float(value_loss.detach()), 1.0)
        return loss

    def _add_figures(self, heads: CrossEntropy, log_probs: Tensor, batch: dict[str, Any], loss: Tensor) -> None:
        """Add up the figures to report.

        These are the loss; for each head loss, accuracy and the loss of a uniform guess over the decisions that use it,
        and the share of these decisions; and the share of recorded categories that the observation forbids.
        """
        self.sums.add("loss", float(loss.detach()), 1.0)
        counted = heads.scored & (batch["weights"] > 0)[..., None]
        uses = counted.flatten(0, 1).sum(0).tolist()
        losses = (heads.losses.detach() * counted).flatten(0, 1).sum(0).tolist()
        guesses = guess_losses(self.network.spec, batch["observation"]["legal"])
        guesses = (guesses * counted).flatten(0, 1).sum(0).tolist()
        decisions = float((batch["valid"] & (batch["weights"] > 0)).sum())
        wrong = float(heads.wrong_mask.sum())
        self.sums.add("wrong_mask", wrong, wrong + float(heads.scored.sum()))
        for h, (name, part) in enumerate(self.network.spec.slices.items()):
            right = (log_probs[..., part].argmax(-1) == batch["actions"][..., h]) & counted[..., h]
            self.sums.add(f"loss/{name}", losses[h], uses[h])
            self.sums.add(f"accuracy/{name}", float(right.sum()), uses[h])
            self.sums.add(f"uniform/{name}", guesses[h], uses[h])
            self.sums.add(f"uses/{name}", uses[h], decisions)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `learn` depends on, and the statistics so far."""
        return {
            "weights": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "recall": self.recall.state_dict(),
            "sums": self.sums.snapshot(),
            "updates": self.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self.network.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.recall.load_state_dict(state["recall"])
        self.sums.restore(state["sums"])
        self.updates = state["updates"]


def outcome_error(spec: Spec, values: Tensor, outcome: Tensor) -> Tensor:
    """Half the squared error of the values of final rewards: values [T, B, R], outcome [B] (NaN: 0) -> [T, B]."""
    final = [k for k, reward in enumerate(spec.rewards) if not reward.dense]
    known = ~torch.isnan(outcome)
    target = torch.where(known, outcome, 0.0)[None, :, None]
    return 0.5 * ((values[..., final] - target) ** 2).sum(-1) * known


def _tensors(batch: WindowBatch, device: torch.device) -> dict[str, Any]:
    fields = {name: getattr(batch, name) for name in ("actions", "valid", "weights", "outcome")}
    tensors: dict[str, Any] = {name: torch.from_numpy(array).to(device) for name, array in fields.items()}
    tensors["observation"] = {key: torch.from_numpy(array).to(device) for key, array in batch.observation.items()}
    return tensors
