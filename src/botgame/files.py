"""Files that are never half written: write beside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import fnmatch
import itertools
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

from botgame.errors import UserError

_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")
_PROBE = 4096  # bytes, a block of most disks
_RENAME_TRIES = 20  # Windows refuses to replace a file while a reader holds it open


def write_atomic(path: Path, data: bytes | Callable[[IO[bytes]], None], before: Path | None = None) -> None:
    """Write `data` (bytes, or a function that writes into the open file) to `path`, all or nothing.

    before: where the file that it replaces is kept. Between the two renames there is a file there and none at `path`.
    Raises UserError when the folder cannot be written or the disk is full; the old file then stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # several may write the same file at once
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is not None and path.exists():
            replace(path, before)
        replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}; free space or choose another path") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files, by name in `folder`, all or nothing; into a folder that exists they are renamed in their order.

    Raises UserError when it cannot be written or the disk is full; a folder that was not there is not there then.
    """
    folder = folder.absolute()
    beside = folder if folder.is_dir() else folder.parent  # a folder that exists may be a disk of its own
    temporary = beside / f".{folder.name}.{secrets.token_hex(4)}.tmp"
    try:
        for name, data in contents.items():
            write_atomic(temporary / name, data)
        if not folder.is_dir():
            replace(temporary, folder)
            return
        for name in contents:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            replace(temporary / name, folder / name)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}; choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def find_files(folder: Path, pattern: str) -> list[Path]:
    """Files below `folder` whose name fits the pattern (`*.lmsr`), sorted; an absent folder has none.

    Linked folders are searched too, and each folder once, so that links may lead in circles.
    """
    found, seen = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found += [Path(place, name) for name in fnmatch.filter(names, pattern)]
    return sorted(found)


def remove_leftovers(folder: Path, of: Callable[[str], bool]) -> None:
    """Delete what killed processes left of files that they wrote to `folder`; `of`: whether a file name is meant."""
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and of(found[1]):
            path.unlink(missing_ok=True)


def open_to_append(path: Path, size: int) -> IO[bytes]:
    """Open `path` to write behind its first `size` bytes, a number of whole lines; what lies behind is cut off.

    Raises UserError when they are not there: the file is shorter, or another one.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.stat().st_size if path.exists() else 0
        if there < size:
            raise UserError(
                f"{path} has {there:,} bytes, at the last commit it had {size:,}: it was cut or is another file; put "
                "the right one back, or start anew with another output"
            )
        file = path.open("r+b" if path.exists() else "w+b")
        file.seek(max(0, size - 1))
        if size and file.read(1) != b"\n":
            file.close()
            raise UserError(
                f"{path} has no end of a line after {size:,} bytes: it is another file; bring the right one"
            )
        file.truncate(size)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}; choose another output") from error
    file.seek(size)
    return file


def replace(source: Path, target: Path) -> None:
    """Rename over `target`, waiting up to a second for a reader to let go. Raises OSError."""
    for attempt in range(_RENAME_TRIES):
        try:
            source.replace(target)
            return
        except PermissionError:
            if attempt == _RENAME_TRIES - 1:
                raise
            time.sleep(0.05)


def check_writable(path: Path) -> None:
    """Find out before the work, not after, that a file can be written at `path`; leave nothing. Raises UserError."""
    probe, absent = path.with_name(f".{path.name}.probe"), [folder for folder in path.parents if not folder.exists()]
    try:
        write_atomic(probe, bytes(_PROBE))  # a full disk takes an empty file
        probe.unlink(missing_ok=True)
    finally:
        with contextlib.suppress(OSError):
            for folder in absent:
                folder.rmdir()


def backup(path: Path, number: int) -> Path:
    """`stem.backupNUMBER.ext` beside `path`."""
    return path.with_name(f"{path.stem}.backup{number}{path.suffix}")


def next_backup(path: Path) -> Path:
    """The first of the backups of `path` that is not there yet."""
    return next(free for number in itertools.count(1) if not (free := backup(path, number)).exists())


def move_to_backups(paths: Iterable[Path]) -> None:
    """Rename those of `paths` that exist to backups, with the first number that is free for all. Raises OSError."""
    there = [path for path in paths if path.exists()]
    number = next(n for n in itertools.count(1) if not any(backup(path, n).exists() for path in there))
    for path in there:
        replace(path, backup(path, number))
