"""Where things that are made from our source are kept between runs, so that none is outdated and none is made twice.

What is made from a source file is kept under a hash of that file and of all files of this package that it imports,
directly or not, so a change in one of them gives another hash.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_FROM = re.compile(r"^\s*from (botgame[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def root() -> Path:
    """Our folder of the user's cache; one of the system's temporary folder where that cannot be written."""
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    folder = Path(base) if base else Path.home() / ".cache"
    try:
        (folder / "botgame").mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    return folder / "botgame"


def digest(path: Path, *others: str) -> str:
    """16 hex digits of a source file, what it imports of ours, `others` and the version of Python."""
    state = hashlib.sha256(" ".join([*others, str(sys.version_info[:2])]).encode())
    for source in sources(path):
        state.update(source.name.encode() + source.read_bytes())
    return state.hexdigest()[:16]


def sources(path: Path) -> list[Path]:
    """A source file and all files of this package that it depends on, sorted."""
    known, todo = {path}, [path]
    while todo:
        for file in _imports(todo.pop()):
            if file not in known:
                known.add(file)
                todo.append(file)
    return sorted(known)


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package that a source file imports with `from botgame... import ...`, the only form we use."""
    found = []
    for module, names in _FROM.findall(path.read_text(encoding="utf-8")):
        candidates = [module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))]
        found += [file for file in map(_module_file, candidates) if file is not None]
    return tuple(found)


def _module_file(name: str) -> Path | None:
    """Source file of `botgame.a.b`, None for a package or a name inside a module."""
    path = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
    return path if path.is_file() else None
