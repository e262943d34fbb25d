"""The two streams of a command: every character can be shown, and a reader that leaves early ends it quietly."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # and what turns the direction of text


def show_everything() -> None:
    r"""Make both streams write what they have no character for as `\u0142`, instead of raising UnicodeEncodeError.

    A Windows console or a pipe may have room for 256 characters only, and a name may hold bytes that are no text.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    r"""`text` with its control characters written as `\x1b`: names in files of others may command a terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(line: str) -> None:
    """Write one line to standard error, where there still is one."""
    with contextlib.suppress(OSError):
        print(visible(line), file=sys.stderr, flush=True)


def finish() -> bool:
    """Write out what both streams still hold; False where that fails.

    A reader that has left, as `head` does, is no error to speak of; any other reason is said. A stream that failed
    leads nowhere from then on, or Python would report the same at its end.
    """
    fates = [_written(name, stream) for name, stream in _streams()]
    return all(fates)


def is_reader_gone(error: OSError) -> bool:
    """Whether `error` is what a write to a pipe without a reader raises; on Windows that may be EINVAL."""
    on_windows = os.name == "nt" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or on_windows


def _streams() -> Iterator[tuple[str, TextIO]]:
    """Those that there are: a program without a console has none."""
    for name, stream in (("standard output", sys.stdout), ("standard error", sys.stderr)):
        if stream is not None and not stream.closed:
            yield name, stream


def _written(name: str, stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        if not is_reader_gone(error):
            say(f"error: {name}: {error.strerror or error}")
        return False
    return True
