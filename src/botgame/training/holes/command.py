"""From the flags of `find_holes` to `holes.json`, `holes.html` and opponents for training."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from botgame.cli import command_line
from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.game import Game
from botgame.games import load_game
from botgame.locks import locked
from botgame.outputs import check_folder, check_own, file_with, json_of
from botgame.policies import load_policy
from botgame.rng import derive
from botgame.trained_bots import check_name, checkpoint_path, install
from botgame.training.console import plain_console, say
from botgame.training.holes.holes import FORMAT, Hole, Opponent, find_holes
from botgame.training.holes.meetings import Meeting, find_meetings
from botgame.training.holes.opponents import (
    cloning_flags,
    copy_matches,
    judge,
    opponent_name,
)
from botgame.training.holes.page import holes_content, in_words
from botgame.training.imitation.as_step import imitate, keeping
from botgame.training.league_report.document import GENERATOR, document
from botgame.training.rl.training_against import training_against
from botgame.training.runs.artifacts import artifact
from botgame.training.runs.target_folder import folder_of
from botgame.wording import counted

FIGURES, PAGE = "holes.json", "holes.html"
REPORTS = Path("reports/holes")
_JUDGE = 0x686F6C65  # purpose of the seeds of duels against the bot
_PASSED_ON = ("game", "epochs", "lr", "device", "cpu", "threads", "seed", "resume")


def report_holes(options: argparse.Namespace, module: str, argv: Sequence[str] | None) -> int:
    """The whole command; returns the exit code. Raises UserError, and KeyboardInterrupt where training was stopped."""
    game = load_game(options.game)
    folder = options.output_dir or REPORTS / folder_of(game.name, options.bot)
    _check(game, options, folder)
    meetings = _meetings(game, options)
    assert game.statistic_z is not None
    holes = find_holes(meetings, game.statistic_z.spec)
    opponents = {}
    if options.clone:
        with locked(folder / ".cloning.lock", folder):
            opponents = _clones(game, options, holes, folder, (module, argv))
    commands = _commands(game, options, holes, _again(module, argv))
    figures = _plain(options.bot, meetings, holes, opponents, commands[1])
    write_atomic(folder / FIGURES, json.dumps(figures, indent=2).encode() + b"\n")
    content = holes_content(options.bot, meetings, holes, opponents, commands, options.viewer)
    write_atomic(folder / PAGE, document(content).encode())
    lines = [*_lines(options.bot, meetings, holes, opponents), f"wrote {folder / FIGURES} and {folder / PAGE}"]
    if commands[0]:
        lines += ["to train against them:" if options.clone else "to make opponents of them:", commands[options.clone]]
    for line in lines:
        say(plain_console(), line)
    return 0


def _check(game: Game, options: argparse.Namespace, folder: Path) -> None:
    """Raise UserError (code 2) for flags that cannot be carried out, before anything is read or written."""
    check_folder("--data-dir", options.data_dir)
    check_folder("--output-dir", folder)
    check_own({folder / FIGURES: json_of(FORMAT), folder / PAGE: file_with(GENERATOR)})
    if not options.clone:
        return
    if checkpoint_path(game, options.bot).suffix != ".pt":
        raise UserError(f"--clone needs a trained bot to begin with, {options.bot} is none; leave the flag out", 2)
    check_name(game, opponent_name(1, options.bot))


def _meetings(game: Game, options: argparse.Namespace) -> list[Meeting]:
    """The matches that people had with the bot. Raises UserError where there are none."""
    found = find_meetings(game, options.data_dir, _names(options.bot), lambda line: say(plain_console(), line))
    if not found:
        raise UserError(f"no person has met {options.bot} in a match of --data-dir {options.data_dir}; play some first")
    return found


def _again(module: str, argv: Sequence[str] | None) -> str:
    """The command that runs, with all that was given, and with --clone."""
    given = [word for word in (sys.argv[1:] if argv is None else argv) if word not in ("--clone", "--resume")]
    return command_line(["python", "-m", module, *given, "--clone"])


def _commands(game: Game, options: argparse.Namespace, holes: list[Hole], clone: str) -> tuple[str, str]:
    """`clone`, which makes opponents of the holes, and what trains against them; "" without holes or a network."""
    weights = {opponent_name(hole.number, options.bot): float(len(hole.matches)) for hole in holes}
    training = training_against(game, options.game, options.bot, weights)
    return (clone, training) if training else ("", "")


def _names(bot: str) -> set[str]:
    """What replays may call the bot."""
    return {bot, str(Path(bot)), Path(bot).as_posix()}


def _clones(
    game: Game,
    options: argparse.Namespace,
    holes: list[Hole],
    folder: Path,
    command: tuple[str, Sequence[str] | None],
) -> dict[int, Opponent]:
    """Train an opponent of each hole, and measure it. command: module and arguments of this one, to go on with."""
    bot, start = load_policy(game, options.bot), checkpoint_path(game, options.bot)
    flags = {name: getattr(options, name) for name in _PASSED_ON}
    found = {}
    for hole in holes:
        name = opponent_name(hole.number, options.bot)
        data = copy_matches(hole, folder, keep=options.resume)
        if imitate({**flags, **cloning_flags(start, data, name)}, *command):
            raise KeyboardInterrupt
        install(game, name, artifact(name))
        with keeping(artifact(name), *command):
            found[hole.number] = judge(game, name, bot, options.matches, derive(options.seed, _JUDGE))
    return found


def _plain(
    bot: str, meetings: list[Meeting], holes: list[Hole], opponents: dict[int, Opponent], command: str
) -> dict[str, object]:
    """All of it as JSON types. command: of the training against the holes."""
    entries = [{**hole.to_dict(), "opponent": _opponent(opponents.get(hole.number))} for hole in holes]
    won = sum(meeting.won for meeting in meetings)
    counts = {"bot": bot, "meetings": len(meetings), "won": won}
    return {"format": FORMAT, **counts, "holes": entries, "training_command": command}


def _opponent(opponent: Opponent | None) -> dict[str, object] | None:
    if opponent is None:
        return None
    rate, low, high = opponent.win_rate
    return {"name": opponent.name, "win_rate": rate, "low": low, "high": high}


def _lines(bot: str, meetings: list[Meeting], holes: list[Hole], opponents: dict[int, Opponent]) -> list[str]:
    """The holes in words, for the console."""
    won = sum(meeting.won for meeting in meetings)
    found = f", in {counted(len(holes), 'way')}" if holes else ": no hole to find"
    lines = [f"people won {won} of {counted(len(meetings), 'match')} against {bot}{found}"]
    for hole in holes:
        people = ", ".join(f"{name} ({count})" for name, count in hole.people.most_common())
        lines.append(f"hole {hole.number}: {counted(len(hole.matches), 'match')} of {people}")
        for name, here, elsewhere in map(in_words, hole.traits[:3]):
            lines.append(f"  {name}: {here}, elsewhere {elsewhere}")
        if hole.number in opponents:
            one = opponents[hole.number]
            rate, low, high = one.win_rate
            lines.append(
                f"  {one.name} wins {rate:.1%} [{low:.1%}, {high:.1%}] of {counted(one.matches, 'duel')} against {bot}"
            )
    return lines
