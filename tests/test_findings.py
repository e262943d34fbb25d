"""What lies in a folder is found once: behind links, in circles, under two names."""

import os
import shutil
from pathlib import Path

import pytest

from botgame.feedback import MANIFEST_NAME, Lines, MatchRecord, SeatRecord, encode_line, read_manifests
from botgame.files import find_files
from botgame.lms.game import lms
from botgame.lms.replay.format import scan, write
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource
from matches import record as recorded

NOTHING = Lines(0, [], [])


def link(at: Path, to: Path) -> None:
    try:
        at.symlink_to(to, target_is_directory=True)
    except OSError:
        pytest.skip("this user may not make links")


def test_linked_folders_are_searched_and_circles_end(tmp_path: Path) -> None:
    elsewhere, data = tmp_path / "elsewhere" / "deep", tmp_path / "data"
    elsewhere.mkdir(parents=True)
    data.mkdir()
    path = write(elsewhere, recorded(1)[0])
    (elsewhere / MANIFEST_NAME).write_bytes(encode_line(MatchRecord("a", "b", [SeatRecord("x"), SeatRecord("y")])))
    link(data / "more", elsewhere.parent)
    link(data / "again", elsewhere.parent)
    link(elsewhere / "round", data)
    assert [found.name for found in scan(data)] == [path.name]
    assert len(read_manifests(data).entries) == 1


def test_an_absent_folder_has_nothing(tmp_path: Path) -> None:
    assert find_files(tmp_path / "none", "*") == []


def source(folder: Path) -> tuple[ReplaySource, list[str]]:
    said: list[str] = []
    return ReplaySource(lms(), folder, SeatChoice(("all",)), NOTHING, NOTHING, said.append), said


def test_a_match_under_two_names_counts_once_and_is_said(tmp_path: Path) -> None:
    one, other = (write(tmp_path, replay) for replay in recorded(2))
    once, _ = source(tmp_path)
    shutil.copy(one, tmp_path / "zz_copy.lmsr")
    (tmp_path / "deep").mkdir()
    shutil.copy(other, tmp_path / "deep" / other.name)
    found, said = source(tmp_path)
    assert found.usage.decisions == once.usage.decisions
    assert found.usage.replays == 2
    assert sorted(found.names) == sorted([one.name, other.name])
    assert len(said) == 2
    assert all("counted once" in line for line in said)
    assert any("zz_copy.lmsr" in line for line in said)


def test_another_match_under_a_name_that_is_taken_is_said(tmp_path: Path) -> None:
    one, other = (write(tmp_path, replay) for replay in recorded(2))
    (tmp_path / "deep").mkdir()
    os.replace(other, tmp_path / "deep" / one.name)  # noqa: PTH105
    found, said = source(tmp_path)
    assert found.usage.replays == 1
    assert "rename one of them" in said[0]
