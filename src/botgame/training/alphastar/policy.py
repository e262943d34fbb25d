"""A trained network as a policy: NumPy arrays in and out, and all randomness from the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Game
from botgame.rng import uniforms
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint
from botgame.training.alphastar.network.acting import acting_step
from botgame.training.alphastar.network.acting_step import ActingStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import Observation, check_observation
from botgame.training.alphastar.network.presets import NetworkConfig
from botgame.training.alphastar.statistic_z.conditioning import NO_STYLES, Conditioning

MakeStep = Callable[[Network], ActingStep]


class NetworkPolicy:
    """Acts on batches of observations with a network, which it moves to `device` and switches to evaluation.

    `step` computes the decisions.
    """

    def __init__(
        self,
        network: Network,
        name: str = "network",
        device: str = "cpu",
        temperature: float = 1.0,
        make_step: MakeStep = acting_step,
    ) -> None:
        """make_step: how the network computes, by default the fastest way (`acting`)."""
        if temperature <= 0:
            raise UserError(f"temperature is {temperature}, expected a positive number; use 0.01 to act greedily")
        self.name, self.temperature = name, temperature
        self.network = network.to(torch.device(device)).eval()
        self.step: ActingStep = make_step(self.network)
        self.memory_size = network.memory_size
        self._heads = len(network.spec.heads)
        self.rules: dict[str, Any] = {}  # the rule numbers that it was trained under, {} if unknown
        self.faction = ""  # the only faction that it was trained in, if there is just one
        self.action_cap, self.reaction_ticks = USUAL_LIMITS

    def initial_memory(self, n: int) -> np.ndarray:
        """Memory of `n` seats at the start of an episode: float32 [n, memory_size]."""
        return np.zeros((n, self.memory_size), dtype=np.float32)

    def act(self, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One decision a row: memory float32 [n, M], keys uint64 [n] -> actions int64 [n, H], memory [n, M]."""
        actions, memory, _ = self.act_full(observation, memory, keys)
        return actions, memory

    def act_full(
        self, observation: Observation, memory: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `act`, and the log-probabilities float32 [n, L] of all heads, which the learner needs."""
        check_observation(self.network.spec, observation, self.name)
        random = uniforms(keys, self._heads)
        decided = self.step(observation, memory, random, self.temperature)
        return decided.actions, decided.memory, decided.log_probs


def load_policy(
    game: Game, path: str, device: str = "cpu", style: str = "", make_step: MakeStep = acting_step
) -> NetworkPolicy:
    """The policy of a checkpoint file, at its stored temperature, named by its path. Raises UserError.

    style: how to play, a name or a file (`Conditioning.find`); "" leaves that to the network. make_step: see
    `NetworkPolicy`.
    """
    checkpoint = load_checkpoint(path, game)
    try:
        network = Network(checkpoint.spec, NetworkConfig.from_dict(checkpoint.network))
        network.load_state_dict(checkpoint.weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path}: its weights do not fit this version's network; train it again or use that version"
        ) from error
    if style:
        _set_style(network, checkpoint, style)
    name = f"{path}@{style}" if style else str(path)
    policy = NetworkPolicy(network, name, device, checkpoint.temperature, make_step)
    policy.rules, policy.faction = checkpoint.rules, checkpoint.faction
    policy.action_cap, policy.reaction_ticks = checkpoint.limits
    return policy


def _set_style(network: Network, checkpoint: Checkpoint, style: str) -> None:
    """Make `network` play in `style`. Raises UserError when it is not conditioned on styles."""
    if not checkpoint.conditioning:
        raise UserError(f"style {style!r}: {NO_STYLES}", 2)
    conditioning = Conditioning.restore(checkpoint.conditioning)
    if conditioning.inputs.width != network.config.condition:
        raise UserError(f"style {style!r}: the checkpoint's conditioning does not fit its network; make it again")
    network.set_default_condition(conditioning.condition_for(conditioning.find(style, checkpoint.spec.name)))
