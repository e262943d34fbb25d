"""What `botgame.training.average` does: checkpoints in, the checkpoint of their mean weights out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from botgame.cli import command_line
from botgame.errors import UserError
from botgame.games import DEFAULT, load_game
from botgame.outputs import check_apart, check_checkpoint, check_own, file_that
from botgame.trained_bots import checkpoint_path
from botgame.training.alphastar.checkpoint import Checkpoint, checkpoint_kind, load_checkpoint, save_checkpoint

KIND = "average"
_SAME = ("network", "conditioning", "temperature", "faction", "limits")  # what one policy has one of


def average_checkpoints(options: argparse.Namespace) -> int:
    """The whole command; returns the exit code. Raises UserError."""
    game = load_game(options.game)
    paths = [checkpoint_path(game, name) for name in options.checkpoints]
    if len(paths) < 2:
        raise UserError("a mean needs two checkpoints or more; name another one", 2)
    check_checkpoint("--output", options.output)
    check_apart("--output", [options.output], [("CHECKPOINT", path) for path in paths])
    check_own({options.output: file_that(lambda path: checkpoint_kind(path) == KIND)})
    made = mean_of([load_checkpoint(path, game) for path in paths], paths)
    save_checkpoint(options.output, made)
    of_game = [] if options.game == DEFAULT else ["--game", options.game]
    compare = ["python", "-m", "botgame", "evaluate", *of_game, str(options.output), options.checkpoints[0]]
    print(f"{options.output}: the mean of {len(paths)} checkpoints; compare it: {command_line(compare)}")
    return 0


def mean_of(checkpoints: Sequence[Checkpoint], paths: Sequence[Path]) -> Checkpoint:
    """The checkpoint with the mean of their weights, all else as the first has it; paths: for lineage and messages.

    Raises UserError where one of them is not the same kind of policy as the first.
    """
    first = checkpoints[0]
    for checkpoint, path in zip(checkpoints, paths, strict=True):
        for name in _SAME:
            if not _same(getattr(checkpoint, name), getattr(first, name)):
                raise UserError(
                    f"{path} differs from {paths[0]} in its {name}; average checkpoints that grew from one start"
                )
    weights = {
        name: torch.stack([each.weights[name].double() for each in checkpoints]).mean(0).to(tensor.dtype)
        for name, tensor in first.weights.items()
    }
    lineage = list(dict.fromkeys([*(place for each in checkpoints for place in each.lineage), *map(str, paths)]))
    extra = {name: value for name, value in first.extra.items() if name != "evaluation"}
    return replace(first, kind=KIND, weights=weights, lineage=lineage, config={}, counters={}, extra=extra)


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a checkpoint are equal, those that hold tensors too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    return bool(one == other)
