"""Saves a finished live match: its replay, a line in the manifest, corrections and marks for training.

    data/processed/duel_s1_4f0c2b9a61de.lmsr
    reports/live/<run>/manifest.jsonl                               one `feedback.MatchRecord` for each match
    reports/feedback_training/live/<run>/feedback_stream.jsonl      `feedback.Decision` and `Mark`

Lines name the replay, whose name is known only at the end of the match; so they are written then, in one append.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from botgame.errors import UserError
from botgame.feedback import (
    HUMAN,
    MANIFEST_NAME,
    STREAM_NAME,
    TAKEN_OVER,
    Decision,
    Mark,
    MatchRecord,
    SeatRecord,
    encode_line,
    read_manifests,
)
from botgame.files import check_writable
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import PERSON
from botgame.lms.replay.live_recording import RecordedMatch, human_decisions, make_replays
from botgame.lms.replay.resimulate import MARK_TICKS
from botgame.lms.rules import SCHOOLS
from botgame.server.forfeits import official_places
from botgame.standings import results_of

_LOG = logging.getLogger(__name__)


class FinishedMatch(NamedTuple):
    """A match that is over, and the room that it was played in.

    name_keys: the hash that shows whose name each seat's is; forfeits: when players left it, by seat.
    """

    room: str
    match: RecordedMatch
    name_keys: Sequence[str]
    forfeits: Mapping[int, int] = MappingProxyType({})


class SavedMatch(NamedTuple):
    """What was written: the replay's file name and the manifest's line."""

    replay: str
    record: MatchRecord


@dataclass(frozen=True)
class Archive:
    """The folders for the matches of one run. `run` names the subfolders."""

    data_dir: Path
    reports_dir: Path
    feedback_dir: Path
    run: str

    def check(self) -> None:
        """Find out now, not after the first match, that the folders can be written. Raises UserError."""
        for folder in (self.data_dir, self.reports_dir, self.feedback_dir):
            check_writable(folder / "match")

    def save(self, matches: Sequence[FinishedMatch]) -> list[SavedMatch | None]:
        """Write all files of matches with equal rules and seats; None for one that failed, for a reason in the log."""
        replays = make_replays([finished.match for finished in matches])
        return [self._save(finished, replay) for finished, replay in zip(matches, replays, strict=True)]

    def _save(self, finished: FinishedMatch, replay: Replay | ReplayError) -> SavedMatch | None:
        try:
            if isinstance(replay, ReplayError):
                raise replay
            path = write(self.data_dir, replay)
            record = self._record(finished, replay, path)
            append(self.reports_dir / self.run / MANIFEST_NAME, encode_line(record))
            lines = b"".join(encode_line(value) for value in feedback_of(replay, record))
            if lines:
                append(self.feedback_dir / self.run / STREAM_NAME, lines)
        except (UserError, OSError) as error:
            _LOG.error("the match of room %s could not be saved: %s", finished.room, error)
            return None
        return SavedMatch(path.name, record)

    def _record(self, finished: FinishedMatch, replay: Replay, path: Path) -> MatchRecord:
        header, left = replay.header, finished.forfeits
        is_void = header.is_cut is True and not left
        places = official_places(
            [seat.place for seat in header.seats], [seat.death_tick for seat in header.seats], left
        )
        results = results_of(np.array(places)).tolist()
        taken = {change.seat for change in header.changes} - left.keys()
        return MatchRecord(
            match=f"{self.run}/{finished.room}",
            replay=path.as_posix(),
            seats=[
                SeatRecord(
                    policy=seat.policy,
                    backend=TAKEN_OVER if index in taken else _backend(seat.policy),
                    school=SCHOOLS[seat.school],
                    rating=seat.rating,
                    place=None if is_void else places[index],
                    result=None if is_void else results[index],
                    left=index in left,
                    name_key=finished.name_keys[index],
                )
                for index, seat in enumerate(header.seats)
            ],
            mode=header.mode,
            seed=header.seed,
            ticks=header.ticks,
        )


def read_records(folder: Path) -> tuple[list[MatchRecord], list[str]]:
    """The lines of all manifests below `folder`, in the order of their paths, and the problems with others."""
    lines = read_manifests(folder)
    return [entry.value for entry in lines.entries if isinstance(entry.value, MatchRecord)], lines.problems


def feedback_of(replay: Replay, record: MatchRecord) -> list[Decision | Mark]:
    """The corrections (decisions of people in seats of bots) and marks of a match, as lines of the stream."""
    lines: list[Decision | Mark] = [
        Decision(record.replay, index, tick, action, "human", record.match)
        for index, seat in enumerate(replay.header.seats)
        if not seat.controller
        for tick, action in human_decisions(replay, index)
    ]
    for mark in replay.header.marks:
        start = max(0, mark.tick - MARK_TICKS + 1)
        judged: Literal["good", "bad"] = "good" if mark.value > 0 else "bad"
        lines.append(Mark(record.replay, mark.seat, start, mark.tick, judged, record.match))
    return lines


def _backend(policy: str) -> str:
    """How a seat decided: `human`, or the name of the program or bot."""
    return HUMAN if policy.startswith(PERSON) else policy.removeprefix("remote:")


def append(path: Path, lines: bytes) -> None:
    """Append lines to a file, all or none of them. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if file.write(lines) != len(lines):  # the disk became full: half a line would spoil the next one too
            file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
