"""The command that trains a policy against bots which beat it: its usual opponents, with these among them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from botgame.cli import command_line
from botgame.game import Game
from botgame.trained_bots import as_name, checkpoint_path
from botgame.training.runs.artifacts import artifact

SHARE = 0.3  # of the matches, for all these bots together


def mixture_with(game: Game, weights: Mapping[str, float]) -> dict[str, float]:
    """Shares of the matches by opponent: the game's usual ones, and SHARE in proportion to `weights`."""
    usual, added = sum(game.opponents.values()), sum(weights.values())
    mixed = {name: (1 - SHARE) * share / usual for name, share in game.opponents.items()}
    return mixed | {name: SHARE * weight / added for name, weight in weights.items()}


def training_against(game: Game, game_name: str, bot: str, weights: Mapping[str, float]) -> str:
    """The command by which `bot`, a name or a file, learns to answer these bots; "" where it is no network.

    weights: by name or file, how much each of them counts.
    """
    start = checkpoint_path(game, bot)
    if start.suffix != ".pt" or not weights:
        return ""
    opponents = ",".join(f"{rival}={share:.3g}" for rival, share in mixture_with(game, weights).items())
    output = artifact(f"{as_name(Path(bot).stem)}-closed")
    words = ["python", "-m", "botgame.training.alphastar_rl", "--game", game_name]
    words += ["--supervised-checkpoint", str(start), "--output", str(output)]
    return command_line([*words, "--iterations", "100", "--opponents", opponents])
