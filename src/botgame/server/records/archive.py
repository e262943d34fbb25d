"""Saves a finished live match: its replay, a line in the manifest, corrections and marks for training.

    data/processed/duel_s1_4f0c2b9a61de.lmsr
    reports/live/<run>/manifest.jsonl                               one `feedback.MatchRecord` for each match
    reports/feedback_training/live/<run>/feedback_stream.jsonl      `feedback.Decision` and `Mark`

Lines name the replay, whose name is known only at the end of the match; so they are written then, in one append.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

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
)
from botgame.lms.arena import ArenaOutcome
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.live_recording import LiveRecording, human_decisions
from botgame.lms.replay.resimulate import MARK_TICKS
from botgame.lms.rules import SCHOOLS
from botgame.standings import results_of

_LOG = logging.getLogger(__name__)


class FinishedMatch(NamedTuple):
    """A match that is over. policies, ratings: of the players at the start, one for each seat."""

    room: str
    recording: LiveRecording
    outcome: ArenaOutcome
    policies: Sequence[str]
    ratings: Sequence[float | None]
    broken_off: bool


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

    def save(self, match: FinishedMatch) -> SavedMatch | None:
        """Write all files of one match; None when that failed, for a reason that the log states."""
        try:
            replay = match.recording.replay(match.outcome, match.policies, match.ratings)
            path = write(self.data_dir, replay)
            record = self._record(match, replay, path)
            _append(self.reports_dir / self.run / MANIFEST_NAME, encode_line(record))
            lines = b"".join(encode_line(value) for value in feedback_of(replay, record))
            if lines:
                _append(self.feedback_dir / self.run / STREAM_NAME, lines)
        except (UserError, ReplayError, OSError):
            _LOG.exception("the match of room %s could not be saved", match.room)
            return None
        return SavedMatch(path.name, record)

    def _record(self, match: FinishedMatch, replay: Replay, path: Path) -> MatchRecord:
        header = replay.header
        results = results_of(match.outcome.places).tolist()
        taken = {change.seat for change in header.changes}
        return MatchRecord(
            match=f"{self.run}/{match.room}",
            replay=path.as_posix(),
            seats=[
                SeatRecord(
                    policy=seat.policy,
                    backend=TAKEN_OVER if index in taken else _backend(seat.policy),
                    school=SCHOOLS[seat.school],
                    rating=match.ratings[index],
                    place=None if match.broken_off else seat.place,
                    result=None if match.broken_off else results[index],
                )
                for index, seat in enumerate(header.seats)
            ],
            mode=header.mode,
            seed=header.seed,
            ticks=header.ticks,
        )


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
    return HUMAN if policy.startswith("human:") else policy.removeprefix("remote:")


def _append(path: Path, lines: bytes) -> None:
    """Append lines to a file in one write. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(lines)
