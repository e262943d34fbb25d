"""What a training run starts from: weights and their network's sizes, as plain values.

The resume file keeps them, so that going on needs neither the checkpoint nor the seed that they came from.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from botgame.errors import UserError
from botgame.game import Game
from botgame.spec import Spec
from botgame.spec_columns import difference
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.learner.config import OPPONENTS, RLConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import SIZES, NetworkConfig


@dataclass(frozen=True)
class Origin:
    """The first weights of a run.

    network: fields of `NetworkConfig`. lineage: checkpoints that they came from, oldest first. rules: what the game
    says that matters to a trained bot. source: where they came from, for messages. conditioning: that of a conditioned
    network (`Conditioning.snapshot`), else {}. target: what `exploit` searches a best response to (`Exploit.identity`).
    spec: the game's; {} of a run that an earlier release began.
    """

    network: dict[str, Any]
    weights: Weights
    lineage: list[str]
    rules: dict[str, Any]
    source: str
    conditioning: dict[str, Any] = field(default_factory=dict)
    target: str = ""
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def taught(self) -> bool:
        """Whether the first weights are worth staying close to: those of a checkpoint are, random ones are not."""
        return bool(self.lineage)

    def to_dict(self) -> dict[str, Any]:
        """Plain containers and tensors, for a resume file."""
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Origin:
        """Inverse of `to_dict`."""
        return Origin(**data)


def supervised_origin(path: Path, game: Game) -> Origin:
    """Start from a checkpoint. Raises UserError when it cannot be read; warns when it knows other rule numbers."""
    checkpoint = load_checkpoint(path, game)
    if checkpoint.rules and checkpoint.rules != game.rules:
        print(
            f"warning: {path} was trained under other rule numbers; training goes on under this release's",
            file=sys.stderr,
        )
    lineage = [*checkpoint.lineage, str(path)]
    return Origin(
        network=checkpoint.network,
        weights=checkpoint.weights,
        lineage=lineage,
        rules=dict(game.rules),
        source=str(path),
        conditioning=checkpoint.conditioning,
        spec=game.spec.to_dict(),
    )


def check_same_start(origin: Origin, path: Path | None, game: Game) -> None:
    """Raise UserError (code 2) when the checkpoint given on --resume is another one than that the run began from.

    It may lie elsewhere now, or be gone, or have been trained again at its old path: the resume file has the weights.
    """
    if path is None or str(path) == origin.source or not path.is_file():
        return
    given, began = load_checkpoint(path, game).weights, origin.weights
    if given.keys() != began.keys() or not all(torch.equal(given[name], began[name]) for name in began):
        raise UserError(
            f"--supervised-checkpoint cannot change on --resume: {path} holds other weights than the run began from, "
            f"those of {origin.source}",
            2,
        )


def check_same_game(origin: Origin, game: Game) -> None:
    """Raise UserError (code 2) when the game has changed since the run began.

    A checkpoint may outlive new columns (`spec_columns`); running matches and recorded sequences do not.
    """
    reason = ""
    if origin.rules != game.rules:
        reason = "other rule numbers"
    elif origin.spec and origin.spec != game.spec.to_dict():
        reason = difference(Spec.from_dict(origin.spec), game.spec) or "columns are new or have moved"
    if reason:
        what = f"game {game.name} has changed since the run began ({reason})"
        raise UserError(f"{what}, so it cannot be resumed; start a new one", 2)


# A clone needs steep gates to separate 32 directions as its demonstrations do. From random weights they let `move`
# settle before the policy has tried anything: with 16 it learns at half the speed (docs/LOG.md).
_GENTLE_GATES = 1.5


def scratch_origin(preset: str, seed: int, game: Game) -> Origin:
    """Start from the random weights of a fresh network of that size, its policy as the game's `Scratch` says.

    In a game without privileged columns the value also trains the features that critic and policy share: these have
    little else to learn from at first. Where the critic sees the opponents, it would pull them to what nobody can see.
    """
    sees_more = bool(game.spec.privileged)
    config = dataclasses.replace(SIZES[preset], gate_scale=_GENTLE_GATES, detach_value=sees_more)
    network = Network(game.spec, config, seed)
    network.heads.start_at(game.scratch.logits, game.scratch.scalar_logits)
    return Origin(
        network=network.config.to_dict(),
        weights=network.state_dict(),
        lineage=[],
        rules=dict(game.rules),
        source=f"preset {preset}",
        spec=game.spec.to_dict(),
    )


def untaught(config: RLConfig) -> RLConfig:
    """Settings for random weights, which are no teacher and no policy worth waiting for a critic."""
    return dataclasses.replace(config, kl_cost=0.0, value_iterations=0)


def with_critic(origin: Origin, sees: str) -> Origin:
    """The same start with a critic that `sees` "opponents", their true state, or only its "own" seat's view."""
    return dataclasses.replace(origin, network={**origin.network, "privileged_critic": sees == OPPONENTS})


def build_network(spec: Spec, config: dict[str, Any], weights: Weights, source: str) -> Network:
    """A network from the fields of a checkpoint. Raises UserError when they do not fit this release."""
    try:
        network = Network(spec, NetworkConfig.from_dict(config))
        network.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{source}: its weights do not fit this release's network; train it again") from error
    return network
