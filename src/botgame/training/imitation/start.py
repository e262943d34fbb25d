"""The checkpoint that a run of imitation fine-tunes, instead of beginning with random weights."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch

from botgame.errors import UserError
from botgame.game import Game
from botgame.levels import digest_of
from botgame.trained_bots import checkpoint_path
from botgame.training.alphastar.checkpoint import load_checkpoint

_KEPT = ("faction", "action_cap", "reaction_ticks")  # of a checkpoint's `extra`: under what the bot plays


@dataclass(frozen=True)
class Start:
    """What a fine-tuned network takes over.

    source: the checkpoint's path; digest: of its file. network: fields of `NetworkConfig`. weights: {} in a run that
    goes on, whose resume file has newer ones. lineage: checkpoints that it came from, oldest first. temperature, extra,
    conditioning: as in `Checkpoint`.
    """

    source: str
    digest: str
    network: dict[str, Any]
    weights: dict[str, torch.Tensor]
    lineage: list[str]
    temperature: float
    extra: dict[str, Any]
    conditioning: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """All but the weights, for a resume file."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "weights"}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Start:
        """Inverse of `to_dict`; no weights."""
        return Start(weights={}, **data)


def load_start(game: Game, name: str) -> Start:
    """The checkpoint that a path or the name of a trained bot means. Raises UserError."""
    path = checkpoint_path(game, name)
    checkpoint = load_checkpoint(path, game)
    return Start(
        source=str(path),
        digest=digest_of(path),
        network=checkpoint.network,
        weights=checkpoint.weights,
        lineage=[*checkpoint.lineage, str(path)],
        temperature=checkpoint.temperature,
        extra={name: checkpoint.extra[name] for name in _KEPT if name in checkpoint.extra},
        conditioning=checkpoint.conditioning,
    )


def start_of_resumed(state: dict[str, Any], game: Game, name: str | None) -> Start | None:
    """What the run of a resume file began with; it needs the checkpoint no more. name: what the flag says now.

    Raises UserError (code 2) where that is another checkpoint.
    """
    start = Start.from_dict(state["start"]) if state["start"] else None
    if name is None:
        return start
    path = checkpoint_path(game, name)
    if start is None or (path.is_file() and digest_of(path) != start.digest):
        began = f"from {start.source}" if start else "with random weights"
        raise UserError(f"--start-checkpoint {name} cannot change on --resume: the run began {began}", 2)
    return start
