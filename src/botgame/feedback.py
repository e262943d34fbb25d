"""What live play leaves behind for training: manifests of matches, and feedback streams of decisions and marks.

Two kinds of JSON lines, written by the server and the live collector and read by imitation:

- `reports/live/<run>/manifest.jsonl`: one `MatchRecord` a match (seats, outcome, ratings, path of the replay);
- `reports/feedback_training/live/<run>/feedback_stream.jsonl`: one `Decision` or `Mark` a line. A decision by a person
  who took over a bot's seat is a correction, to be learned in the state that the bot had led to (DAgger: Ross,
  Gordon, Bagnell, "A reduction of imitation learning and structured prediction to no-regret online learning", 2011).

Readers search a folder recursively and never fail for what is inside: a missing folder is empty, a last line that is
still being written is left out, any other line that cannot be read is named in `problems` and skipped. Unknown
fields are ignored, so an older release reads what a newer one writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from botgame.files import find_files
from botgame.json_reading import decoded
from botgame.seals import SealError, is_sealed_json, opened_json, sealed_json
from botgame.wording import counted

MANIFEST_NAME = "manifest.jsonl"
STREAM_NAME = "feedback_stream.jsonl"
HUMAN = "human"
TAKEN_OVER = "taken over"  # backend of a seat that more than one has played
UNNAMED = "player"  # the name of all who give none; their matches are not rated
_UNNAMED = (("human", UNNAMED), ("remote", UNNAMED))

Tick = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Rating = Annotated[float, msgspec.Meta(ge=-10_000, le=10_000)]
Choice = Annotated[int, msgspec.Meta(ge=0, le=2**15)]
SeatIndex = Annotated[int, msgspec.Meta(ge=0, le=15)]


class SeatRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One seat of a live match.

    policy: who played, as in the replay; backend: how it decided (`legacy`, `lms_re`, `alphastar`, `human`);
    rating: strength on the scale where `lms_re` is 0 (400 points are odds of 10 to 1), None when unknown;
    result: +1 sole winner, 0 first place shared, -1 otherwise, None when the match was broken off. left: the player
    left a match that went on; it counts as lost then, whatever the bot achieved that finished it. name_key: a hash that
    shows which person a name belongs to (`server.records.name_owners`), "" for bots and programs.
    """

    policy: str
    backend: str = ""
    school: str = ""
    rating: Rating | None = None
    place: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    result: Annotated[float, msgspec.Meta(ge=-1, le=1)] | None = None
    left: bool = False
    name_key: Annotated[str, msgspec.Meta(max_length=64)] = ""


class MatchRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One live match. `replay`: path of its file, absolute or relative to the working or the manifest's folder."""

    match: str
    replay: str
    seats: Annotated[list[SeatRecord], msgspec.Meta(min_length=2, max_length=16)]
    mode: str = "duel"
    seed: int = 0
    ticks: Tick = 0
    game: str = "lms"
    format: Literal[1] = 1


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="decision"):
    """What a seat decided at `tick`: `action` holds one category a head of the spec, as in the replay.

    controller: who decided; a `human` one is a correction, at the tick where it stands in the replay. A `bot` one may
    be written by the bot's own program, which knows the tick that it was asked at and not yet when it took effect.
    replay: "" while the match runs (see `name_replays`). backend, milliseconds: what decided and how long it took.
    """

    replay: str
    seat: SeatIndex
    tick: Tick
    action: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    controller: Literal["bot", "human"] = "bot"
    match: str = ""
    backend: str = ""
    milliseconds: float | None = None
    format: Literal[1] = 1


class Mark(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="mark"):
    """A person judged what a seat did from tick `start` to tick `end`, both included."""

    replay: str
    seat: SeatIndex
    start: Tick
    end: Tick
    verdict: Literal["good", "bad"]
    match: str = ""
    format: Literal[1] = 1


Feedback = Decision | Mark


class Entry(NamedTuple):
    """One line that was read and the file that holds it."""

    source: Path
    value: MatchRecord | Decision | Mark


class Lines(NamedTuple):
    """All lines of one kind below a folder. `problems`: one sentence a line or file that was skipped."""

    files: int
    entries: list[Entry]
    problems: list[str]


