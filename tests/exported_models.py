"""Models that several test files need: exporting one takes ten to twenty seconds of a core."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np

from botgame.games import load_game
from botgame.lms.champion import CHAMPION, CHAMPION_FILE
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.export import main
from embedding import runtime_fault
from toy_network import randomize
from toy_run import TOY

GAMES = {CHAMPION: "lms", "toy": "toy_network:other_game"}
CONDITION = 5  # inputs of the toy's network that say who plays
EXTRA = {"faction": "cryomancer", "action_cap": 11, "reaction_ticks": 9}


def export_all(folder: Path) -> dict[str, Path]:
    """The models of `GAMES` in `folder`, each with its checkpoint and, where npm is at hand, its page in a folder.

    The champion has no memory; the toy's network has random weights, a memory, a condition and `EXTRA`.
    """
    shutil.copy(CHAMPION_FILE, folder / f"{CHAMPION}.pt")
    save_toy(folder / "toy.pt")
    for name, game in GAMES.items():
        checkpoint = CHAMPION if name == CHAMPION else str(folder / f"{name}.pt")
        web = [] if runtime_fault() else ["--web", str(folder / name)]
        assert main([checkpoint, "-o", str(folder / f"{name}.onnx"), "--game", game, *web]) == 0
    return {name: folder / f"{name}.onnx" for name in GAMES}


def save_toy(path: Path) -> None:
    """The checkpoint of "toy"."""
    game = load_game(GAMES["toy"])
    network = Network(game.spec, dataclasses.replace(PRESETS["tiny"], condition=CONDITION))
    randomize(network)
    network.set_default_condition(np.linspace(-1, 1, CONDITION, dtype=np.float32))
    checkpoint = Checkpoint(game.name, "rl", game.spec, network.config.to_dict(), network.state_dict())
    checkpoint.temperature, checkpoint.extra = 0.7, EXTRA
    save_checkpoint(path, checkpoint)


def export_trained(checkpoint: Path, model: Path) -> Path:
    """The model of a checkpoint of the toy game that commands play; returns `model`."""
    assert main([*TOY, str(checkpoint), "-o", str(model)]) == 0
    return model
