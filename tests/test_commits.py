"""A resume file that has decayed: the run says so and goes on from the commit before, to the same end."""

import dataclasses
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import toy_game
from botgame.training import alphastar_league, alphastar_rl
from botgame.training.alphastar.checkpoint import load_checkpoint, load_state, save_state
from toy_game import TOY_SPEC, toy
from toy_run import EXPLOITERS, SMALL, TOY

torch.set_num_threads(1)
FEW = [*TOY, *SMALL, "--actor-rollouts", "2", "--save-every", "1", "--lr-end", "1", "--kl-end", "1"]
LEAGUE = ["--rl-iterations-per-round", "1", "--past-matches", "2", "--cross-play-matches", "2"]
LEAGUE += [*EXPLOITERS, "--min-phase-steps", "20", "--timeout-steps", "40"]


def rl(start: Path, folder: Path, length: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output", str(folder / "main.pt"), "--iterations", str(length)]
    return alphastar_rl.main([*FEW, *words, *more])


def league(start: Path, folder: Path, length: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output-dir", str(folder), "--rounds", str(length)]
    return alphastar_league.main([*FEW, *LEAGUE, *words, *more])


RUNS: dict[str, tuple[Callable[..., int], str]] = {"rl": (rl, "main.resume"), "league": (league, "resume")}


@pytest.fixture(scope="module", params=RUNS)
def begun(request, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    """A kind of run, the folder of one that has made 2 of 3 steps, and that of one that made 3 undisturbed."""
    folder, whole = (tmp_path_factory.mktemp(name) for name in ("begun", "whole"))
    run, _ = RUNS[request.param]
    for length in (1, 2):  # a league that ends plays its cross-play, so both end as often
        assert run(trained, folder, length, "--resume") == 0
    shutil.copytree(folder, whole, dirs_exist_ok=True)
    assert run(trained, whole, 3, "--resume") == 0
    return request.param, folder, whole


@pytest.fixture
def mine(begun: tuple[str, Path, Path], tmp_path: Path) -> Path:
    """A copy of the run that has made 2 of 3 steps."""
    folder = tmp_path / "run"
    shutil.copytree(begun[1], folder)
    return folder


def go_on(name: str, start: Path, folder: Path, first: int) -> int:
    """To the third step, one by one."""
    return max(RUNS[name][0](start, folder, length, "--resume") for length in range(first, 4))


def rows(folder: Path) -> list[dict]:
    (path,) = folder.glob("*metrics.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in line.items() if "time_" not in name} for line in lines]


def assert_same(folder: Path, whole: Path) -> None:
    one, other = (load_checkpoint(each / "main.pt", toy()) for each in (folder, whole))
    assert one.counters == other.counters
    assert all(torch.equal(one.weights[name], tensor) for name, tensor in other.weights.items())
    assert rows(folder) == rows(whole)
    for name in ("matches.jsonl", "league_state.json"):
        if (whole / name).exists():
            assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert sorted(path.name for path in folder.glob("players/*")) == sorted(
        path.name for path in whole.glob("players/*")
    )


def flip(path: Path, seed: int) -> None:
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(path: Path, seed: int) -> None:
    path.write_bytes(path.read_bytes()[: random.Random(seed).randrange(path.stat().st_size)])


def empty(path: Path, _seed: int) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip, cut, empty])
def test_a_damaged_commit_is_said_and_the_one_before_taken(damage, begun, mine, trained, capsys) -> None:
    name, _, whole = begun
    stem = RUNS[name][1]
    damage(mine / f"{stem}.pt", 3)
    capsys.readouterr()
    assert go_on(name, trained, mine, 2) == 0
    said = capsys.readouterr().err
    assert f"{stem}.pt: " in said
    assert f"going on from the commit before it, {mine / f'{stem}.before.pt'}" in said
    assert said.count("going on from the commit before") == 1
    assert (mine / f"{stem}.backup1.pt").exists()
    assert_same(mine, whole)


def test_killed_between_two_renames_it_goes_on(begun, mine, trained, capsys) -> None:
    name, _, whole = begun
    stem = RUNS[name][1]
    (mine / f"{stem}.pt").replace(mine / f"{stem}.before.pt")
    assert go_on(name, trained, mine, 3) == 0
    assert "warning" not in capsys.readouterr().err
    assert_same(mine, whole)


def test_two_damaged_commits_are_a_named_error(begun, mine, trained, capsys) -> None:
    name, _, _ = begun
    run, stem = RUNS[name]
    for each in (stem, f"{stem}.before"):
        flip(mine / f"{each}.pt", 4)
    before = {path: path.stat().st_mtime_ns for path in mine.rglob("*.pt")}
    assert run(trained, mine, 5, "--resume") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{stem}.pt" in said
    assert {path: path.stat().st_mtime_ns for path in mine.rglob("*.pt")} == before


def test_an_unfinished_run_whose_last_commit_is_gone_is_not_overwritten(begun, mine, trained, capsys) -> None:
    name, _, _ = begun
    run, stem = RUNS[name]
    state = load_state(mine / f"{stem}.pt")
    save_state(mine / f"{stem}.before.pt", {**state, "finished": False})
    (mine / f"{stem}.pt").unlink()
    assert run(trained, mine, 5) == 2
    assert "is an unfinished run: add --resume" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["config", "origin", "metrics_offset", "trainer", "seats", "league"])
def test_a_state_of_another_release_is_a_named_error(lost: str, begun, mine, trained, capsys) -> None:
    name, _, _ = begun
    run, stem = RUNS[name]
    state = load_state(mine / f"{stem}.pt")
    if lost not in state:
        pytest.skip(f"{name} has no such field")
    for broken in ({key: value for key, value in state.items() if key != lost}, {**state, lost: None}):
        save_state(mine / f"{stem}.pt", broken)
        assert run(trained, mine, 5, "--resume") == 1
        said = capsys.readouterr().err
        assert f"{stem}.pt: the resume state does not fit this release" in said
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"spec": dataclasses.replace(TOY_SPEC, version=9)}, f"version was {TOY_SPEC.version} and is 9"),
        ({"spec": dataclasses.replace(TOY_SPEC, scalars=TOY_SPEC.scalars[::-1])}, "columns are new or have moved"),
        ({"rules": {"choices": 4}}, "other rule numbers"),
    ],
)
def test_a_run_does_not_go_on_in_a_game_that_has_changed(
    changed: dict, reason: str, begun, mine, trained, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    run, _ = RUNS[begun[0]]
    now = dataclasses.replace(toy(), **changed)
    monkeypatch.setattr(toy_game, "toy", lambda: now)
    files = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    assert run(trained, mine, 5, "--resume") == 2
    assert f"game toy has changed since the run began ({reason})" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == files
