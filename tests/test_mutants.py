"""One bad file costs that file, named, whatever is wrong with it: every reader against files that nobody wrote."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import mutants
from botgame.feedback import MANIFEST_NAME, STREAM_NAME, read_manifests, read_streams
from botgame.lms.replay.columns import Decisions, encode
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import read, write
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.replay.showing.film import film_json
from botgame.lms.replay.verify import verify
from botgame.replay import main as replay_command
from botgame.training.league.files import read_matches
from matches import record as recorded
from mutant_kinds import league_folder, targets

KINDS = ["replay", "manifest", "feedback", "league state", "matches", "exploit", "readout", "style", "state",
         "checkpoint", "model", "recording of toy_game:toy", "recording of openspiel:tic_tac_toe"]  # fmt: skip


@pytest.fixture(scope="module")
def kinds(trained: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, mutants.Target]:
    folder = tmp_path_factory.mktemp("kinds")
    model = folder / "pi.onnx"
    model.write_bytes(trained_model.read_bytes())
    return targets(folder, trained, model)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_in_a_file_it_is_read_or_refused_in_one_line(kind: str, kinds: dict[str, mutants.Target]) -> None:
    fates = mutants.run(kinds[kind], 25, seed=7)
    assert set(fates) <= {"read", "refused"}, fates


def test_every_kind_is_tried(kinds: dict[str, mutants.Target]) -> None:
    assert list(kinds) == KINDS


@pytest.fixture
def many(tmp_path: Path) -> tuple[Path, Any]:
    """A folder of good replays, and the header of another as JSON."""
    replays = recorded(6)
    for replay in replays[1:]:
        write(tmp_path, replay)
    return tmp_path, replays[0]


def made(replay: Any, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The file of a replay with another header and no decisions."""
    header = json.loads(msgspec.json.encode(replay.header))
    change(header)
    return mutants.packed(json.dumps(header).encode(), without_decisions(replay))


def without_decisions(replay: Any) -> bytes:
    empty = {name: array[:0] for name, array in vars(replay.decisions).items()}
    return encode(Decisions(**empty), [0] * len(replay.header.seats), [seat.reaction for seat in replay.header.seats])


def nobody_decides(header: dict[str, Any]) -> None:
    for seat in header["seats"]:
        seat["decisions"] = 0


def capped(value: int) -> Callable[[dict[str, Any]], None]:
    def change(header: dict[str, Any]) -> None:
        nobody_decides(header)
        header["seats"][0]["cap"] = value

    return change


def capped_later(header: dict[str, Any]) -> None:
    nobody_decides(header)
    header["changes"] = [[3, 0, 1, 0, 0, 100]]


@pytest.mark.parametrize("change", [nobody_decides, capped(23), capped(254), capped_later])
def test_among_good_replays_a_bad_one_costs_itself(change: Callable, many: tuple[Path, Any], capsys) -> None:
    folder, replay = many
    bad = folder / "bad.lmsr"
    bad.write_bytes(made(replay, change))
    verdicts = {verdict.path.name: verdict.fault for verdict in verify(sorted(folder.iterdir()))}
    assert verdicts.pop("bad.lmsr") is not None
    assert len(verdicts) == 5
    assert set(verdicts.values()) == {None}
    assert replay_command(["verify", str(folder)]) == 1
    assert "5 good, 1 bad" in capsys.readouterr().out


def test_a_match_in_which_nobody_decided_is_a_replay_like_any_other(tmp_path: Path) -> None:
    """People who join and never act leave one."""
    import numpy as np

    from botgame.lms.arena import Arena, Limits
    from botgame.lms.replay.assembly import Course, MatchStart, SeatStart, make_replay, raw_rules

    arena = Arena(1, 3)
    limits = Limits(0, 0)
    arena.reset(0, 5, (0, 1, 2), 300, [limits] * 3)
    arena.run()
    seats = [SeatStart(f"human:{name}", school, limits, controller=1) for school, name in enumerate("abc")]
    start = MatchStart(5, 300, raw_rules(arena.rules), seats)
    table = np.zeros((0, 3 + 6), np.int32)
    replay = make_replay(start, Course(table, [], arena.digest(0), arena.outcome(0), []))
    path = write(tmp_path, replay)
    (verdict,) = verify([path])
    assert verdict.fault is None
    assert list(trajectories([read(path)])) == []
    assert b'"mages"' in film_json(read(path))


@pytest.mark.parametrize("name", [MANIFEST_NAME, STREAM_NAME])
@pytest.mark.parametrize("line", [b"[" * 10_000, b'{"a":' * 10_000, b"\xff\xfe", b"\0", b'{"match": 1}'])
def test_a_line_that_is_none_costs_itself(name: str, line: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(line + b"\n")
    lines = (read_manifests if name == MANIFEST_NAME else read_streams)(tmp_path)
    assert lines.entries == []
    assert len(lines.problems) == 1
    assert f"{name}:1" in lines.problems[0]


def test_a_mark_of_windows_and_blank_lines_are_no_damage(tmp_path: Path) -> None:
    path = league_folder(tmp_path) / "matches.jsonl"
    whole = read_matches(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\n"))
    assert read_matches(path) == whole


@pytest.mark.parametrize("data", [b"", b"LMSR", b"x" * 100])
def test_what_is_no_replay_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.lmsr").write_bytes(data)
    with pytest.raises(ReplayError, match=r"a\.lmsr"):
        read(tmp_path / "a.lmsr")
