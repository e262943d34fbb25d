"""From the flags of `learn_from_live` to a fine-tuned bot, compared with what it was and installed if it is better."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.game import Game, Policy
from botgame.games import load_game
from botgame.learning_command import MODULE
from botgame.locks import locked
from botgame.outputs import check_own, json_of
from botgame.policies import load_policy
from botgame.rng import derive
from botgame.trained_bots import as_name, check_name, checkpoint_path, free_name, install, trained_bots
from botgame.training.console import description_column, plain_console, say
from botgame.training.imitation.as_step import imitate, keeping
from botgame.training.live_learning.comparison import FORMAT, Comparison, compare
from botgame.training.runs.artifacts import ARTIFACTS, artifact

_COMPARING = 0x636F6D70  # purpose of the seed of the comparison
_PASSED_ON = (
    "game",
    "data_dir",
    "feedback_dir",
    "reports_live_dir",
    "epochs",
    "lr",
    "device",
    "cpu",
    "threads",
    "seed",
    "resume",
)


def learn(options: argparse.Namespace, argv: Sequence[str] | None) -> int:
    """The whole command; returns the exit code (130 after Ctrl-C). Raises UserError."""
    game = load_game(options.game)
    candidate = artifact(new_name(game, options))
    before = load_policy(game, str(_learner(game, options.bot)))
    check_own({figures_of(candidate): json_of(FORMAT)})
    with locked(candidate.with_suffix(".learning.lock"), candidate):  # what is compared is what is installed
        if code := imitate(imitation_flags(options, candidate), MODULE, argv):
            return code
        with keeping(candidate, MODULE, argv):
            return judge(game, options, before, candidate)


def judge(game: Game, options: argparse.Namespace, before: Policy, candidate: Path) -> int:
    """Compare the candidate with what the bot was `before`, and install it if it is better; returns the exit code."""
    name = candidate.stem
    after = load_policy(game, str(candidate))
    with Progress(
        description_column(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True
    ) as progress:
        task = progress.add_task("comparing", total=3 * options.matches)
        seed = derive(options.seed, _COMPARING)
        found = compare(game, before, after, options.matches, seed, lambda: progress.advance(task))
    write_atomic(figures_of(candidate), json.dumps(found.to_dict(), indent=2).encode() + b"\n")
    console = plain_console()
    for line in found.lines(options.bot, name):  # before anything is installed, which may fail
        say(console, line)
    for line in conclude(game, name, candidate, found):
        say(console, line)
    return 0


def new_name(game: Game, options: argparse.Namespace) -> str:
    """The name of the result, which no bot has yet. Raises UserError (code 2)."""
    usual = f"{as_name(Path(options.bot).stem)}-learned"
    if options.name is not None:
        name = str(options.name)
    else:
        name = name_to_resume(game, usual) if options.resume else free_name(game, usual)
    check_name(game, name)
    if name in trained_bots(game):
        raise UserError(f"--name {name}: there is a bot of that name, and none is replaced; choose another", 2)
    return name


def name_to_resume(game: Game, usual: str) -> str:
    """The name of the latest run under the usual name that installed no bot. Raises UserError (code 2) without one."""
    runs = [
        path
        for path in ARTIFACTS.glob("*.resume.pt")
        if re.fullmatch(re.escape(usual) + r"(-\d+)?\.resume\.pt", path.name)
    ]
    names = {path.name.removesuffix(".resume.pt"): path.stat().st_mtime for path in runs}
    open_runs = names.keys() - trained_bots(game).keys()
    if not open_runs:
        raise UserError(
            f"--resume: there is no run of {usual} that was stopped; leave it out, or give the run's --name", 2
        )
    return max(open_runs, key=lambda name: names[name])


def figures_of(candidate: Path) -> Path:
    """Where the figures of its comparison are."""
    return candidate.with_suffix(".comparison.json")


def imitation_flags(options: argparse.Namespace, candidate: Path) -> dict[str, object]:
    """What is learned, as flags of `alphastar_imitation`: the bot's own seats and those who won, with all feedback."""
    given = {name: getattr(options, name) for name in _PASSED_ON}
    seats = dict.fromkeys(("winners", options.bot, Path(options.bot).as_posix()))
    return {
        **given,
        "seats": ",".join(seats),
        "only_with_people": True,
        "start_checkpoint": options.bot,
        "output": candidate,
        "eval_every": 0,
        "final_matches": 0,
    }


def conclude(game: Game, name: str, candidate: Path, found: Comparison) -> list[str]:
    """Install what is better; returns what to say of it."""
    if found.is_better:
        path = install(game, name, candidate)
        return [f"better: installed as {path}; play it with botgame play {name}, or in the lobby of the next server"]
    return [
        f"not better: {found.reason}; nothing is replaced or installed",
        f"the candidate is {candidate}; play it with botgame play {candidate}",
    ]


def _learner(game: Game, bot: str) -> Path:
    """The file of the bot that learns. Raises UserError (code 2) for one that cannot."""
    path = checkpoint_path(game, bot)
    if path.suffix != ".pt":
        known = ", ".join(trained_bots(game)) or "none yet"
        raise UserError(f"--bot {bot} cannot learn: expected a trained bot ({known}) or a .pt file", 2)
    return path
