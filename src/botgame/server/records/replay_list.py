"""The recorded matches for the web: their list, and one by its file name. Names never become paths."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import SUFFIX, Replay, read, scan
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.rules import SCHOOLS

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}")
_FRESH = 2.0  # seconds for which a listing is reused while the folder itself, where a server records, is unchanged


class ListedSeat(Struct):
    """One seat of a listed replay."""

    name: str
    school: str
    place: int
    controller: str


class ListedReplay(Struct):
    """One entry of the list. seed: as text, for JavaScript; time: of the file, seconds since 1970.

    is_cut: the match was broken off; those who were alive share the first place.
    """

    file: str
    mode: str
    seed: str
    ticks: int
    live: bool
    is_cut: bool
    seats: list[ListedSeat]
    time: float


class ReplayList:
    """The replays in `folder` and below. Files are looked up in a listing, so no name leads out of it.

    Threads may share it.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._files: dict[str, tuple[float, Path]] = {}  # by name: time of change, path
        self._listed, self._changed = -_FRESH, 0
        self._listing = threading.Lock()  # a listing is used only when it is whole
        self._entries: dict[str, tuple[float, ListedReplay]] = {}

    def entries(self, most: int = 200) -> list[ListedReplay]:
        """The newest replays, newest first; unreadable files are left out."""
        newest = sorted(self._list().items(), key=lambda item: -item[1][0])[:most]
        found = (self._entry(name, changed, path) for name, (changed, path) in newest)
        return [entry for entry in found if entry is not None]

    def find(self, name: str) -> Replay | None:
        """The replay in the file called `name`; None when there is none. Raises ReplayError for a bad file."""
        path = self.path(name)
        return None if path is None else read(path)

    def path(self, name: str) -> Path | None:
        """The file called `name`, None when there is none."""
        if not _NAME.fullmatch(name) or not name.endswith(SUFFIX):
            return None
        found = self._list().get(name)
        return None if found is None else found[1]

    def changed(self, name: str) -> float:
        """When the file called `name` was written, in seconds since 1970; 0 when there is none."""
        return self._list().get(name, (0.0, None))[0]

    def without_folder(self, text: str) -> str:
        """A message without the place of the folder on this machine, which is nobody's business on the web."""
        for folder in {str(self._folder), str(self._folder.resolve())}:
            text = text.replace(folder + os.sep, "").replace(folder, "the data folder")
        return text

    def _list(self) -> dict[str, tuple[float, Path]]:
        with self._listing:
            changed = self._folder.stat().st_mtime_ns if self._folder.is_dir() else 0
            if changed != self._changed or self._clock() - self._listed >= _FRESH:
                self._files, self._changed = self._scan(), changed
                self._listed = self._clock()
            return self._files

    def _scan(self) -> dict[str, tuple[float, Path]]:
        files = {}
        for path in scan(self._folder) if self._folder.is_dir() else []:
            with contextlib.suppress(OSError):  # deleted since it was listed
                files[path.name] = (path.stat().st_mtime, path)
        return files

    def _entry(self, name: str, changed: float, path: Path) -> ListedReplay | None:
        """The list entry of one file, read once for each version of it; None for a bad file."""
        known = self._entries.get(name)
        if known is None or known[0] != changed:
            try:
                known = (changed, describe(read(path), changed))
            except ReplayError:
                return None
            self._entries[name] = known
        return known[1]


def describe(replay: Replay, changed: float) -> ListedReplay:
    """The list entry of a replay; `changed`: seconds since 1970."""
    header = replay.header
    return ListedReplay(
        file=replay.name if replay.path is None else replay.path.name,
        mode=header.mode,
        seed=str(header.seed),
        ticks=header.ticks,
        live=header.live is True,
        is_cut=header.is_cut is True,
        seats=[
            ListedSeat(seat.policy, SCHOOLS[seat.school], seat.place, CONTROLLERS[seat.controller])
            for seat in header.seats
        ],
        time=changed,
    )
