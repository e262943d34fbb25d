"""Paths for results: no command moves, replaces or reads away what is the user's, whatever path it is given."""

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from botgame import cli, outputs, replay
from botgame.errors import UserError
from botgame.training import (
    alphastar_imitation,
    alphastar_league,
    alphastar_rl,
    evaluate,
    exploit,
    export,
    exporting,
    policy_readout,
    report_league,
)
from botgame.training.runs.paths import CONFIG_FORMAT, RunPaths
from toy_run import SMALL, TOY

torch.set_num_threads(1)
ONE = ["--iterations", "1", *SMALL]


def run(command, *words: object) -> int:
    """The exit code, that of argparse too."""
    try:
        return command.main([str(word) for word in words])
    except SystemExit as stop:
        return stop.code


def contents(folder: Path) -> dict[str, str]:
    """What lies in a folder, file by file, with digests."""
    files = {path: path.read_bytes() if path.is_file() else b"folder" for path in folder.rglob("*")}
    return {path.relative_to(folder).as_posix(): hashlib.sha256(data).hexdigest() for path, data in files.items()}


def refused(folder: Path, capsys: pytest.CaptureFixture[str], command, *words: object) -> str:
    """The one line of an error of use that leaves `folder` as it was."""
    before = contents(folder)
    assert run(command, *words) == 2
    assert contents(folder) == before
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


