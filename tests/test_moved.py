"""A run goes on wherever its inputs lie now; what lies there must be the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from msgspec.structs import replace as replace_struct

from botgame.errors import UserError
from botgame.feedback import HUMAN, Decision, Entry, Lines, Mark
from botgame.game import RecordedSeat
from botgame.training import alphastar_league, alphastar_rl, exploit
from botgame.training.alphastar.checkpoint import load_checkpoint, save_checkpoint
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource
from toy_game import toy
from toy_run import SMALL, TOY

torch.set_num_threads(1)
FEW = [*SMALL, "--save-every", "1"]
COMMANDS = {
    "rl": (alphastar_rl, ["--output", "out/pi.pt"], ["--iterations"]),
    "league": (alphastar_league, ["--output-dir", "out", "--rl-iterations-per-round", "1", "--past-matches", "2",
                                  "--cross-play-matches", "2"], ["--rounds"]),
    "exploit": (exploit, ["target.pt", "--output-dir", "out", "--start", "supervised", "--final-matches", "2"],
                ["--budget"]),
}  # fmt: skip
LENGTHS = {"rl": ("1", "2"), "league": ("1", "2"), "exploit": ("30", "200")}


def run(name: str, start: str, length: str, *more: str, target: str = "target.pt") -> int:
    command, words, goal = COMMANDS[name]
    words = [target if word == "target.pt" else word for word in words]
    return command.main([*TOY, *FEW, *words, "--supervised-checkpoint", start, *goal, length, *more])


@pytest.fixture(params=COMMANDS)
def begun(request, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of each kind that has ended, in the working folder; its name."""
    monkeypatch.chdir(tmp_path)
    for name in ("start.pt", "target.pt"):
        shutil.copy(trained, tmp_path / name)
    assert run(request.param, "start.pt", LENGTHS[request.param][0]) == 0
    return request.param


def test_the_same_checkpoint_may_lie_elsewhere_or_be_gone(begun: str, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "out", tmp_path / "kept")
    for place in ("elsewhere/other.pt", str(tmp_path / "start.pt"), "gone/start.pt"):
        if place.startswith("elsewhere"):
            (tmp_path / "elsewhere").mkdir()
            shutil.copy("start.pt", place)
        assert run(begun, place, LENGTHS[begun][1], "--resume") == 0, place
        shutil.rmtree(tmp_path / "out")
        shutil.copytree(tmp_path / "kept", tmp_path / "out")


def changed(path: Path) -> None:
    """Other weights in the same file."""
    checkpoint = load_checkpoint(path, toy())
    checkpoint.weights = {name: tensor + 1 for name, tensor in checkpoint.weights.items()}
    save_checkpoint(path, checkpoint)


def test_another_checkpoint_is_refused_and_named(begun: str, tmp_path: Path, capsys) -> None:
    shutil.copy("start.pt", "other.pt")
    changed(tmp_path / "other.pt")
    assert run(begun, "other.pt", LENGTHS[begun][1], "--resume") == 2
    said = capsys.readouterr().err
    assert "--supervised-checkpoint cannot change" in said
    assert "other.pt" in said
    changed(tmp_path / "start.pt")  # trained again since: the run keeps the weights that it began from
    assert run(begun, "start.pt", LENGTHS[begun][1], "--resume") == 0


def test_a_target_may_lie_elsewhere_but_not_change(trained: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("start.pt", "target.pt", "moved.pt"):
        shutil.copy(trained, tmp_path / name)
    assert run("exploit", "start.pt", "30") == 0
    assert run("exploit", "start.pt", "60", "--resume", target="moved.pt") == 0
    assert json.loads(Path("out/exploit.json").read_text())["target"] == "moved.pt"
    changed(tmp_path / "moved.pt")
    for gone in (False, True):
        if gone:
            Path("out/exploit.json").unlink()
        for target in ("moved.pt", "zero", "chance"):
            assert run("exploit", "start.pt", "90", "--resume", target=target) == 2
            assert target in capsys.readouterr().err


class Recorded(NamedTuple):
    """A recorded match of two seats with three decisions each. Its file says how seat 0 was rated."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def seats(self) -> tuple[RecordedSeat, ...]:
        return RecordedSeat("chance", 0, 1, 3, float(self.path.read_text())), RecordedSeat("zero", 0, 2, 3)

    def decided(self, seat: int, tick: int) -> bool:
        return tick < 3


class Demonstrations:
    """Matches that are files with the ending `.match`."""

    def scan(self, folder: Path) -> list[Path]:
        return sorted(folder.rglob("*.match"))

    def open(self, path: Path) -> Recorded:
        return Recorded(path)

    def situation(self, match: Recorded, seat: int) -> int:
        return 0


def source(folder: Path, *feedback: Decision | Mark) -> ReplaySource:
    game = replace(toy(), demonstrations=Demonstrations())
    streams = Lines(1, [Entry(folder / "stream", value) for value in feedback], [])
    return ReplaySource(game, folder, SeatChoice(("all",)), Lines(0, [], []), streams, lambda line: None)


def correction(choice: int) -> Decision:
    return Decision("data/a.match", 0, 1, [choice, 0], HUMAN)


def test_what_is_imitated_may_lie_elsewhere_but_not_change(tmp_path: Path) -> None:
    for folder in ("data", "elsewhere/deep"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("a.match", "b.match"):
            (tmp_path / folder / name).write_text("100")
    mark = Mark("data/b.match", 1, 0, 2, "good")
    began = source(tmp_path / "data", correction(2), mark)
    (tmp_path / "elsewhere" / "deep" / "c.match").write_text("0")  # recorded since: left out
    now = source(tmp_path / "elsewhere", mark, correction(2))
    now.restrict(began.names)
    now.check_unchanged(began.digest)
    others = [
        source(tmp_path / "data", correction(2)),
        source(tmp_path / "data", correction(1), mark),
        source(tmp_path / "data", correction(2), replace_struct(mark, verdict="bad")),
        source(tmp_path / "data", correction(2), replace_struct(mark, end=1)),
    ]
    (tmp_path / "data" / "b.match").write_text("101")
    for other in (*others, source(tmp_path / "data", correction(2), mark)):
        with pytest.raises(UserError, match="--feedback-dir"):
            other.check_unchanged(began.digest)
