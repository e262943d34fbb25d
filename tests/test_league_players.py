"""A league's `players/`: only what the league itself froze after its last commit is deleted on resume."""

import shutil
from pathlib import Path

import pytest
import torch

from botgame.training import alphastar_league
from botgame.training.alphastar.checkpoint import load_state
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.league.league import PLAYER
from botgame.training.alphastar.learner.learner import WARMUP_UPDATES
from botgame.training.league import worker
from botgame.training.league.files import read_state
from toy_run import EXPLOITERS, SMALL, TOY

torch.set_num_threads(1)
FEW = [*TOY, *SMALL, "--actor-rollouts", "2"]
LEAGUE = ["--rl-iterations-per-round", "2", "--past-matches", "2", "--cross-play-matches", "2", "--lr-end", "1"]
LEAGUE += [*EXPLOITERS, "--min-phase-steps", "20", "--timeout-steps", "40", "--kl-end", "1"]


def league(start: Path, folder: Path, rounds: int, *more: str) -> int:
    words = ["--supervised-checkpoint", str(start), "--output-dir", str(folder), "--rounds", str(rounds)]
    return alphastar_league.main([*FEW, *LEAGUE, *words, *more])


@pytest.fixture(scope="module")
def begun(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "league"
    assert league(trained, folder, 1) == 0
    return folder


def names(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "players").iterdir()}


def test_the_users_files_stay_and_uncommitted_players_go(begun: Path, trained: Path, tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "league"
    for each in (whole, folder):
        shutil.copytree(begun, each)
    players = folder / "players"
    copies = read_state(folder / "league_state.json").league.learners["main1"].copies
    for number in (copies, copies + 1):  # as if it had been killed after it froze these and before it committed
        shutil.copy(players / "main1.pt", players / f"main1.v{number}.pt")
    mine = ["favourite.pt", f"main1.v{copies + 90}.pt", "main1.v0.backup1.pt", "main7.v0.pt", "main1.v01.pt"]
    for name in mine:
        shutil.copy(players / "main1.v0.pt", players / name)
    (players / "notes.txt").write_text("mine")
    (players / "deep").mkdir()
    (players / "deep" / f"main1.v{copies}.pt").write_text("mine")
    kept = {name: (players / name).read_bytes() for name in [*mine, "notes.txt"]}
    for each in (whole, folder):
        assert league(trained, each, 2, "--resume") == 0
    assert {name: (players / name).read_bytes() for name in kept} == kept
    assert (players / "deep" / f"main1.v{copies}.pt").read_text() == "mine"
    for path in (*(players / name for name in kept), players / "deep" / f"main1.v{copies}.pt"):
        path.unlink()
    (players / "deep").rmdir()
    assert names(folder).keys() == names(whole).keys()
    assert f"main1.v{copies}.pt" in names(folder)
    assert (folder / "matches.jsonl").read_bytes() == (whole / "matches.jsonl").read_bytes()


def test_a_file_of_the_users_where_a_player_is_to_be_frozen_is_named(begun, trained, tmp_path, capsys) -> None:
    folder = tmp_path / "league"
    shutil.copytree(begun, folder)
    copies = read_state(folder / "league_state.json").league.learners["main1"].copies
    mine = folder / "players" / f"main1.v{copies}.pt"
    mine.write_text("mine")
    assert league(trained, folder, 3, "--resume") == 1
    assert f"main1.v{copies}.pt is in the way" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    mine.unlink()
    assert league(trained, folder, 3, "--resume") == 0


def test_a_fresh_league_moves_its_own_players_alone(begun, trained, tmp_path, capsys) -> None:
    folder = tmp_path / "league"
    shutil.copytree(begun, folder)
    before = names(folder)
    shutil.copy(folder / "main.pt", folder / "players" / "favourite.pt")
    assert league(trained, folder, 1) == 2
    assert "favourite.pt is in the way" in capsys.readouterr().err
    assert names(folder).keys() == before.keys() | {"favourite.pt"}
    (folder / "players" / "favourite.pt").unlink()
    assert league(trained, folder, 1) == 0
    assert {path.name: path.read_bytes() for path in (folder / "players.backup1").iterdir()} == before


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("main1", True), ("main12.v3", True), ("main_fire.v0", True), ("league_exploiter2", True),
     ("main_exploiter1", True), ("favourite", False), ("main", False), ("main1.v", False), ("main1.backup1", False),
     ("main1.v0.v1", False)],
)  # fmt: skip
def test_what_a_league_calls_its_players(name: str, theirs: bool) -> None:
    assert bool(PLAYER.fullmatch(name)) == theirs


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """The weights of student and teacher of every trainer that a league makes, as they are at its start."""
    made: list[tuple[dict, dict]] = []

    class Spy(Part):
        def __init__(self, environments, student, teacher, config, **more) -> None:
            made.append(tuple({k: v.clone() for k, v in net.state_dict().items()} for net in (student, teacher)))
            super().__init__(environments, student, teacher, config, **more)

    monkeypatch.setattr(worker, "Part", Spy)
    return made


def equal(a: dict, b: dict) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_an_exploiter_that_starts_anew_from_the_main_agent_is_taught_by_it(started, trained, tmp_path) -> None:
    assert league(trained, tmp_path, 2, "--exploiter-reset", "main") == 0
    assert len(started) > 3  # more trainers than players: some started anew
    assert all(equal(student, teacher) for student, teacher in started)
    assert not all(equal(teacher, started[0][1]) for _, teacher in started[3:])
    state = load_state(tmp_path / "resume.pt")["seats"]
    assert state["main1"]["teacher"] is None
    restarted = [seat["teacher"] for seat in state.values() if seat["generation"]]
    assert restarted
    made = len(started)
    assert league(trained, tmp_path, 3, "--exploiter-reset", "main", "--resume") == 0
    resumed = [teacher for _, teacher in started[made : made + 3]]  # one a player, before any of them starts anew
    assert all(any(equal(teacher, each) for each in resumed) for teacher in restarted)


def test_an_exploiter_that_starts_anew_warms_its_value_heads_up(trained, tmp_path) -> None:
    """With a fresh optimiser, whose second moments are noise, full rates would wreck what the value heads know."""
    assert league(trained, tmp_path, 2, "--lr", "1e-3", "--critic-lr", "1e-3") == 0
    seats = load_state(tmp_path / "resume.pt")["seats"]
    restarted = [seat["trainer"]["learner"] for seat in seats.values() if seat["generation"]]
    assert restarted
    for state in restarted:
        assert state["value_steps"] < state["steps"]
        if state["value_steps"]:
            rate = state["optimiser"]["param_groups"][1]["lr"]
            assert rate == pytest.approx(1e-3 * min(1.0, state["value_steps"] / WARMUP_UPDATES))
