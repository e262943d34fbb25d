"""The whole network: encoders -> LSTM core (with a skip around it) -> autoregressive heads, and a critic.

It is built from a `Spec`, so it serves any game. `act` makes one decision for many seats and never reads `privileged`;
`unroll` runs whole sequences with the recorded actions, for learning. Notation: N rows, T time,
B sequences, H heads, L = sum of head sizes, R rewards, M memory size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botgame.spec import Spec
from botgame.training.alphastar.network.action_distribution import sample
from botgame.training.alphastar.network.core import Core
from botgame.training.alphastar.network.critic import Critic
from botgame.training.alphastar.network.encoders import ObservationEncoder
from botgame.training.alphastar.network.heads import Choose, Heads
from botgame.training.alphastar.network.memoryless_core import MemorylessCore
from botgame.training.alphastar.network.norm_core import NormCore
from botgame.training.alphastar.network.precision import full_precision
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.network.rows import spread, take


class Acted(NamedTuple):
    """Result of `Network.act`."""

    actions: Tensor  # int64 [N, H]
    memory: Tensor  # float32 [N, M]
    log_probs: Tensor  # float32 [N, L]: every head's log-softmax, about -1e9 where illegal


class Unrolled(NamedTuple):
    """Result of `Network.unroll`; rows that are not valid are 0, and so are heads that an action does not use."""

    log_probs: Tensor  # float32 [T, B, L]
    values: Tensor  # float32 [T, B, R]: the spec's rewards, then pseudo-rewards
    memory: Tensor  # float32 [B, M] after each sequence's last valid row


class Network(nn.Module):
    """Policy and critic for one spec. Initial weights depend only on `seed`.

    Raises ValueError for a pointer head with more targets than the entity table has rows.
    """

    def __init__(self, spec: Spec, config: NetworkConfig, seed: int = 0) -> None:
        super().__init__()
        self.spec, self.config = spec, config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = ObservationEncoder(spec, config)
            self.core = _core(config)
            features = config.core_width + config.encoder_width
            self.heads = Heads(spec, config, features)
            self.critic = Critic(spec, config, features)
        self.dense = False
        self.memory_size = self.core.memory_size
        self.values = self.critic.values

    def set_dense(self, dense: bool) -> None:
        """Set whether shapes may not depend on the data, as exporters and compilers need it."""
        self.dense = dense
        self.encoder.set_dense(dense)

    def initial_memory(self, n: int) -> Tensor:
        """Memory at the start of an episode: zeros, float32 [n, M]."""
        return torch.zeros((n, self.memory_size), device=self.heads.base.weight.device)

    def set_default_condition(self, condition: NDArray[np.float32]) -> None:
        """Set the condition of rows that come without one: float32 [C]. Raises ValueError for another shape."""
        encoder = self.encoder.condition
        if encoder is None or encoder.default.shape != condition.shape:
            raise ValueError(f"expected a condition of shape ({self.config.condition},), got {condition.shape}")
        encoder.default.copy_(torch.from_numpy(condition))

    def act(self, observation: dict[str, Tensor], memory: Tensor, uniforms: Tensor, temperature: float = 1.0) -> Acted:
        """Sample one action a row; observation of [N, ...], memory [N, M], uniforms [N, H] in [0, 1].

        `temperature` multiplies that of each head; the log-probabilities are of the tempered logits.
        """
        return self.decide(
            observation,
            memory,
            lambda head, log_probs, legal: sample(log_probs, legal, uniforms[:, head : head + 1]),
            temperature,
        )

    def decide(
        self, observation: dict[str, Tensor], memory: Tensor, choose: Choose, temperature: float | Tensor
    ) -> Acted:
        """As `act`, with the way to choose a category handed in and, when exporting, `temperature` a tensor []."""
        encoded = self.encoder(observation)
        with full_precision(encoded.merged):
            output, memory = self.core.step(encoded.merged.float(), memory)
        features = torch.cat([output, encoded.merged], dim=1)
        actions, log_probs = self.heads(features, observation, encoded, choose, temperature)
        return Acted(actions, memory, log_probs)

    def unroll(
        self,
        observation: dict[str, Tensor],
        memory: Tensor,
        actions: Tensor,
        valid: Tensor,
        values: bool = True,
        temperature: float | None = 1.0,
        *,
        whole: bool = False,
    ) -> Unrolled:
        """Run sequences with the recorded actions (teacher forcing).

        observation of [T, B, ...]; memory [B, M] before the first row; actions int64 [T, B, H]; valid bool [T, B],
        True for the first rows of each sequence. values False skips the critic (zeros). temperature as in `act`, or
        None for plain logits. Raises ValueError for a `valid` with holes.

        whole: compute every row and head, so that no operation depends on the data; rows that are not valid have no
            meaning, and heads that are not used have their log-probabilities.
        """
        rows = None if whole else _valid_rows(valid)
        seen = {key: _take(value, rows) for key, value in observation.items()}
        encoded = self.encoder(seen)
        with full_precision(encoded.merged):
            states = _spread(encoded.merged.float(), rows, valid)
            output, memory = self.core.unroll(states, memory, valid if whole or rows is not None else None)
        features = torch.cat([_take(output, rows), encoded.merged], dim=1)
        recorded = _take(actions, rows).unbind(1)
        every = whole or self.dense
        _, log_probs = self.heads(features, seen, encoded, lambda head, *_: recorded[head], temperature, whole=every)
        critic = self.critic(features, seen) if values else output.new_zeros((len(features), self.values))
        return Unrolled(_spread(log_probs, rows, valid), _spread(critic, rows, valid), memory)


def _core(config: NetworkConfig) -> Core | NormCore | MemorylessCore:
    if not config.core_layers:
        return MemorylessCore(config)
    return NormCore(config) if config.core_norm else Core(config)


def _valid_rows(valid: Tensor) -> Tensor | None:
    """Where bool [T, B] is True when flattened: int64 [K]; None for everywhere."""
    if bool((valid[1:] & ~valid[:-1]).any()):
        raise ValueError("valid must be True for the first rows of each sequence and False after them")
    return None if bool(valid.all()) else valid.flatten().nonzero().squeeze(1)


def _take(value: Tensor, rows: Tensor | None) -> Tensor:
    """The rows int64 [K] (None: all) of flattened time and batch: [T, B, ...] -> [K, ...]."""
    return take(value.flatten(0, 1), rows)


def _spread(value: Tensor, rows: Tensor | None, valid: Tensor) -> Tensor:
    """Back from [K, C] to [T, B, C], zeros elsewhere."""
    return spread(value, rows, valid.numel()).view(*valid.shape, value.shape[1])
