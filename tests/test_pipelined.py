"""The engine that acts for the next iteration while it learns: it repeats, counts matches once, and loses nothing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from botgame.training import alphastar_rl
from botgame.training.alphastar.checkpoint import load_state
from engine_runs import FEW, RUNS, league, rl, rows, stop_after

PIPELINED = ("--engine", "pipelined")
ALONE = ("--threads", "1")


def learned(folder: Path, names: tuple[str, ...] = ("decisions", "episodes", "gradient_norm", "loss/total")) -> list:
    """What each iteration of a run learned from, and what it made of that."""
    return [[row[name] for name in names] for row in rows(folder) if "loss/total" in row]


@pytest.mark.parametrize("name", ["rl", "league"])
def test_it_repeats_exactly(name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for each in ("one", "other"):
        assert RUNS[name](trained, tmp_path / each, 3, *PIPELINED, "--threads", "3") == 0
    assert "3 processes, of which one learns" in capsys.readouterr().out
    assert rows(tmp_path / "one") == rows(tmp_path / "other")
    assert len(rows(tmp_path / "one")) >= 3
    for path in (tmp_path / "one").rglob("matches.jsonl"):
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_only_the_age_of_the_weights_differs_from_one_process(trained: Path, tmp_path: Path) -> None:
    """The first iteration is that of one process; later ones act with weights that are one update older."""
    words = ("--eval-every", "0", "--value-iterations", "0", "--lr", "0.01")
    assert rl(trained, tmp_path / "alone", 3, *ALONE, *words) == 0
    assert rl(trained, tmp_path / "pipelined", 3, *PIPELINED, *words) == 0
    alone, pipelined = learned(tmp_path / "alone"), learned(tmp_path / "pipelined")
    assert pipelined[0] == alone[0]
    assert pipelined[2] != alone[2]
    staleness = [[row["staleness"] for row in rows(tmp_path / each)] for each in ("alone", "pipelined")]
    assert staleness[1][0] == staleness[0][0]
    assert staleness[1][2] > staleness[0][2]


def test_each_match_of_a_league_is_counted_once_and_a_run_goes_on_in_any_engine(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for length, words in enumerate((PIPELINED, PIPELINED, (), PIPELINED), 1):
        assert league(trained, tmp_path, length, *words, *(["--resume"] if length > 1 else [])) == 0
        said = capsys.readouterr().out
        assert ("running matches" in said) == (length > 1), said
    lines = [json.loads(line) for line in (tmp_path / "matches.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == list(range(1, len(lines) + 1))
    played = Counter((line["home"], line["seed"]) for line in lines if line["kind"] == "training")
    assert set(played.values()) <= {1}
    steps = [row["step"] for row in rows(tmp_path)]
    assert steps == list(range(1, len(steps) + 1))


def test_a_run_that_was_stopped_keeps_what_it_learned(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(monkeypatch, 2)
    assert rl(trained, tmp_path, 4, *PIPELINED) == 130
    monkeypatch.undo()
    before = load_state(tmp_path / "main.resume.pt")["trainer"]
    assert rl(trained, tmp_path, 4, *PIPELINED, "--resume") == 0
    after = load_state(tmp_path / "main.resume.pt")["trainer"]
    assert (before["iteration"], after["iteration"]) == (2, 4)
    assert after["parts"][0]["skip"] > before["parts"][0]["skip"]
    assert after["parts"][0]["replay_buffer"]["count"] > before["parts"][0]["replay_buffer"]["count"]
    assert after["decisions"] > before["decisions"]


def test_one_thread_cannot_do_both(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--supervised-checkpoint", str(trained), "--output", str(tmp_path / "pi.pt"), "--iterations", "1"]
    assert alphastar_rl.main([*FEW, *words, *PIPELINED, *ALONE]) == 2
    assert capsys.readouterr().err.count("\n") == 1
