"""Where what is known about a bot goes below a folder of reports: no two bots to the same place.

A bot is a name or a path of a file, as `exploit` and `find_holes` take it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from botgame.bot_names import split_style


def folder_of(game: str, target: str) -> Path:
    """Where the results of a target go, below the folder of all: `GAME/NAME`, no two targets to the same place.

    A name that is not the whole of the target has a digest behind it: `lms/pi_rl-1c9e5a70`. It is of the file's path
    from the working folder, so that a project can be moved.
    """
    name = short_name(target)
    if name != target:
        files = [Path(part) for part in split_style(target)]
        whole = "@".join(_from_here(path) if path.is_file() else str(path) for path in files)
        name += "-" + hashlib.sha256(whole.encode()).hexdigest()[:8]
    return Path(_plain(game), name)


def short_name(target: str) -> str:
    """What to call a target: `artifacts/alphastar/pi_rl.pt` is `pi_rl`, `my_bot:make` is `my_bot_make`."""
    if match := re.fullmatch(r"(.*)\.(?:pt|onnx|bot\.json)(@.*)?", target):
        target = Path(match[1]).name + (match[2] or "")
    return _plain(target)


def _plain(text: str) -> str:
    """Only characters that a file's name may have everywhere."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)


def _from_here(path: Path) -> str:
    """The path from the working folder; the whole one for a file that lies elsewhere."""
    whole, here = path.resolve(), Path.cwd()
    return (whole.relative_to(here) if here in whole.parents else whole).as_posix()
