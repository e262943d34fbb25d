"""What a finished live match leaves behind: its replay, a line in the manifest, corrections and marks for training.

    data/processed/duel_s1_4f0c2b9a61de.lmsr
    reports/live/<run>/manifest.jsonl                               `feedback.MatchRecord`, one a match
    reports/feedback_training/live/<run>/feedback_stream.jsonl      `feedback.Decision` and `Mark`

Lines name the replay, whose name is known only at the end; so they are written then, in one append, and flushed.
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
from botgame.lms.arena import Outcome
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.live_recording import LiveRecording, human_decisions
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND
from botgame.server.protocol import MARK_SECONDS
from botgame.standings import results_of

_LOG = logging.getLogger(__name__)


class Finished(NamedTuple):
    """A match that is over. policies, ratings: one a seat, of who held it at the start."""

    room: str
    recording: LiveRecording
    outcome: Outcome
    policies: Sequence[str]
    ratings: Sequence[float | None]
    broken_off: bool


class Saved(NamedTuple):
    """What was written: the replay's file name and the manifest's line. None: it could not be (the log says why)."""

    replay: str
    record: MatchRecord


@dataclass(frozen=True)
class Archive:
    """Where matches of this run go. `run` names the folders."""

    data_dir: Path
    reports_dir: Path
    feedback_dir: Path
    run: str

    def save(self, match: Finished) -> Saved | None:
        """Write everything of one match. Never raises for what a disk can do."""
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
        return Saved(path.name, record)

    def _record(self, match: Finished, replay: Replay, path: Path) -> MatchRecord:
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
    """Corrections (what people decided in seats of bots) and marks of a match, as lines of the stream."""
    lines: list[Decision | Mark] = [
        Decision(record.replay, index, tick, action, "human", record.match)
        for index, seat in enumerate(replay.header.seats)
        if not seat.controller
        for tick, action in human_decisions(replay, index)
    ]
    for mark in replay.header.marks:
        start = max(0, mark.tick - MARK_SECONDS * TICKS_PER_SECOND + 1)
        judged: Literal["good", "bad"] = "good" if mark.value > 0 else "bad"
        lines.append(Mark(record.replay, mark.seat, start, mark.tick, judged, record.match))
    return lines


def _backend(policy: str) -> str:
    """How a seat decided: `human`, a program's own name, or the bot's."""
    return HUMAN if policy.startswith("human:") else policy.removeprefix("remote:")


def _append(path: Path, lines: bytes) -> None:
    """Lines at the end of a file, in one write. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(lines)
