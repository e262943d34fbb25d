"""What a training run starts from: weights and their network's sizes, as plain values.

The resume file keeps them, so that going on needs neither the checkpoint nor the seed that they came from.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import SIZES, NetworkConfig

OPPONENTS, OWN = "opponents", "own"  # what a critic may see
Origin = dict[str, Any]  # network, weights, lineage, rules, source; briefing where the network is told something


def supervised_origin(path: Path) -> Origin:
    """Start from a checkpoint. Raises UserError when it cannot be read; warns when it knows other rule numbers."""
    checkpoint = load_checkpoint(path, ARENA_SPEC)
    if checkpoint.rules and checkpoint.rules != Rules().to_dict():
        print(
            f"warning: {path} was trained under other rule numbers; training goes on under this release's",
            file=sys.stderr,
        )
    origin = _origin(checkpoint.network, checkpoint.weights, [*checkpoint.lineage, str(path)], str(path))
    return {**origin, "briefing": checkpoint.briefing} if checkpoint.briefing else origin


def scratch_origin(preset: str, seed: int) -> Origin:
    """Start from the random weights of a fresh network of that size."""
    network = Network(ARENA_SPEC, SIZES[preset], seed)
    return _origin(network.config.to_dict(), network.state_dict(), [], f"preset {preset}")


def untaught(config: RLConfig) -> RLConfig:
    """Settings for random weights, which are no teacher and no policy worth waiting for a critic."""
    return dataclasses.replace(config, kl_cost=0.0, value_iterations=0)


def with_critic(origin: Origin, sees: str) -> Origin:
    """The same start with a critic that `sees` "opponents", their true state, or only its "own" seat's view."""
    return {**origin, "network": {**origin["network"], "privileged_critic": sees == OPPONENTS}}


def build_network(config: dict[str, Any], weights: Weights, source: str) -> Network:
    """A network from the fields of a checkpoint. Raises UserError when they do not fit this release."""
    try:
        network = Network(ARENA_SPEC, NetworkConfig.from_dict(config))
        network.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{source}: its weights do not fit this release's network; train it again") from error
    return network


def _origin(network: dict[str, Any], weights: Weights, lineage: list[str], source: str) -> Origin:
    return {
        "network": network,
        "weights": weights,
        "lineage": lineage,
        "rules": Rules().to_dict(),
        "source": source,
    }