@pytest.fixture
def place(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a user's files in it."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.pt").write_bytes(trained.read_bytes())
    (tmp_path / "replays" / "deep").mkdir(parents=True)
    (tmp_path / "replays" / "deep" / "a.lmsr").write_bytes(b"x")
    (tmp_path / "folder.pt").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRITERS: dict[str, Callable[[str], tuple]] = {
    "imitation": lambda path: (alphastar_imitation, "--data-dir", "replays", "--output", path),
    "rl": lambda path: (alphastar_rl, *TOY, "--supervised-checkpoint", "d/x.pt", "--output", path, *ONE),
    "export": lambda path: (export, *TOY, "d/x.pt", "-o", path),
    "evaluate": lambda path: (evaluate, *TOY, "d/x.pt", "chance", "--matches", "2", "--json", path),
    "report": lambda path: (report_league, "--league-state", "d/x.pt", "--output", path),
    "thoughts": lambda path: (policy_readout, "replays/deep/a.lmsr", "d/x.pt", "-o", path),
}


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("path", ["", " ", ".", "..", "d", "d/", "d/..", "replays", "replays/deep", "x" * 300, "\0"])
def test_a_path_that_is_no_place_for_a_file_is_named_and_nothing_moves(command, path, place, capsys) -> None:
    said = refused(place, capsys, *WRITERS[command](path))
    assert "--output" in said or "-o" in said or "--json" in said
    assert "expected" in said


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("path", ["notes.txt", "folder.pt", "d/x", "d/x.pt.", "d/.pt", "main.zip"])
def test_a_result_has_its_ending(command, path, place, capsys) -> None:
    said = refused(place, capsys, *WRITERS[command](path))
    assert "must end in ." in said or "expected a file that ends in ." in said


@pytest.mark.parametrize("words", [("--output-dir", "notes.txt"), ("--output-dir", "")])
def test_a_folder_of_results_is_no_file(words, place, capsys) -> None:
    start = ("--supervised-checkpoint", "d/x.pt", *words)
    for command in ((alphastar_league, *TOY, *start), (exploit, *TOY, "zero", *start)):
        assert "--output-dir" in refused(place, capsys, *command)


@pytest.mark.parametrize(
    "words",
    [
        (alphastar_rl, *TOY, "--supervised-checkpoint", "d/x.pt", "--output", "d/x.pt"),
        (alphastar_rl, *TOY, "--supervised-checkpoint", "d/x.pt", "--output", "d/../d/x.pt", "--resume"),
        (alphastar_rl, *TOY, "--supervised-checkpoint", "d/run.best.pt", "--output", "d/run.pt"),
        (alphastar_rl, *TOY, "--scratch", "tiny", "--opponents", "d/x.pt=1", "--output", "d/x.pt"),
        (alphastar_league, *TOY, "--supervised-checkpoint", "d/main.pt", "--output-dir", "d"),
        (alphastar_league, *TOY, "--supervised-checkpoint", "d/players/main1.v0.pt", "--output-dir", "d"),
        (exploit, *TOY, "d/scratch/best_response.pt", "--start", "scratch", "--output-dir", "d"),
        (evaluate, *TOY, "d/x.pt@notes.json", "chance", "--json", "notes.json"),
        (report_league, "--league-state", "notes.json", "--output", "./notes.json"),
        (policy_readout, "notes.json", "-o", "notes.json"),
        (replay, "export", "d/x.pt", "-o", "d/x.pt"),
        (replay, "show", "d", "--svg", "d"),
    ],
)
def test_what_is_read_is_not_written(words, place, trained, capsys) -> None:
    for name in ("d/run.best.pt", "d/main.pt", "d/players/main1.v0.pt", "d/scratch/best_response.pt", "notes.json"):
        (place / name).parent.mkdir(exist_ok=True, parents=True)
        (place / name).write_bytes(trained.read_bytes())
    assert "would take the place of" in refused(place, capsys, *words)


@pytest.mark.parametrize("kept", ["pi.best", "pi.good", "pi.resume", "pi.iter000010", "pi.epoch000002", "pi.backup3"])
def test_an_output_is_not_named_like_another_runs_files(kept: str, place, capsys) -> None:
    for name in ("imitation", "rl"):
        assert "pi.pt calls one of its files" in refused(place, capsys, *WRITERS[name](f"{kept}.pt"))


@given(st.lists(st.text("ab.1-[é", min_size=1, max_size=8) | st.sampled_from(["exp.v1", "exp.v2", "exp", "pi.best"]),
                min_size=2, max_size=2, unique=True))  # fmt: skip
def test_runs_beside_each_other_share_no_file(stems: list[str]) -> None:
    owned = []
    for stem in stems:
        output = Path("runs", f"{stem}.pt")
        try:
            outputs.check_checkpoint("--output", output)
        except UserError:
            continue
        paths = RunPaths.beside(output, "rl")
        names = {
            path.name for path in (*paths.files, paths.lock, paths.periodic("iter", 10), paths.periodic("epoch", 3))
        }
        assert len(names) == 11
        owned.append(names)
    assert len(owned) < 2 or not owned[0] & owned[1]


def foreign(path: Path) -> Path:
    """Something of the user's, where a run would write `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name in ("players", "good", "tb") or path.suffix == ".tb":
        path.mkdir()
        path = path / "mine.pt"
    path.write_bytes(b'{"mine": 1}')
    return path


@pytest.mark.parametrize("name", ["pt", "best.pt", "good.pt", "resume.pt", "iter000001.pt", "config.json",
                                  "metrics.jsonl", "tb"])  # fmt: skip
def test_a_foreign_file_in_the_way_of_rl_stays(name: str, place, capsys) -> None:
    mine = foreign(place / f"pi.{name}")
    said = refused(place, capsys, *WRITERS["rl"]("pi.pt"))
    assert mine.name in said


@pytest.mark.parametrize("name", ["main.pt", "main.best.pt", "resume.pt", "config.json", "metrics.jsonl", "tb",
                                  "league_state.json", "matches.jsonl", "players", "good"])  # fmt: skip
def test_a_foreign_file_in_the_way_of_a_league_stays(name: str, place, capsys) -> None:
    mine = foreign(place / name)
    said = refused(place, capsys, alphastar_league, *TOY, "--supervised-checkpoint", "d/x.pt", "--output-dir", ".")
    assert mine.name in said


@pytest.mark.parametrize("name", ["exploit.json", "supervised/best_response.pt", "scratch/metrics.jsonl"])
def test_a_foreign_file_in_the_way_of_a_search_stays(name: str, place, capsys) -> None:
    mine = foreign(place / name)
    words = ("zero", "--supervised-checkpoint", "d/x.pt", "--preset", "tiny", "--output-dir", ".", *SMALL)
    before = contents(place)
    assert run(exploit, *TOY, *words) in (1, 2)
    assert contents(place) == before
    assert mine.name in capsys.readouterr().err


@pytest.mark.parametrize(("command", "path"), [("evaluate", "o.json"), ("export", "o.onnx"), ("report", "o.json"),
                                               ("report", "page.json"), ("thoughts", "o.json")])  # fmt: skip
def test_a_foreign_file_in_the_way_of_a_single_result_stays(command, path, place, capsys) -> None:
    foreign(place / path)
    foreign(place / "page.html")
    assert "in the way" in refused(place, capsys, *WRITERS[command](path))


def test_a_checkpoint_of_another_kind_is_foreign(trained, tmp_path) -> None:
    paths = RunPaths.beside(trained, "rl")
    outputs.check_own(paths.files)
    with pytest.raises(UserError, match=r"start\.pt is in the way"):
        outputs.check_own(RunPaths.beside(trained, "imitation").files)


def test_a_runs_own_files_are_moved_together(trained, tmp_path) -> None:
    output = tmp_path / "pi.pt"
    words = (*TOY, "--supervised-checkpoint", trained, "--output", output, *ONE, "--save-every", "1")
    assert run(alphastar_rl, *words) == 0
    first = contents(tmp_path)
    assert run(alphastar_rl, *words, "--seed", "5") == 0
    assert run(alphastar_rl, *words) == 0
    now = contents(tmp_path)
    moved = [name for name in first if name.endswith((".pt", ".json", ".jsonl"))]
    assert len(moved) == 6
    for name in moved:
        path = Path(name)
        assert now[path.with_name(f"{path.stem}.backup1{path.suffix}").as_posix()] == first[name]
        assert path.with_name(f"{path.stem}.backup2{path.suffix}").as_posix() in now
    assert (tmp_path / "pi.backup2.tb").is_dir()


def test_results_are_replaced_by_their_own_command(trained, tmp_path, monkeypatch) -> None:
    models, export_file = [], exporting.export_file

    def export_once(network):  # it takes seconds
        models[:] = models or [export_file(network)]
        return copy.deepcopy(models[0])

    monkeypatch.setattr(exporting, "export_file", export_once)
    for words in ((evaluate, trained, "chance", "--matches", "2", "--json", tmp_path / "o.json"),
                  (export, trained, "-o", tmp_path / "o.onnx")):  # fmt: skip
        assert [run(words[0], *TOY, *words[1:]) for _ in range(2)] == [0, 0]


def test_an_evaluation_finds_out_first_that_it_cannot_write(trained, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("botgame.training.evaluation.command._play", lambda *_: pytest.fail("it played first"))
    assert run(evaluate, *TOY, trained, "chance", "--json", tmp_path / "file" / "o.json") == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_config_file_says_what_it_is(trained) -> None:
    assert json.loads(trained.with_suffix(".config.json").read_text())["format"] == CONFIG_FORMAT


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "n" * 5000])
def test_no_path_is_a_usage_error(text: str) -> None:
    with pytest.raises(Exception, match="expected a path"):
        cli.path(text)


def test_a_run_is_not_named_by_bytes_that_are_no_text() -> None:
    for check, name in ((outputs.check_checkpoint, "a\udcff.pt"), (outputs.check_folder, "a\udcff")):
        with pytest.raises(UserError, match=r"--output 'a\\udcff.*UTF-8") as caught:
            check("--output", Path(name))
        assert caught.value.code == 2
