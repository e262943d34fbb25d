"""Trained bots by name: those that come with a game, and those that you installed in `artifacts/bots`.

`artifacts/bots/lms/ghost-of-Ann.pt` is the bot `ghost-of-Ann` of the game `lms`: every command takes that name, and the
lobby offers the bot. Commands install there (`install`); you may also copy a checkpoint there, or delete one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from botgame.errors import UserError
from botgame.files import move_to_backups, write_atomic

if TYPE_CHECKING:
    from botgame.game import Game

FOLDER = Path("artifacts/bots")
ENDING = ".pt"
_NAME = re.compile(r"[\w-]+")  # not what has a meaning in names of bots (`bot_names`), nor the dot of a backup


def bots_folder(game: Game) -> Path:
    """Where the installed bots of a game are."""
    return FOLDER / re.sub(r"[^\w-]", "_", game.name)


def trained_bots(game: Game) -> dict[str, Path]:
    """The file of each trained bot by name, the game's own first. An installed bot never hides one of the game's."""
    found = sorted(bots_folder(game).glob("*" + ENDING))
    installed = {path.stem: path for path in found if _NAME.fullmatch(path.stem) and path.stem not in game.bots}
    return {**game.checkpoints, **{name: path for name, path in installed.items() if name not in game.checkpoints}}


def checkpoint_path(game: Game, name: str) -> Path:
    """The checkpoint that a name or a path means."""
    return trained_bots(game).get(name, Path(name))


def as_name(text: str) -> str:
    """`text` as a part of a bot's name: letters, digits, `-` and `_` stay, all else becomes `-`."""
    return re.sub(r"[^\w-]+", "-", text)


def free_name(game: Game, wanted: str) -> str:
    """`wanted`, or `wanted-2`, `wanted-3`, ... where the game has a bot of that name."""
    number, name, taken = 1, wanted, {*game.bots, *trained_bots(game)}
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def check_name(game: Game, name: str) -> None:
    """Raise UserError (code 2) unless a bot can be installed as `name`."""
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be the name of a bot: expected letters, digits, - and _", 2)
    if name in game.bots or name in game.checkpoints:
        raise UserError(f"{name} is a bot of game {game.name} already; choose another name", 2)


def install(game: Game, name: str, checkpoint: Path) -> Path:
    """Copy a checkpoint to where it is the bot `name`; a bot that was installed as that moves to a backup.

    Returns the new file. Raises UserError.
    """
    check_name(game, name)
    target = bots_folder(game) / (name + ENDING)
    try:
        content = checkpoint.read_bytes()
        move_to_backups([target])
    except OSError as error:
        raise UserError(f"{checkpoint} cannot become {target}: {error.strerror or error}") from error
    write_atomic(target, content)
    return target
