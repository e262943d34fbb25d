"""Readers of live manifests and feedback streams take what is good and name what is not."""

from pathlib import Path

import msgspec
import pytest

from botgame.feedback import (
    Decision,
    Mark,
    MatchRecord,
    SeatRecord,
    encode_line,
    find_replay,
    read_manifests,
    read_streams,
)
from botgame.seals import opened_json, sealed_json

RECORD = MatchRecord(
    match="m1",
    replay="duel.replay",
    seats=[
        SeatRecord("human", "human", rating=120.0, place=1, result=1.0),
        SeatRecord("lms_re", "lms_re", result=-1.0),
    ],
)
DECISION = Decision(replay="duel.replay", seat=1, tick=40, action=[1, 2, 3, 0, 5, 0], controller="human")
MARK = Mark(replay="duel.replay", seat=0, start=10, end=90, verdict="bad")


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_a_missing_folder_is_empty(folder: Path | None) -> None:
    assert read_manifests(folder) == read_streams(folder) == (0, [], [])


def test_lines_are_found_at_any_depth_and_read_back(tmp_path: Path) -> None:
    for run, lines in (("a", [MARK]), ("b/c", [DECISION, MARK])):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "feedback_stream.jsonl").write_bytes(b"".join(map(encode_line, lines)))
    (tmp_path / "manifest.jsonl").write_bytes(encode_line(RECORD))
    streams = read_streams(tmp_path)
    assert [entry.value for entry in streams.entries] == [MARK, DECISION, MARK]
    assert streams.entries[0].source == tmp_path / "a" / "feedback_stream.jsonl"
    assert (streams.files, streams.problems) == (2, [])
    assert [entry.value for entry in read_manifests(tmp_path).entries] == [RECORD]


def test_a_torn_last_line_is_left_out_silently(tmp_path: Path) -> None:
    whole = encode_line(DECISION)
    for cut in range(1, len(whole) - 1):
        (tmp_path / "feedback_stream.jsonl").write_bytes(encode_line(MARK) + whole[:cut])
        lines = read_streams(tmp_path)
        assert ([entry.value for entry in lines.entries], lines.problems) == ([MARK], [])


BAD_LINES = {
    "not JSON": b"{{{\n",
    "another kind": b'{"kind":"applause"}\n',
    "a missing field": b'{"kind":"mark","replay":"x","seat":0,"start":1,"verdict":"good"}\n',
    "a seat that cannot be": encode_line(msgspec.structs.replace(MARK, seat=16)),
    "a negative tick": encode_line(msgspec.structs.replace(DECISION, tick=-1)),
    "a later format": b'{"kind":"mark","replay":"x","seat":0,"start":1,"end":2,"verdict":"good","format":9}\n',
    "bytes that are no text": b"\xff\xfe\n",
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_malformed_line_is_named_and_the_rest_is_used(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "feedback_stream.jsonl"
    path.write_bytes(encode_line(MARK) + line + b"\n" + encode_line(DECISION))
    lines = read_streams(tmp_path)
    assert [entry.value for entry in lines.entries] == [MARK, DECISION]
    assert len(lines.problems) == 1
    assert lines.problems[0].startswith(f"{path}:2: ")


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    text = opened_json(encode_line(RECORD).decode().strip()).replace('{"match"', '{"weather":"rain","match"')
    assert "rain" in text
    (tmp_path / "manifest.jsonl").write_text(sealed_json(text) + "\n")
    assert read_manifests(tmp_path).entries[0].value == RECORD


def test_a_replay_is_found_by_name_beside_the_stream_or_as_given(tmp_path: Path) -> None:
    source, replay = tmp_path / "run" / "feedback_stream.jsonl", tmp_path / "run" / "duel.replay"
    source.parent.mkdir()
    assert find_replay("duel.replay", source, {}) is None
    replay.touch()
    assert find_replay("duel.replay", source, {}) == replay
    assert find_replay(str(replay), tmp_path / "elsewhere.jsonl", {}) == replay
    known = {"duel.replay": tmp_path / "data" / "duel.replay"}
    assert find_replay("C:\\games\\duel.replay", source, known) == known["duel.replay"]
