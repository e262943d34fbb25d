"""Where things that are made from our source are kept between runs, so that none is outdated and none is made twice.

What is made from a source file is kept under a hash of that file and of all files of this package that it imports,
directly or not, so a change in one of them gives another hash.

The cache may only cost time: what cannot be read as it was written is made again, and what cannot be written is made
again in the next run. It holds machine code, so a folder that another user could write to is never used.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import multiprocessing
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from botgame import locks, seals
from botgame.errors import UserError
from botgame.files import write_atomic

PACKAGE = Path(__file__).resolve().parent
_FROM = re.compile(r"^\s*from (botgame[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_BLOCK = b"x" * 4096  # written to find out whether a folder can be written to, and its disk has room
_PATIENCE = 300.0  # seconds to wait for another process that makes the same
_HINT = "set XDG_CACHE_HOME (on Windows LOCALAPPDATA) to a folder of yours"


@functools.cache
def root() -> Path | None:
    """Our folder of the user's cache; where that cannot be used, one of the user's own among temporary files.

    None where neither can be used. A line names the folder unless it is the first.
    """
    refused: list[str] = []
    for folder in _places():
        reason = _refusal(folder)
        if reason is None:
            if refused:
                _say(f"note: what was compiled is kept in {folder}: {'; '.join(refused)}")
            return folder
        refused.append(f"{folder} cannot be used ({reason})")
    _say(f"note: what was compiled is not kept, each run takes longer to start: {'; '.join(refused)}; {_HINT}")
    return None


def read(path: Path) -> bytes | None:
    """What `write` put at `path`; None where there is nothing, or not as it was written."""
    try:
        return seals.opened(path.read_bytes())
    except (OSError, seals.SealError):
        return None


def write(path: Path, data: bytes) -> None:
    """Keep `data` at `path`, two levels or more below a folder that is named where that fails, once in each run."""
    try:
        write_atomic(path, seals.sealed(data))
    except UserError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        _say_once(f"note: what was compiled cannot be kept in {path.parents[1]} ({reason}); it will be made again")


@contextlib.contextmanager
def one_maker(path: Path) -> Iterator[None]:
    """Wait until no other process makes what belongs at `path`, and make it in the block: look there again first.

    Where there can be no lock, nothing is waited for, and two may make the same.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(UserError):
            held.enter_context(locks.locked(path.with_suffix(".lock"), path, _PATIENCE))
        yield


def _places() -> Iterator[Path]:
    """Folders to try, the best first."""
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield (Path(base) if base else Path.home() / ".cache") / "botgame"
    with contextlib.suppress(FileNotFoundError):  # nowhere to put temporary files
        yield Path(tempfile.gettempdir()) / f"botgame-{_user()}"


def _user() -> str:
    """What tells users of this machine apart; on Windows each has temporary files of their own."""
    return str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "user")


def _refusal(folder: Path) -> str | None:
    """Why a folder, which is made if need be, cannot be used; None where it can."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            return "others can write there"
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_BLOCK)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_private(folder: Path) -> bool:
    """Whether only this user can put files into a folder. Windows answers by the rights of the profile it lies in."""
    if sys.platform == "win32":
        return True
    about = folder.stat()
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _say(line: str) -> None:
    """Print a line, in the first of several processes only."""
    if multiprocessing.parent_process() is None:
        print(line, file=sys.stderr)


@functools.cache
def _say_once(line: str) -> None:
    _say(line)


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