def read_manifests(folder: Path | None) -> Lines:
    """Every `MatchRecord` in the manifests below `folder`; None or a missing folder reads as empty."""
    return _read_all(folder, MANIFEST_NAME, MatchRecord)


def read_streams(folder: Path | None) -> Lines:
    """Every `Decision` and `Mark` in the feedback streams below `folder`; None or a missing folder reads as empty."""
    return _read_all(folder, STREAM_NAME, Feedback)


def file_name(record: MatchRecord) -> str:
    """What tells matches apart: the file name of the replay, whose digest is in it; else the match's own name."""
    return Path(record.replay.replace("\\", "/")).name or record.match


def is_rated(record: MatchRecord) -> bool:
    """Whether ratings count a match: it has places, the same played in each seat, and `can_be_rated`."""
    whole = all(seat.place is not None and seat.backend != TAKEN_OVER for seat in record.seats)
    return whole and can_be_rated([seat.policy for seat in record.seats])


def can_be_rated(policies: Sequence[str]) -> bool:
    """Whether a match of these players tells anything: there is more than one, and all people have names."""
    named = all(policy.partition(":")[::2] not in _UNNAMED for policy in policies)
    return named and len(set(policies)) > 1


def rated_matches(manifests: Iterable[Entry]) -> list[MatchRecord]:
    """The matches that ratings count, each once: the server and a collector may both have written one down."""
    records: dict[str, MatchRecord] = {}
    for _, record in manifests:
        if isinstance(record, MatchRecord) and is_rated(record):
            records.setdefault(file_name(record), record)
    return list(records.values())


def encode_line(value: MatchRecord | Decision | Mark) -> bytes:
    """One JSON line with a seal (`seals`), to be appended in a single write."""
    return sealed_json(msgspec.json.encode(value).decode()).encode() + b"\n"


def name_replays(streams: Lines, manifests: Lines) -> Lines:
    """Give lines that were written while their match ran the replay that a manifest names for that match.

    Lines of a match that no manifest knows (it was broken off) are left out and counted in one problem.
    """
    replays = {e.value.match: e.value.replay for e in manifests.entries if isinstance(e.value, MatchRecord)}
    entries, lost = [], 0
    for source, value in streams.entries:
        if isinstance(value, MatchRecord) or value.replay:
            entries.append(Entry(source, value))
        elif replays.get(value.match):
            entries.append(Entry(source, msgspec.structs.replace(value, replay=replays[value.match])))
        else:
            lost += 1
    problems = [f"left out: {counted(lost, 'line')} of feedback on matches that were never finished"] if lost else []
    return Lines(streams.files, entries, [*streams.problems, *problems])


def find_replay(name: str, source: Path, known: dict[str, Path]) -> Path | None:
    """The replay file that a line of `source` names: as given, beside `source`, or by file name among `known`."""
    given = Path(name.replace("\\", "/"))
    if given.name in known:
        return known[given.name]
    for path in (given, source.parent / given):
        with contextlib.suppress(OSError, ValueError):  # what is no path, as one that is too long
            if path.is_file():
                return path
    return None


def _read_all(folder: Path | None, name: str, kind: Any) -> Lines:
    entries: list[Entry] = []
    problems: list[str] = []
    paths = find_files(folder, name) if folder is not None else []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            problems.append(f"{path}: {error.strerror or error}; skipped")
            continue
        _read_lines(path, data, kind, entries, problems)
    return Lines(len(paths), entries, problems)


def _read_lines(path: Path, data: bytes, kind: Any, entries: list[Entry], problems: list[str]) -> None:
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entries.append(Entry(path, decoded(_opened(line), kind)))
        except ValueError as error:
            known = isinstance(error, SealError) or isinstance(error.__cause__, msgspec.ValidationError)
            if known or number < len(lines):  # else it has no newline yet: its writer is at work or was killed
                problems.append(f"{path}:{number}: {error}; skipped")


def _opened(line: bytes) -> str:
    """The line without its seal. One that another program wrote has none. Raises SealError for a line that changed."""
    text = line.decode()
    return opened_json(text) if is_sealed_json(text) else text
