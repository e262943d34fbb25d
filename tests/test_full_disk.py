"""A full disk: one line, the old files stay whole, and with more space the run goes on as if nothing had happened."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from botgame import cli
from botgame.errors import UserError
from botgame.feedback import Decision, read_streams
from botgame.live.journal import Journal
from botgame.training import alphastar_league, alphastar_rl, exploit
from botgame.training.alphastar.checkpoint import Checkpoint, load_state, save_checkpoint, save_state
from toy_game import TOY_SPEC
from toy_run import SMALL, TOY

resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
torch.set_num_threads(1)
FEW = [*SMALL, "--actor-rollouts", "2", "--matches-per-actor", "8", "--save-every", "1"]
WEIGHTS = {f"layer{number}": torch.ones(5000) for number in range(20)}


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let this process write no file beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 100, 30_000, 200_000, 399_000])
@pytest.mark.parametrize("kind", ["checkpoint", "state"])
def test_a_file_that_has_no_room_is_a_user_error_and_the_old_one_stays(tmp_path: Path, room: int, kind: str) -> None:
    path = tmp_path / "pi.pt"

    def save() -> None:
        if kind == "state":
            save_state(path, {"weights": WEIGHTS})
        else:
            save_checkpoint(path, Checkpoint("toy", "rl", TOY_SPEC, {}, WEIGHTS))

    save()
    before = path.read_bytes()
    assert len(before) > 400_000
    with largest_file(room), pytest.raises(UserError, match=r"cannot write .*pi\.pt: File too large"):
        save()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_live_journal_that_has_no_room_names_its_file_also_when_it_is_closed(tmp_path: Path) -> None:
    line = Decision("", 0, 1, [0] * 6)

    def play() -> None:
        with Journal(tmp_path / "live", tmp_path / "feedback", "run") as journal:
            for _ in range(10):
                journal.stream.append(line)

    with largest_file(400), pytest.raises(UserError, match=r"cannot write .*feedback_stream\.jsonl: No space left"):
        play()
    lines = read_streams(tmp_path)
    assert {entry.value.tick for entry in lines.entries} == {1}
    assert lines.problems == []


def test_what_no_command_foresaw_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @cli.command
    def main(argv=None) -> int:
        raise OSError(28, "No space left on device", "some/file")

    assert main([]) == 1
    assert capsys.readouterr().err == "error: some/file: No space left on device\n"


def commands(start: Path, folder: Path) -> dict[str, tuple]:
    words = [*TOY, *SMALL, "--supervised-checkpoint", str(start)]
    league = ["--rounds", "2", "--rl-iterations-per-round", "1", "--past-matches", "2", "--cross-play-matches", "2"]
    search = ["zero", "--start", "supervised", "--budget", "300", "--final-matches", "2"]
    return {
        "rl": (alphastar_rl, [*words, "--output", str(folder / "pi.pt"), "--iterations", "3"]),
        "league": (alphastar_league, [*words, "--output-dir", str(folder), *league]),
        "exploit": (exploit, [*words, "--output-dir", str(folder), *search]),
    }


def test_a_run_whose_files_have_no_room_ends_in_one_line(trained: Path, tmp_path: Path, capsys) -> None:
    for name, (command, words) in commands(trained, tmp_path).items():
        with largest_file(60_000):
            assert command.main(words) == 1, name
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1, said
        assert "File too large" in said[0]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, of 4 KiB until `resize` is called."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def metrics(folder: Path) -> list[dict]:
    (path,) = folder.rglob("*metrics.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in row.items() if "time_" not in name} for row in rows]


@pytest.mark.parametrize("name", ["rl", "league", "exploit"])
def test_a_disk_that_fills_up_costs_nothing(name: str, trained: Path, tmp_path: Path, disk: Path, capsys) -> None:
    (tmp_path / "whole").mkdir()
    command, words = commands(trained, tmp_path / "whole")[name]
    assert command.main(words) == 0
    size = sum(path.stat().st_size for path in (tmp_path / "whole").rglob("*") if path.is_file())
    command, words = commands(trained, disk)[name]
    capsys.readouterr()
    for share in (0.05, 0.5, 0.9):
        resize(disk, int(share * size))
        assert command.main([*words, "--resume"]) == 1, share
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert said.splitlines()[-1].startswith("error: cannot write")
        for path in (path for path in disk.rglob("*resume.pt")):
            load_state(path)
    resize(disk, 3 * size)
    assert command.main([*words, "--resume"]) == 0
    assert metrics(disk) == metrics(tmp_path / "whole")
