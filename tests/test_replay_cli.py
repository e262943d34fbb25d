"""`python -m botgame.replay`: exit codes, what it says, and a picture that is a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest

from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import Change, ReplayMark
from botgame.replay import main
from matches import record


@pytest.fixture(scope="module")
def recorded() -> list[Replay]:
    return [*record(3), *record(1, seats=4)]


@pytest.fixture
def folder(tmp_path: Path, recorded: list[Replay]) -> Path:
    for replay in recorded:
        write(tmp_path / "data", replay)
    return tmp_path / "data"


def test_verify_accepts_good_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder)]) == 0
    assert "4 checked: 4 good, 0 bad" in capsys.readouterr().out
    assert main(["verify", str(next(folder.glob("duel_s101_*")))]) == 0
    assert "the outcome agree" in capsys.readouterr().out


def test_verify_names_each_bad_file_and_checks_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    victim = next(folder.glob("duel_s100_*"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    (folder / "empty.lmsr").touch()
    assert main(["verify", str(folder), str(folder / "absent.lmsr")]) == 1
    out = capsys.readouterr().out
    assert f"BAD {victim}: it was changed after it was written" in out
    assert "empty.lmsr: it is empty" in out
    assert "absent.lmsr: cannot be read (No such file" in out
    assert "6 checked: 3 good, 3 bad" in out


def test_verify_notices_a_forged_outcome(tmp_path: Path, recorded: list[Replay], capsys) -> None:
    header = recorded[0].header
    seats = [msgspec.structs.replace(seat, place=3 - seat.place) for seat in header.seats]
    forged = Replay(msgspec.structs.replace(header, seats=tuple(seats)), recorded[0].decisions)
    write(tmp_path, forged)
    assert main(["verify", str(tmp_path)]) == 1
    assert "the outcome differs" in capsys.readouterr().out


def test_an_empty_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == 1
    assert "holds no replay" in capsys.readouterr().out
    assert main(["show", str(tmp_path)]) == 1


def test_show_tells_who_played_and_what_happened(tmp_path: Path, recorded: list[Replay], capsys) -> None:
    header = recorded[0].header
    events = {"marks": (ReplayMark(60, 1, -1),), "changes": (Change(30, 0, 1, 0, 0),)}
    seats = (msgspec.structs.replace(header.seats[0], policy="evil\x1b[2J", rating=123.4), *header.seats[1:])
    path = write(tmp_path, Replay(msgspec.structs.replace(header, seats=seats, **events), recorded[0].decisions))
    assert main(["show", str(path)]) == 0
    out = capsys.readouterr().out
    assert "duel, seed 100" in out
    assert "restless" in out
    assert "evil?[2J" in out
    assert "rating 123" in out
    assert "2.0 s: seat 1 marked -1" in out
    assert "1.0 s: seat 0 is taken over by a human" in out


@pytest.mark.parametrize("mode", ["duel", "royale"])
def test_show_draws_a_picture(folder: Path, tmp_path: Path, mode: str) -> None:
    path, target = next(folder.glob(f"{mode}_s100_*")), tmp_path / "match.svg"
    assert main(["show", str(path), "--svg", str(target)]) == 0
    root = ElementTree.parse(target).getroot()
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith(f"{mode}, seed 100") for text in texts)
    seats = 2 if mode == "duel" else 4
    assert sum(text.startswith(("dies", "alive")) for text in texts) == seats
    assert "nan" not in target.read_text()


def test_a_picture_is_of_one_match(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder), "--svg", str(tmp_path / "x.svg")]) == 2
    assert "--svg draws one match, got 4 replays" in capsys.readouterr().err
    path = next(folder.glob("duel_*"))
    (tmp_path / "blocked").touch()
    assert main(["show", str(path), "--svg", str(tmp_path / "blocked" / "x.svg")]) == 1
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["verify"], ["show"], ["play", "x"], ["verify", "x", "--matches", "0"]])
def test_usage_errors_exit_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(argv)
    assert error.value.code == 2


@pytest.mark.parametrize(("command", "flag"), [("show", "--svg"), ("export", "--output"), ("style", "--output")])
def test_a_result_replaces_nothing_of_another_kind(
    command: str, flag: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other, *_ = sorted(folder.iterdir())
    before = other.read_bytes()
    assert main([command, str(path), flag, str(other)]) == 2
    assert f"{other} is in the way" in capsys.readouterr().err
    assert other.read_bytes() == before
    for _ in range(2):  # its own result may be made again
        assert main([command, str(path), flag, str(tmp_path / "result")]) == 0


def test_an_exported_page_does_not_replace_its_thoughts(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thoughts = tmp_path / "thoughts.json"
    thoughts.write_text("{}")
    path = sorted(folder.iterdir())[0]
    assert main(["export", str(path), "--thoughts", str(thoughts), "-o", str(thoughts)]) == 2
    assert "would take the place of --thoughts" in capsys.readouterr().err
