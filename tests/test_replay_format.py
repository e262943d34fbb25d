"""The replay file: exact, small, named by content, and nothing but ReplayError for anything that is not one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botgame.lms.replay.columns import Decisions, decode, encode
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import MAGIC, MAX_FILE, Replay, from_bytes, load, read, scan, to_bytes, write
from botgame.lms.rules import Rules
from matches import record

NOWHERE = Path("some.lmsr")


@pytest.fixture(scope="module")
def replay() -> Replay:
    return record(1)[0]


@pytest.fixture(scope="module")
def data(replay: Replay) -> bytes:
    return to_bytes(replay)


def pack(header: bytes, columns: bytes, *, claimed: tuple[int, int] | None = None) -> bytes:
    """A file with a correct checksum around any contents, made after the table in docs/replays.md."""
    packed = zlib.compress(header + columns)
    head = struct.pack("<4sHHIII", MAGIC, 1, 0, 36 + len(packed), *(claimed or (len(header), len(columns))))
    return head + hashlib.blake2b(head + packed, digest_size=16).digest() + packed


def unpack(replay: Replay) -> tuple[bytes, bytes]:
    """The header and the columns of the file of a replay."""
    data = to_bytes(replay)
    header_size, columns_size = struct.unpack_from("<II", data, 12)
    content = zlib.decompress(data[36:])
    assert len(content) == header_size + columns_size
    return content[:header_size], content[header_size:]


def with_header(replay: Replay, **changes: object) -> bytes:
    header, columns = unpack(replay)
    return pack(json.dumps(json.loads(header) | changes).encode(), columns)


def refusal(data: bytes) -> str:
    with pytest.raises(ReplayError) as error:
        from_bytes(data, NOWHERE)
    assert str(error.value).startswith("some.lmsr: ")
    assert "\n" not in str(error.value)
    return error.value.reason


def test_a_file_gives_back_exactly_what_was_written(tmp_path: Path, replay: Replay) -> None:
    path = write(tmp_path, replay)
    again = read(path)
    assert (again.header, again.decisions, again.path) == (replay.header, replay.decisions, path)
    assert again.rules == Rules()
    assert len(again.decisions.tick) == sum(seat.decisions for seat in again.header.seats) > 50


def test_the_same_match_is_the_same_file_and_another_is_not(tmp_path: Path) -> None:
    for replay in (*record(2), *record(2)):
        write(tmp_path, replay)
    names = [path.name for path in scan(tmp_path)]
    assert len(names) == 2
    assert [name.split("_")[:2] for name in names] == [["duel", "s100"], ["duel", "s101"]]


def test_writing_again_repairs_a_damaged_file(tmp_path: Path, replay: Replay) -> None:
    path = write(tmp_path, replay)
    good = path.read_bytes()
    path.write_bytes(good[:-3])
    write(tmp_path, replay)
    assert path.read_bytes() == good


def test_a_full_length_duel_is_small(replay: Replay) -> None:
    """Eight decisions a second of a policy that draws every head: no real bot is less predictable."""
    seats, rng = replay.header.seats, np.random.default_rng(0)
    choices = np.stack([rng.integers(0, size, 1920) for size in (6, 8, 9, 5, 32, 5)], axis=1)
    choices[:, 1] = 2
    tick = np.tile(np.arange(960) * 4 - np.arange(960) // 4, 2)
    noisy = Decisions(
        seat=np.repeat([0, 1], 960), tick=tick, seen=np.maximum(0, tick - 4), choices=choices,
        digest_tick=np.arange(0, 3600, 30), digest=rng.integers(0, 2**32, 120),
    )  # fmt: skip
    size = len(zlib.compress(encode(noisy, [960, 960], [4, 4]), 9))
    assert size + len(zlib.compress(msgspec.json.encode(replay.header))) < 8 * 1024
    assert len(to_bytes(replay)) < 3 * 1024
    assert len(seats) == 2


@pytest.mark.parametrize("counts", [[0, 0], [0, 5], [4, 0], [3, 5]])
def test_columns_survive_seats_without_decisions(counts: list[int]) -> None:
    rows = sum(counts)
    tick = np.concatenate([np.cumsum(np.arange(n) + 1) * 300 for n in counts]).astype(np.int32)
    decisions = Decisions(
        seat=np.repeat(np.arange(len(counts)), counts).astype(np.int8), tick=tick, seen=np.maximum(0, tick - 7),
        choices=np.full((rows, 6), 3, np.int8), digest_tick=np.array([0, 31], np.int32),
        digest=np.array([1, 2**32 - 1], np.uint32),
    )  # fmt: skip
    assert decode(encode(decisions, counts, [4, 0]), counts, [4, 0], 10_000) == decisions


def test_every_flipped_byte_is_noticed(data: bytes) -> None:
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x11
        refusal(bytes(changed))


def test_every_truncation_is_noticed(data: bytes) -> None:
    for length in range(0, len(data), 7):
        assert "empty" in refusal(data[:length]) if not length else "truncated" in refusal(data[:length])


def test_reasons_name_what_is_wrong(tmp_path: Path, data: bytes) -> None:
    assert "not a botgame replay" in refusal(b"PK\x03\x04" + data)
    assert "changed after it was written" in refusal(data + b"x")
    version = bytearray(data)
    version[4] = 9
    assert "replay format 9" in refusal(bytes(version))
    with pytest.raises(ReplayError, match="No such file"):
        read(tmp_path / "absent.lmsr")
    with pytest.raises(ReplayError, match="cannot be read"):
        read(tmp_path)
    large = tmp_path / "large.lmsr"
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with pytest.raises(ReplayError, match="larger than any replay"):
        read(large)


def test_load_reports_bad_files_by_name_and_goes_on(tmp_path: Path, replay: Replay, data: bytes) -> None:
    good = write(tmp_path, replay)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cut.lmsr").write_bytes(data[:100])
    (tmp_path / "empty.lmsr").touch()
    (tmp_path / "notes.txt").write_text("not a replay")
    errors: list[ReplayError] = []
    assert [loaded.path for loaded in load(scan(tmp_path), errors.append)] == [good]
    assert [error.path.name for error in errors] == ["cut.lmsr", "empty.lmsr"]
    assert scan(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "royale"}, "2 seats"),
        ({"mode": "chess"}, "header"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"ticks": 0}, "header"),
        ({"ticks": 5000}, "longer than its duration"),
        ({"duration_ticks": 10**9}, "header"),
        ({"seats": []}, "header"),
        ({"game": "chess"}, "chess"),
        ({"unknown": 1}, "header"),
        ({"final": "xyz"}, "header"),
        ({"marks": [[5, 3, 1]]}, "outside the match"),
        ({"changes": [[5, 0, 2, 0, 0]]}, "header"),
        ({"rules": {}}, "rules"),
        ({"rules": []}, "rules"),
        ({"rules": None}, "rules"),
    ],
)
def test_headers_out_of_bounds_are_refused(replay: Replay, changes: dict, reason: str) -> None:
    assert reason in refusal(with_header(replay, **changes))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duel_size", 10**6), ("duel_size", 20.5), ("royale_size", -4), ("mage_speed", 1e9), ("mage_speed", -1),
        ("mage_radius", 0.9), ("spawn_radius", 0.7), ("reaction_ticks", 9), ("action_cap", 1000),
        ("duel_items", [99, 0, 0, 0]),
        ("duel_items", [1]), ("zone_radius", [0.5, 0.3, 0.1, 0.1]), ("zone_hold", [0.5, 0.4, 0.6, 0.8]), ("version", 2),
        ("health", True), ("sight_period", 0), ("new_number", 1), ("abilities", []), ("abilities", 7), ("heal", "much"),
    ],
)  # fmt: skip
def test_rules_that_could_break_the_simulation_are_refused(replay: Replay, name: str, value: object) -> None:
    assert "rule" in refusal(with_header(replay, rules=Rules().to_dict() | {name: value}))


@pytest.mark.parametrize(
    "change",
    [{"speed": 1e-9}, {"speed": 600}, {"radius": -1}, {"kind": "laser"}, {"name": "x" * 99}, {"cooldown": 1e300}],
)
def test_abilities_that_could_break_the_simulation_are_refused(replay: Replay, change: dict) -> None:
    rules = Rules().to_dict()
    rules["abilities"][0][1].update(change)
    assert "rule" in refusal(with_header(replay, rules=rules))


def test_a_small_file_cannot_claim_or_unpack_much_memory(replay: Replay) -> None:
    header, _ = unpack(replay)
    assert "more than any match" in refusal(pack(header, b"", claimed=(len(header), 2**32 - 1)))
    assert "not as long" in refusal(pack(header, bytes(10**7), claimed=(len(header), 100)))
    assert "not as long" in refusal(pack(header, b"", claimed=(len(header), 100)))


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused(noise: bytes) -> None:
    refusal(noise)
    refusal(MAGIC + noise)


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_contents_with_a_correct_checksum_never_crash(replay: Replay, data: st.DataObject) -> None:
    """Whatever still opens is a replay within bounds: its columns decode to rows that the simulation can take."""
    parts = [bytearray(part) for part in unpack(replay)]
    for _ in range(data.draw(st.integers(1, 4))):
        part = parts[data.draw(st.integers(0, 1))]
        position = data.draw(st.integers(0, len(part) - 1))
        kind = data.draw(st.sampled_from(["set", "delete", "insert"]))
        if kind == "delete":
            del part[position]
        elif kind == "insert":
            part.insert(position, data.draw(st.integers(0, 255)))
        else:
            part[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ReplayError):
        again = from_bytes(pack(bytes(parts[0]), bytes(parts[1])), NOWHERE)
        assert again.decisions.tick.max() <= again.header.ticks
        assert again.decisions.choices.min() >= 0
