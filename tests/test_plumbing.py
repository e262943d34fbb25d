"""Flags, files, checkpoints, metrics and the rules of starting and resuming a run."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from botgame import cli, files, rng
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.spec import ARENA_SPEC
from botgame.spec import Spec
from botgame.training.alphastar.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_state,
    save_checkpoint,
    save_state,
)
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import begin, commit, make_room
from botgame.training.runs.same_flags import check_same


@pytest.mark.parametrize("spelling", ["--num-matches", "--num_matches"])
def test_both_spellings_are_one_flag(spelling: str) -> None:
    parser = cli.Parser("x", "y")
    parser.flag("--num-matches", type=cli.positive_int, default=1, help="n")
    assert parser.parse_args([spelling, "3"]).num_matches == 3
    assert parser.parse_args([f"{spelling}=4"]).num_matches == 4
    assert "--num_matches" not in parser.format_help()


@pytest.mark.parametrize(
    ("default", "shown"), [(0, True), (0.0, True), (3, True), (False, False), ("", False), ([], False)]
)
def test_help_shows_a_default_that_is_a_number_even_if_it_is_0(default, shown: bool) -> None:
    parser = cli.Parser("x", "y")
    parser.flag("--n", default=default, help="n")
    assert (f"n (default: {default})" in parser.format_help()) is shown


@pytest.mark.parametrize(
    "kind", [cli.positive_int, cli.positive_float, cli.probability, cli.seed, cli.non_negative_int]
)
@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e400", "x", "", str(10**30)])
def test_absurd_numbers_are_refused(kind, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = cli.Parser("x", "y")
    parser.flag("--n", type=kind)
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(["--n", text])
    assert stop.value.code == 2
    assert "--n" in capsys.readouterr().err


def test_a_number_that_is_too_large_is_told_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    parser = cli.Parser("x", "y")
    parser.flag("--n", type=cli.positive_float)
    with pytest.raises(SystemExit):
        parser.parse_args(["--n", "1e30"])
    assert "expected a number above 0, at most 1e12, got 1e30" in capsys.readouterr().err


def test_a_command_turns_errors_into_one_line_and_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    @cli.command
    def main(argv=None) -> int:
        if argv == ["stop"]:
            raise KeyboardInterrupt
        raise UserError("thing: expected that; do this", 2)

    assert main([]) == 2
    assert capsys.readouterr().err == "error: thing: expected that; do this\n"
    assert main(["stop"]) == 130


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file.bin"
    files.write_atomic(target, b"old")

    def full(_file) -> None:
        _file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"file\.bin.*No space left"):
        files.write_atomic(target, full)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_backups_are_numbered(tmp_path: Path) -> None:
    first, second = tmp_path / "pi.pt", tmp_path / "pi.best.pt"
    (tmp_path / "pi.best.backup1.pt").touch()
    for path in (first, second):
        path.write_text(path.name)
    files.move_to_backups([first, second, tmp_path / "missing.pt"])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["pi.backup2.pt", "pi.best.backup1.pt", "pi.best.backup2.pt"]  # files of a run have one number
    assert (tmp_path / "pi.best.backup2.pt").read_text() == "pi.best.pt"


def test_uniforms_depend_on_their_own_key_only() -> None:
    import numpy as np

    keys = np.array([5, 2**64 - 1, 0], np.uint64)
    whole = rng.uniforms(keys, 50)
    assert ((whole >= 0) & (whole < 1)).all()
    assert (whole[1:2] == rng.uniforms(keys[1:2], 50)).all()
    many = rng.uniforms(np.arange(20000, dtype=np.uint64), 1)
    assert abs(many.mean() - 0.5) < 0.01
    assert abs(many.std() - 12**-0.5) < 0.01


def test_spec_survives_json_and_its_digest_sees_every_change() -> None:
    again = Spec.from_dict(json.loads(json.dumps(ARENA_SPEC.to_dict())))
    assert again == ARENA_SPEC
    changed = ARENA_SPEC.to_dict()
    changed["heads"][0]["temperature"] = 0.9
    assert Spec.from_dict(changed).digest() != ARENA_SPEC.digest()


def checkpoint() -> Checkpoint:
    return Checkpoint("lms", "rl", ARENA_SPEC, {"preset": "tiny"}, {"w": torch.arange(3.0)}, counters={"iteration": 2})


def test_checkpoint_round_trip(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.pt", checkpoint())
    again = load_checkpoint(tmp_path / "a.pt", lms())
    assert again.spec == ARENA_SPEC
    assert torch.equal(again.weights["w"], torch.arange(3.0))
    assert again.counters == {"iteration": 2}


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("pwned"),))


def bad_files(folder: Path) -> dict[str, Path]:
    save_checkpoint(folder / "whole.pt", checkpoint())
    whole = (folder / "whole.pt").read_bytes()
    changed = checkpoint()
    changed.spec = Spec.from_dict({**ARENA_SPEC.to_dict(), "version": 99})
    save_checkpoint(folder / "other.pt", changed)
    save_checkpoint(folder / "chess.pt", replace(checkpoint(), game="chess"))
    contents = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"hello", "code": pickle.dumps(Bomb())}
    for name, data in contents.items():
        (folder / f"{name}.pt").write_bytes(data)
    torch.save({"format": "something"}, folder / "foreign.pt")
    names = [*contents, "foreign", "missing", "other", "chess"]
    return {name: folder / f"{name}.pt" for name in names} | {"folder": folder}


def test_every_bad_checkpoint_is_a_one_line_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, path in bad_files(tmp_path).items():
        with pytest.raises(UserError) as caught:
            load_checkpoint(path, lms())
        assert str(path) in str(caught.value), name
        assert "\n" not in str(caught.value), name
    assert not Path("pwned").exists()


def test_state_round_trip(tmp_path: Path) -> None:
    state = {"optimiser": {"m": torch.ones(2)}, "names": ["a"], "count": 3}
    save_state(tmp_path / "s.pt", state)
    again = load_state(tmp_path / "s.pt")
    assert again["count"] == 3
    assert torch.equal(again["optimiser"]["m"], torch.ones(2))


def test_metrics_are_cut_back_to_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsWriter(path) as writer:
        writer.log(1, {"loss": torch.tensor(0.5)})
        offset = writer.offset
        writer.log(2, {"loss": 0.25})
    with MetricsWriter(path, offset=offset) as writer:
        writer.log(2, {"loss": 0.125})
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 0.125},
    ]


def test_all_flags_that_keep_a_run_from_going_on_are_named_as_one_would_give_them() -> None:
    values = {"bots": (["a", "b"], []), "cost": (0.0, 1.0), "fast": (True, False), "goal": (None, 7)}
    values |= {"iterations": (5, 2), "opponents": ({"self": 0.5, "past": 0.5}, None), "same": (1, 1), "threads": (2, 1)}
    before, now = ({name: pair[k] for name, pair in values.items()} for k in (0, 1))
    with pytest.raises(UserError) as raised:
        check_same(before, now, ["iterations"], Path("pi.resume.pt"))
    assert str(raised.value) == (
        "--bots, --cost, --fast, --goal, --opponents cannot change and --iterations can only grow on --resume: "
        "pi.resume.pt was made with "
        "--bots a,b --cost 0.0 --fast no --goal --iterations 5 --opponents self=0.5,past=0.5, "
        "now --bots '' --cost 1.0 no --fast --goal 7 --iterations 2 no --opponents"
    )
    assert raised.value.code == 2


def test_a_run_starts_refuses_resumes_extends_and_backs_up(tmp_path: Path) -> None:
    paths = RunPaths.beside(tmp_path / "pi.pt", "rl")
    config = {"iterations": 5, "lr": 0.1}
    assert begin(paths, config, resume=True, extends=["iterations"]) is None
    save_checkpoint(paths.checkpoint, checkpoint())
    commit(paths, config, {"weights": {"w": torch.ones(1)}}, offset=7, finished=False)
    with pytest.raises(UserError, match="add --resume"):
        begin(paths, config, resume=False, extends=["iterations"])
    state = begin(paths, config, resume=True, extends=["iterations"])
    assert state is not None
    assert state["metrics_offset"] == 7
    assert begin(paths, {**config, "iterations": 9}, resume=True, extends=["iterations"]) is not None
    with pytest.raises(UserError, match="--iterations can only grow"):
        begin(paths, {**config, "iterations": 2}, resume=True, extends=["iterations"])
    with pytest.raises(UserError, match=r"--lr cannot change on --resume: .* was made with --lr 0\.1, now --lr 0\.2"):
        begin(paths, {**config, "lr": 0.2}, resume=True, extends=["iterations"])
    assert begin(paths, {**config, "new": False}, resume=True, extends=["iterations"]) is not None
    with pytest.raises(UserError, match=r"--new on --resume: .*pi\.resume\.pt is of another release"):
        begin(paths, {**config, "new": "fixed"}, resume=True, extends=["iterations"])
    commit(paths, config, {}, offset=7, finished=True)
    assert begin(paths, config, resume=False, extends=["iterations"]) is None
    assert paths.checkpoint.exists()
    assert not (tmp_path / "pi.backup1.pt").exists()
    make_room(paths, config)
    assert (tmp_path / "pi.backup1.pt").exists()
    assert not paths.checkpoint.exists()
    assert not paths.resume.exists()
