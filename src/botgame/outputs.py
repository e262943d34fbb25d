"""Places for results, checked before anything is computed or moved.

A command replaces, or moves to a backup, only files that such a command wrote; a file of another kind, a folder in the
way of a file, or a file that the same command reads is an error that names it. Needs no torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.json_reading import parsed

Check = Callable[[Path], Iterable[Path]]  # what exists at a path (or, in a folder, below it) and is not of a kind
CHECKPOINT = ".pt"
# Endings that a run gives to the other files of `name.pt`.
_TAKEN = re.compile(r"\.(best|good|resume|before|iter\d+|epoch\d+|backup\d+)$")


def check_file(flag: str, path: Path, ending: str) -> None:
    """Raise UserError (code 2) unless `path` is a place for a file that ends in `ending`."""
    if path.is_dir():
        raise UserError(f"{flag} {path} is a folder, expected a file that ends in {ending}", 2)
    if path.suffix != ending:
        raise UserError(f"{flag} {path} must end in {ending}: files are told apart by their endings", 2)


def check_checkpoint(flag: str, path: Path) -> None:
    """The same for the checkpoint that a run is named after, which must not be named like another file of a run."""
    check_file(flag, path, CHECKPOINT)
    check_utf8(flag, path)
    if taken := _TAKEN.search(path.stem):
        run = path.with_name(path.stem[: taken.start()] + CHECKPOINT)
        raise UserError(f"{flag} {path}: that is what a run with {flag} {run} calls one of its files; rename it", 2)


def check_utf8(flag: str, path: Path) -> None:
    """Raise UserError (code 2) for a name of other bytes, which the files of a run cannot note."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{flag} {str(path)!r}: expected a path whose bytes are UTF-8; choose another", 2) from error


def check_folder(flag: str, path: Path) -> None:
    """Raise UserError (code 2) unless `path` is a folder or can become one, and a run can note its name."""
    check_utf8(flag, path)
    if path.exists() and not path.is_dir():
        raise UserError(f"{flag} {path} is a file, expected a folder", 2)


def check_apart(flag: str, results: Iterable[Path], inputs: Iterable[tuple[str, Path]]) -> None:
    """Raise UserError (code 2) when a result would take the place of something that is read (its flag and path)."""
    given = [(name, path, path.resolve()) for name, path in inputs]
    for result in results:
        place = result.resolve()
        for name, path, real in given:
            if real == place or place in real.parents:
                raise UserError(f"{flag}: {result} would take the place of {name} {path}; choose another output", 2)


def check_result(flag: str, path: Path, ending: str, inputs: Iterable[tuple[str, Path]], check: Check) -> None:
    """All of this for a command whose result is one file, which it may replace. Raises UserError (code 2)."""
    check_file(flag, path, ending)
    check_apart(flag, [path], inputs)
    check_own({path: check})


def check_own(files: Mapping[Path, Check]) -> None:
    """Raise UserError (code 2) for the first thing at one of `files` that is not of its kind."""
    for path, check in files.items():
        for stranger in check(path) if path.exists() else ():
            raise UserError(f"{stranger} is in the way: no such command wrote it; move it, or choose another output", 2)


def file_that(test: Callable[[Path], bool]) -> Check:
    """A file that passes `test`."""
    return lambda path: [] if path.is_file() and test(path) else [path]


def folder_of(check: Check) -> Check:
    """A folder of such things alone."""
    return lambda path: [found for each in sorted(path.iterdir()) for found in check(each)] if path.is_dir() else [path]


def json_of(form: str | int) -> Check:
    """A JSON object whose "format" is `form`."""
    return file_that(lambda path: _object(path.read_bytes()).get("format") == form)


def lines_with(*names: str) -> Check:
    """JSON lines, the first of which has all these names; an empty file will do."""

    def test(path: Path) -> bool:
        with path.open("rb") as file:
            first = file.readline()
        return not first or set(names) <= set(_object(first))

    return file_that(test)


def file_with(text: str) -> Check:
    """A file with these words somewhere in it."""
    return file_that(lambda path: text.encode() in path.read_bytes())


EVENT_FILE = file_that(lambda path: path.name.startswith("events.out.tfevents."))  # of TensorBoard


def _object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`; {} where there is none."""
    try:
        found = parsed(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
