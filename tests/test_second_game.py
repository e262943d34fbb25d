"""The shipped commands on a game that the package does not know: `tests/toy_game.py`."""

import json
from pathlib import Path

import pytest
import torch

from botgame.training import (
    alphastar_imitation,
    alphastar_league,
    alphastar_rl,
    evaluate,
    exploit,
    export,
    report_league,
)
from toy_run import TOY

torch.set_num_threads(1)
SMALL = [
    "--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "4", "--batch-size", "4",
    "--matches-per-actor", "8", "--replay-size", "64", "--min-replay-sequences", "4", "--threads", "1", "--cpu",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A trained policy of the toy game in `pi.pt`, and a league of its own in `league/`."""
    made = tmp_path_factory.mktemp("toy")
    start = ["--scratch", "tiny", "--output", made / "pi.pt", "--iterations", "2", "--eval-matches", "4"]
    assert run(alphastar_rl, *TOY, *start, "--save-every", "1", *SMALL) == 0
    league = ["--supervised-checkpoint", made / "pi.pt", "--output-dir", made / "league", "--rounds", "2"]
    league += ["--rl-iterations-per-round", "1", "--eval-matches", "4", "--past-matches", "2"]
    assert run(alphastar_league, *TOY, *league, "--cross-play-matches", "2", *SMALL) == 0
    return made


def run(command, *words: object) -> int:
    return command.main([str(word) for word in words])


def error_of(capsys, command, *words: object) -> str:
    assert run(command, *words) in (1, 2)
    said = capsys.readouterr().err.strip().splitlines()
    return said[-1]


def test_rl_learns_and_says_which_game(folder: Path) -> None:
    checkpoint = torch.load(folder / "pi.pt", weights_only=True)
    assert checkpoint["game"] == "toy"
    assert checkpoint["rules"] == {"words": 3}
    lines = [json.loads(line) for line in (folder / "pi.metrics.jsonl").read_text().splitlines()]
    assert {"training/reward/lead", "training/reward/result", "eval/chance", "counts/two"} <= set(lines[-1])


def test_reward_weights_are_the_games_unless_given(folder: Path, tmp_path: Path) -> None:
    config = torch.load(folder / "pi.pt", weights_only=True)["config"]
    assert [list(pair) for pair in config["reward_weights"]] == [["result", 1.0], ["lead", 0.25]]
    words = ["--scratch", "tiny", "--output", tmp_path / "pi.pt", "--iterations", "1", "--eval-matches", "2"]
    assert run(alphastar_rl, *TOY, *words, "--reward-weights", "lead=2", *SMALL) == 0
    config = torch.load(tmp_path / "pi.pt", weights_only=True)["config"]
    assert [list(pair) for pair in config["reward_weights"]] == [["result", 1.0], ["lead", 2.0]]


def test_the_best_version_counts_what_it_had_done_itself(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("botgame.training.rl.yardsticks.is_better", lambda _tallies, best, _yardstick: best is None)
    words = ["--scratch", "tiny", "--output", tmp_path / "pi.pt", "--iterations", "2", "--eval-every", "1", *SMALL]
    assert run(alphastar_rl, *TOY, *words) == 0
    best, last = (torch.load(tmp_path / name, weights_only=True)["counters"] for name in ("pi.best.pt", "pi.pt"))
    assert best == {"iteration": 1}
    assert last.keys() == {"iteration", "decisions", "learner_steps"}


def test_a_run_goes_on_with_the_same_game(folder: Path) -> None:
    words = ["--scratch", "tiny", "--output", folder / "pi.pt", "--iterations", "3", "--eval-matches", "4", "--resume"]
    assert run(alphastar_rl, *TOY, *words, "--save-every", "1", *SMALL) == 0
    assert torch.load(folder / "pi.pt", weights_only=True)["counters"]["iteration"] == 3


def test_a_league_and_its_report(folder: Path) -> None:
    state = json.loads((folder / "league" / "league_state.json").read_text())
    assert (state["game"], state["anchor"], state["rounds_done"]) == ("toy", "chance", 2)
    files = [
        "--league-state",
        folder / "league" / "league_state.json",
        "--matches",
        folder / "league" / "matches.jsonl",
    ]
    assert run(report_league, *files, "--output", folder / "league" / "summary.json", "--exploit-dir", folder) == 0
    summary = json.loads((folder / "league" / "summary.json").read_text())
    assert summary["game"] == "toy"
    assert {"chance", "main1"} <= {player["name"] for player in summary["players"]}


def test_evaluation_rates_the_games_own_bots(folder: Path) -> None:
    words = [folder / "pi.pt", "zero", "--matches", "6", "--round-robin", "--json", folder / "out.json"]
    assert run(evaluate, *TOY, *words, "--threads", "1") == 0
    report = json.loads((folder / "out.json").read_text())
    assert report["game"] == "toy"
    assert next(one for one in report["ratings"] if one["name"] == "chance")["rating"] == 0


def test_a_best_response(folder: Path) -> None:
    words = ["zero", "--start", "scratch", "--preset", "tiny", "--budget", "150", "--output-dir", folder / "br"]
    assert run(exploit, *TOY, *words, "--eval-matches", "4", "--final-matches", "4", *SMALL) == 0
    results = json.loads((folder / "br" / "exploit.json").read_text())
    assert (results["game"], results["target"]) == ("toy", "zero")


def test_an_exported_model_plays(trained_model: Path) -> None:
    assert run(evaluate, *TOY, trained_model, "chance", "--matches", "4", "--threads", "1") == 0


def test_another_games_files_are_errors_that_name_both(folder: Path, capsys) -> None:
    for words in (
        (evaluate, folder / "pi.pt", "lms_re"),
        (evaluate, *TOY, "chance", "champion.pt"),
        (alphastar_rl, "--supervised-checkpoint", folder / "pi.pt", "--output", folder / "other.pt"),
        (export, folder / "pi.pt", "-o", folder / "other.onnx"),
    ):
        said = error_of(capsys, *words)
        assert "toy" in said or "champion" in said
        assert "lms" in said or "no such checkpoint" in said
    said = error_of(capsys, report_league, "--game", "lms", "--league-state", folder / "league" / "league_state.json",
                    "--matches", folder / "league" / "matches.jsonl", "--output", folder / "x.json")  # fmt: skip
    assert "'toy'" in said
    assert "'lms'" in said


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--action-cap", "5"], "no cap on actions"),
        (["--reaction", "9"], "a reaction cannot be chosen"),
        (["--royale-share", "0.5"], "matches of 2 seats"),
        (["--reward-weights", "gold=1"], "no reward 'gold'"),
        (["--opponents", "lms_re=1"], "unknown bot 'lms_re'"),
    ],
)
def test_what_a_game_lacks_is_a_named_error(flags, says, tmp_path: Path, capsys) -> None:
    words = ["--scratch", "tiny", "--output", tmp_path / "pi.pt", *flags]
    assert says in error_of(capsys, alphastar_rl, *TOY, *words)
    assert not list(tmp_path.iterdir())


def test_a_game_without_recordings_says_how_to_make_some(tmp_path: Path, capsys) -> None:
    said = error_of(capsys, alphastar_imitation, *TOY, "--data-dir", tmp_path, "--output", tmp_path / "pi.pt")
    assert f"botgame.record {' '.join(TOY)} --bots chance,chance --matches 200 --data-dir {tmp_path}" in said
    assert "--episode-duration" in error_of(capsys, evaluate, *TOY, "zero", "chance", "--episode-duration", "3")
