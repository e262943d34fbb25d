"""How bots are named, and what a name says before anything is loaded; `botgame.policies` makes the bots.

| name | what it is |
|---|---|
| `lms_re`, `champion` | a bot or a checkpoint that comes with the game |
| `ghost-of-Ann` | a checkpoint of your own in `artifacts/bots` (`botgame.trained_bots`) |
| `pi.pt`, `model.onnx` | the path of a checkpoint, of an exported model |
| `hug.bot.json`, `hug` | a scripted bot's numbers in a file (`botgame.bot_file`), by path or in `artifacts/bots` |
| `scripted` | a family of scripted bots: another one at random in each match (`botgame.families`) |
| `my_module:factory` | a user's own |
| `pi.pt@STYLE` | a checkpoint in a style: a player that it imitated, or a style file |
| `pi.pt@level-4`, `level-4` | a weaker version of a trained bot, or of the first that comes with the game |
| `BOT~0.2` | any of these, acting at random in a fifth of its decisions (`botgame.noise`) |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from botgame.errors import UserError

RANDOM = "random"  # the bot that acts at random, in every game that has one
# What flags mean by a word where they also take names of bots: `--bots`, `--opponents`, `--seats`.
WORDS = frozenset((RANDOM, "self", "past", "human", "all", "winners"))
BOT_FILE = ".bot.json"
_STYLED, _NOISY = ".pt@", "~"
_LEVEL = re.compile(r"(?:(.+)@)?level-([1-9]\d{0,3})")
STYLE_HELP = "how checkpoints play: a player that they imitated, or a style file; short for pi.pt@STYLE"


class LevelName(NamedTuple):
    """The parts of `pi.pt@level-4`; bot: "" in `level-4`."""

    bot: str
    level: int


def split_noise(name: str) -> tuple[str, float]:
    """`lms_re~0.2` to the bot and its share of random decisions, which is 0 where the name gives none."""
    bot, found, share = name.rpartition(_NOISY)
    try:
        return (bot, float(share)) if found else (name, 0.0)
    except ValueError:  # another use of the character, as in a path
        return name, 0.0


def split_style(name: str) -> tuple[str, str]:
    """`pi.pt@rusher` to the path and the style, which is "" where there is none."""
    path, found, style = name.rpartition(_STYLED)
    return (path + _STYLED[:-1], style) if found else (name, "")


def level_name(name: str) -> LevelName | None:
    """The parts of the name of a level; None for another name."""
    found = _LEVEL.fullmatch(name)
    return LevelName(found[1] or "", int(found[2])) if found else None


def level_of(bot: str, level: int) -> str:
    """The name of a level of `bot`, "" for the bot that comes with the game. Raises UserError (code 2)."""
    if level_name(bot) is not None or split_style(bot)[1]:
        raise UserError(f"--level {level}: {bot} is a level or a style already; name the bot itself", 2)
    return f"{bot}@level-{level}" if bot else f"level-{level}"


def is_checkpoint(name: str) -> bool:
    """Whether the name is that of a trained checkpoint, with a style or without."""
    return split_style(split_noise(name)[0])[0].endswith(".pt")


def is_bot_file(name: str) -> bool:
    """Whether the name is the path of a bot file."""
    return name.endswith(BOT_FILE)


def is_weaker(name: str) -> bool:
    """Whether the name is that of a weaker version of a bot: a level, or one that acts at random now and then."""
    return split_noise(name)[0] != name or level_name(name) is not None


def files_of(name: str) -> list[Path]:
    """The files that the bot of that name is read from: a model and a style, or numbers; none for one that is code."""
    name = split_noise(name)[0]
    level = level_name(name)
    name = level.bot if level else name
    parts = split_style(name) if is_checkpoint(name) or name.endswith((".onnx", BOT_FILE)) else ()
    return [Path(part) for part in parts if part and Path(part).is_file()]


def names_a_style(name: str) -> bool:
    """Whether BOT@name asks for a style of this name, and not for a level, noise or another file."""
    return bool(name) and level_name(name) is None and split_noise(name)[0] == name and _STYLED not in name


def in_style(names: Sequence[str], style: str | None) -> list[str]:
    """`names` of bots, with `@style` behind every checkpoint among them that has no style; None changes nothing.

    Raises UserError (code 2) where there is no such checkpoint.
    """
    if style is None:
        return list(names)
    styled = [_styled(name, style) for name in names]
    if styled == list(names):
        raise UserError(f"--style {style}: none of {', '.join(names)} is a checkpoint (.pt) without a style", 2)
    return styled


def _styled(name: str, style: str) -> str:
    bot, _ = split_noise(name)
    return f"{bot}@{style}{name[len(bot) :]}" if is_checkpoint(bot) and not split_style(bot)[1] else name
