"""The files of a collector run, written line by line at once, so that a killed run loses at most one line.

    reports/live/<run>/manifest.jsonl                               a `MatchRecord` for each match
    reports/feedback_training/live/<run>/feedback_stream.jsonl      a `Decision` for each decision

While a match runs its replay has no name yet: decisions carry the id of the match, and the manifest's line with the
same id names the replay (`botgame.feedback.name_replays`).
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from botgame.errors import UserError
from botgame.feedback import MANIFEST_NAME, STREAM_NAME, Decision, Mark, MatchRecord, encode_line


class Appender:
    """A file that grows by whole lines. An unfinished last line of a killed writer gets its line end first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)  # nothing is left to write when it is closed
            if self._file.seek(0, os.SEEK_END):
                self._file.seek(-1, os.SEEK_END)
                if self._file.read(1) != b"\n":
                    self._file.write(b"\n")
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}; choose another folder") from error

    def append(self, value: MatchRecord | Decision | Mark) -> None:
        """Write one line at once."""
        line = encode_line(value)
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror or error}; free space") from error

    def close(self) -> None:
        """Close the file; delete it if it is empty."""
        self._file.close()
        with contextlib.suppress(OSError):
            if not self.path.stat().st_size:
                self.path.unlink()
                self.path.parent.rmdir()


class Journal:
    """The two files of a run. Raises UserError when they cannot be written."""

    def __init__(self, reports: Path, feedback: Path, run: str) -> None:
        self.run = run
        self.manifest = Appender(reports / run / MANIFEST_NAME)
        self.stream = Appender(feedback / run / STREAM_NAME)

    def __enter__(self) -> Journal:
        """The files are open already."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close both files."""
        self.manifest.close()
        self.stream.close()


def free_run(reports: Path, feedback: Path, wanted: str) -> str:
    """`wanted`, or `wanted-2`, `wanted-3`, ... where a run of that name exists already; its folder is made at once.

    So of two collectors that start together each has a name of its own. Raises UserError when it cannot be made.
    """
    number, name = 1, wanted
    while (feedback / name).exists() or not _made(reports / name):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _made(folder: Path) -> bool:
    """Make a folder; False where there is one."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}; choose another folder") from error
    return True
