"""The command `levels`: a trained bot under one handicap after the other, and the rating of each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from botgame.bot_names import RANDOM, is_checkpoint, level_of
from botgame.cli import command_line
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Game, Handicap, Policy
from botgame.games import DEFAULT, load_game
from botgame.handicapped import HandicappedPolicy
from botgame.levels import FORMAT, Level, Levels, digest_of, levels_path, write_levels
from botgame.outputs import check_result, json_of
from botgame.policies import load_policy
from botgame.ratings import Interval
from botgame.trained_bots import checkpoint_path, trained_bots
from botgame.training.console import description_column, plain_console, say
from botgame.training.evaluation.round_robin import matches_in_all, rate
from botgame.training.runs.game_flags import rules_digest

_SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)  # of decisions at random, where a game has no handicaps
_TEMPERATURES = (100.0, 20.0, 10.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.5, 0.0)  # where it has no bot that plays at random


def measure(args: argparse.Namespace) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    game = load_game(args.game)
    path = _file_of(game, args.bot)
    output = args.output or levels_path(path)
    check_result("--output", output, ".json", [("BOT", path)], json_of(FORMAT))
    bot = _load(game, args.bot, args.device, args.threads)
    check_writable(output)
    handicaps = handicaps_of(game)
    players = [HandicappedPolicy(game, bot, handicap, handicap.note) for handicap in handicaps]
    rated = _rate(game, [load_policy(game, game.yardstick), *players], args.matches, args.seed)
    found = _numbered(handicaps, rated)
    digest, rules = digest_of(path), rules_digest(game)
    levels = Levels(game.name, args.bot, digest, rules, game.yardstick, args.matches, args.seed, found)
    write_levels(output, levels)
    console = plain_console()
    console.print(_table(game, levels))
    say(console, f"written to {output}; {_what_next(game, args.game, level_of(args.bot, 1))}")
    return 0


def _what_next(game: Game, name: str, level: str) -> str:
    """The command that uses a level. People play the arena alone."""
    if name == DEFAULT:
        return f"play one with: {command_line(['python', '-m', 'botgame', 'play', level])}"
    words = ["python", "-m", "botgame", "evaluate", "--game", name, level, game.yardstick]
    return f"measure one with: {command_line(words)}"


def handicaps_of(game: Game) -> tuple[Handicap, ...]:
    """Those of the game, or such as suit any game; the weakest first, the last is none."""
    if game.handicaps:
        return game.handicaps
    if RANDOM in game.bots:
        return tuple(Handicap(chance=share) for share in _SHARES)
    return tuple(Handicap(temperature=temperature) for temperature in _TEMPERATURES)


def _file_of(game: Game, bot: str) -> Path:
    """The file of a trained bot. Raises UserError (code 2)."""
    path = checkpoint_path(game, bot)
    if path.suffix not in (".pt", ".onnx"):
        raise UserError(f"{bot} has no levels: expected a checkpoint (.pt) or an exported model (.onnx)", 2)
    if not path.is_file():
        raise UserError(f"no such file {bot!r}: expected an existing checkpoint (.pt) or model (.onnx)")
    return path


def _load(game: Game, bot: str, device: str, threads: int) -> Policy:
    if is_checkpoint(bot) or bot in trained_bots(game):
        from botgame.training.runs.run import choose_device  # brings torch, which an exported model does without

        device = str(choose_device(device, cpu=False, threads=threads))
    return load_policy(game, bot, device)


def _rate(game: Game, policies: Sequence[Policy], matches: int, seed: int) -> list[Interval]:
    """The ratings of all but the first, which has 0."""
    columns = (description_column(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=plain_console(stderr=True), transient=True) as progress:
        played = progress.add_task("round-robin", total=matches_in_all(game, len(policies), matches))
        ratings = rate(game, policies, 0, matches, seed, lambda: progress.advance(played))
    return [ratings.interval(player) for player in range(1, len(policies))]


def _numbered(handicaps: Sequence[Handicap], ratings: Sequence[Interval]) -> list[Level]:
    """Levels from 1 on, in the order of their ratings."""
    found = sorted(zip(handicaps, ratings, strict=True), key=lambda one: one[1].estimate)
    return [_level(number, *one) for number, one in enumerate(found, 1)]


def _level(number: int, handicap: Handicap, rating: Interval) -> Level:
    estimate, low, high = (round(points, 1) for points in rating)
    return Level(number, estimate, low, high, **asdict(handicap))


def _table(game: Game, levels: Levels) -> Table:
    table = Table(title=f"levels of {levels.bot}: {levels.yardstick} = 0, 400 points = odds of 10 to 1")
    for heading in ("level", "rating", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("handicap", overflow="fold")
    for level in levels.levels:
        interval = f"{level.low:+.0f} to {level.high:+.0f}"
        facts = level.facts(game.spec.ticks_per_second)
        table.add_row(str(level.level), f"{level.rating:+.0f}", interval, facts)
    return table
