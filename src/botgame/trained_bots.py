"""Trained bots by name: those that come with a game, and those that you installed in `artifacts/bots`.

`artifacts/bots/lms/ghost-of-Ann.pt` is the bot `ghost-of-Ann` of the game `lms`: every command takes that name, and the
lobby offers the bot. Commands install there (`install`); you may also copy a checkpoint there, or delete one. A
bot file (`botgame.bot_file`) works in the same way: `artifacts/bots/lms/hug.bot.json` is the bot `hug`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from botgame.bot_names import BOT_FILE, WORDS, level_name
from botgame.errors import UserError
from botgame.files import next_backup, write_atomic

if TYPE_CHECKING:
    from botgame.game import Game

FOLDER = Path("artifacts/bots")
ENDING = ".pt"
_NAME = re.compile(r"\w[\w-]*")  # not what has a meaning in names of bots (`bot_names`), nor the dot of a backup
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)  # to Windows, whatever the ending
_LONGEST = 180  # bytes, which leaves room for what runs append to the name, in a file name of 255


def bots_folder(game: Game) -> Path:
    """Where the installed bots of a game are."""
    return FOLDER / re.sub(r"[^\w-]", "_", game.name)


def trained_bots(game: Game) -> dict[str, Path]:
    """The file of each trained bot by name, the game's own first. An installed bot never hides one of the game's."""
    return {**game.checkpoints, **_installed(game, ENDING)}


def bot_files(game: Game) -> dict[str, Path]:
    """The file of each installed scripted bot by name. A trained bot of the same name comes first."""
    trained = trained_bots(game)
    return {name: path for name, path in _installed(game, BOT_FILE).items() if name not in trained}


def _installed(game: Game, ending: str) -> dict[str, Path]:
    """What is installed with this ending, by name; names that the game has given are left out."""
    taken = {*game.bots, *game.families, *game.checkpoints}
    found = {path.name.removesuffix(ending): path for path in sorted(bots_folder(game).glob("*" + ending))}
    return {name: path for name, path in found.items() if _is_name(name) and name not in taken}


def checkpoint_path(game: Game, name: str) -> Path:
    """The checkpoint that a name or a path means."""
    return trained_bots(game).get(name, Path(name))


def as_name(text: str) -> str:
    """`text` as a part of a bot's name: letters, digits, `-` and `_` stay, all else becomes `-`."""
    return re.sub(r"[^\w-]+", "-", text)


def distinct_name(text: str) -> str:
    """The same, another one for each text: where something became `-`, a hash of the text follows."""
    name = as_name(text)
    return name if name == text else f"{name}-{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"


def free_name(game: Game, wanted: str) -> str:
    """`wanted`, or `wanted-2`, `wanted-3`, ... where the game has a bot of that name."""
    number, name, taken = 1, wanted, {*game.bots, *game.families, *trained_bots(game), *bot_files(game)}
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def check_name(game: Game, name: str) -> None:
    """Raise UserError (code 2) unless a bot can be installed as `name`."""
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST:
        what = f"letters, digits, - (not at the start) and _, at most {_LONGEST} bytes"
        raise UserError(f"{name!r} cannot be the name of a bot: expected {what}", 2)
    if not _is_name(name):
        raise UserError(f"{name} means something else than a bot of yours; choose another name", 2)
    if name in {*game.bots, *game.families, *game.checkpoints}:
        raise UserError(f"{name} is a bot of game {game.name} already; choose another name", 2)


def install(game: Game, name: str, checkpoint: Path) -> Path:
    """Copy a checkpoint to where it is the bot `name`; a bot that was installed as that moves to a backup.

    Returns the new file. Raises UserError; the bot that was installed then stays.
    """
    check_name(game, name)
    target = bots_folder(game) / (name + ENDING)
    try:
        content = checkpoint.read_bytes()
    except OSError as error:
        raise UserError(f"{checkpoint} cannot become {target}: {error.strerror or error}") from error
    write_atomic(target, content, before=next_backup(target))
    return target


def _is_name(text: str) -> bool:
    """Whether every command takes `text` for the name of an installed bot, and every system for that of a file."""
    means_more = text in WORDS or level_name(text) is not None or _DEVICE.fullmatch(text)
    return bool(_NAME.fullmatch(text)) and len(text.encode()) <= _LONGEST and not means_more
