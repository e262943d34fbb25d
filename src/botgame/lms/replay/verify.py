"""Whether replay files are what they say: checksum and bounds first, then the match is played again and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import SUFFIX, Replay, load, scan
from botgame.lms.replay.resimulate import resimulate


class Verdict(NamedTuple):
    """`fault` is None for a good file; `replay` is None for one that cannot be read."""

    path: Path
    replay: Replay | None
    fault: str | None


def verify(paths: Iterable[Path], matches: int = 64) -> Iterator[Verdict]:
    """One verdict for each file, not in their order. No content of a file makes it raise."""
    unreadable: list[ReplayError] = []
    for finished in resimulate(load(paths, unreadable.append), matches):
        yield from _drain(unreadable)
        assert finished.replay.path is not None
        yield Verdict(finished.replay.path, finished.replay, finished.fault)
    yield from _drain(unreadable)


def expand(paths: Iterable[Path]) -> list[Path]:
    """The given files, and the replays in the given folders. Raises ReplayError for a folder without any."""
    found: list[Path] = []
    for path in paths:
        files = scan(path) if path.is_dir() else [path]
        if not files:
            raise ReplayError(
                path, f"this folder holds no replay (*{SUFFIX}); record some with botgame.server.run_match"
            )
        found += files
    return list(dict.fromkeys(found))


def _drain(errors: list[ReplayError]) -> Iterator[Verdict]:
    while errors:
        error = errors.pop(0)
        yield Verdict(error.path, None, error.reason)
