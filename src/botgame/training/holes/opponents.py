"""Opponents for training: of each hole a bot that plays as people did there."""

from __future__ import annotations

import shutil
from pathlib import Path

from botgame.files import move_to_backups
from botgame.game import Game, Policy
from botgame.policies import load_policy
from botgame.trained_bots import as_name
from botgame.training.evaluation.duels import mirrored_results
from botgame.training.holes.holes import Hole, Opponent
from botgame.training.runs.artifacts import artifact


def opponent_name(hole: int, bot: str) -> str:
    """What the bot is called that plays like the hole of that number."""
    return f"hole-{hole}-of-{as_name(Path(bot).stem)}"


def copy_matches(hole: Hole, folder: Path, *, keep: bool) -> Path:
    """Copy the hole's replays to a folder of their own; one of an earlier call moves to a backup unless `keep`."""
    target = folder / f"hole-{hole.number}"
    if target.exists() and not keep:
        move_to_backups([target])
    target.mkdir(parents=True, exist_ok=True)
    for meeting in hole.matches:
        shutil.copyfile(meeting.path, target / meeting.path.name)
    return target


def cloning_flags(start: Path, data: Path, name: str) -> dict[str, object]:
    """Flags of `alphastar_imitation` that fine-tune `start` to the people in the replays of `data`."""
    folders = dict.fromkeys(("data_dir", "feedback_dir", "reports_live_dir"), data)
    own = {"seats": "human", "start_checkpoint": start, "output": artifact(name), "eval_every": 0, "final_matches": 0}
    return {**folders, **own}


def judge(game: Game, name: str, bot: Policy, matches: int, seed: int) -> Opponent:
    """How much of its hole the opponent `name` has found: mirrored duels against the bot."""
    tally = mirrored_results(game, load_policy(game, name), bot, matches, seed)
    return Opponent(name, tally.points, tally.matches)
