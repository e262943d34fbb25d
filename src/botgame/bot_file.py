"""A bot file, `NAME.bot.json`: one bot of a family of scripted bots as its numbers, sealed.

    {"format": "botgame-bot-1", "game": "lms", "family": "scripted", "numbers": {"preferred": 2.3, ...}, "check": ...}

`exploit --family` writes them; `botgame.policies` plays them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from botgame.errors import UserError
from botgame.sealed_struct import read_struct, write_struct

if TYPE_CHECKING:
    from botgame.game import Family, Game, Policy

FORMAT = "botgame-bot-1"


class BotFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A bot of `family` in `game`: the value of every parameter by name."""

    game: str
    family: str
    numbers: dict[str, float]
    format: str = FORMAT


def write_bot(path: Path, bot: BotFile) -> None:
    """Write atomically. Raises UserError."""
    write_struct(path, bot)


def read_bot(path: Path, game: Game) -> BotFile:
    """Inverse of `write_bot`. Raises UserError for a file that is missing, damaged, or no bot of this game."""
    try:
        bot = read_struct(path, BotFile)
    except FileNotFoundError:
        raise UserError(f"no such bot file {str(path)!r}: expected an existing one; correct the path") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as a bot file ({error}); make it again") from error
    if bot.format != FORMAT:
        raise UserError(f"{path}: format is {bot.format!r}, expected {FORMAT!r}; make it again")
    if bot.game != game.name:
        raise UserError(f"{path}: a bot of game {bot.game!r}, this is game {game.name!r}; choose its game with --game")
    if bot.family not in game.families:
        known = ", ".join(game.families) or "none"
        raise UserError(f"{path}: a bot of family {bot.family!r}, game {game.name} has {known}; make it again")
    try:
        _check(bot, game.families[bot.family])
    except ValueError as error:
        raise UserError(f"{path}: {error}; make it again") from error
    return bot


def load_bot(path: Path, game: Game, name: str) -> Policy:
    """The bot in a file, called `name`. Raises UserError like `read_bot`."""
    import numpy as np  # which --help does without

    from botgame.families import Member

    bot = read_bot(path, game)
    family = game.families[bot.family]
    return Member(name, family, np.array([bot.numbers[each.name] for each in family.parameters]))


def _check(bot: BotFile, family: Family) -> None:
    """Raise ValueError unless each parameter of the family has a number in its range, and nothing else has one."""
    known = {each.name: each for each in family.parameters}
    if odd := sorted({*bot.numbers} ^ {*known}):
        raise ValueError(f"its numbers must be those of family {bot.family}; unknown or missing: {', '.join(odd)}")
    for name, (_, lowest, highest, _) in known.items():
        if not lowest <= bot.numbers[name] <= highest:
            raise ValueError(f"{name} is {bot.numbers[name]:g}, expected {lowest:g} to {highest:g}")
