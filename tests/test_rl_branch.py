"""A run may branch off another one: exactly as if that one had gone on, or with other flags of learning."""

import json
from pathlib import Path

import pytest
import torch

from botgame.training import alphastar_rl
from botgame.training.alphastar.checkpoint import load_state, save_state
from botgame.training.rl.branch import LEARNING
from toy_run import SMALL, TOY

torch.set_num_threads(1)


def branched(source: Path, output: Path, *words: str) -> int:
    return alphastar_rl.main([*TOY, "--threads", "1", "--branch-from", str(source), "--output", str(output), *words])


def same(first: Path, second: Path) -> bool:
    """Whether two runs have the same weights, optimiser and replay buffer, to the bit."""
    return _same(*(load_state(path.with_suffix(".resume.pt"))["trainer"] for path in (first, second)))


def _same(first: object, second: object) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(_same(first[name], second[name]) for name in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"}


def test_a_branch_with_the_same_flags_is_the_run_made_longer(trained: Path, tmp_path: Path, capsys) -> None:
    before = contents(trained.parent)
    branch, longer = tmp_path / "branch.pt", tmp_path / "longer" / trained.name
    assert branched(trained, branch, "--iterations", "3") == 0
    assert "with its flags" in capsys.readouterr().out
    assert contents(trained.parent) == before, "the run that it comes from is left as it is"
    longer.parent.mkdir()
    for name, data in before.items():
        (longer.parent / name).write_bytes(data)
    words = [*TOY, *SMALL, "--scratch", "tiny", "--output", str(longer), "--iterations", "3", "--resume"]
    assert alphastar_rl.main(words) == 0
    assert same(branch, longer)
    steps = [json.loads(line)["step"] for line in branch.with_suffix(".metrics.jsonl").read_text().splitlines()]
    assert steps == [2, 3]


def test_other_flags_of_learning_are_said_and_taken(trained: Path, tmp_path: Path, capsys) -> None:
    assert branched(trained, tmp_path / "same.pt", "--iterations", "2") == 0
    assert branched(trained, tmp_path / "b.pt", "--iterations", "2", "--lr", "0.01", "--entropy-cost", "0.5") == 0
    out = capsys.readouterr().out
    assert "--entropy-cost 0.5 in place of 0.006, --lr 0.01 in place of 0.0006" in out
    config = json.loads((tmp_path / "b.config.json").read_text())
    assert (config["lr"], config["unroll_length"], config["scratch"]) == (0.01, 4, "tiny")
    assert not same(tmp_path / "b.pt", tmp_path / "same.pt")


STEEP = ["--iterations", "3", "--lr", "0.02", "--learner-updates", "3"]  # so that every flag has something to change
OTHER_VALUES = {
    "learner_updates": 2, "batch_size": 2, "min_replay_sequences": 100, "fresh_share": 0.0, "temperature": 2.0,
    "lr": 0.1, "critic_lr": 0.1, "lr_end": 0.9, "lr_fall": "geometric", "adam_b1": 0.5, "max_grad_norm": 0.01,
    "discount": 0.5, "td_lambda": 0.1, "vtrace_lambda": 0.1, "clip_ratio": 0.01, "advantages": "plain",
    "policy_cost": 3.0, "upgo_cost": 1.0, "value_cost": 3.0, "entropy_cost": 0.5,
}  # fmt: skip
OF_A_TEACHER = {"kl_cost", "kl_end", "value_iterations"}  # which random weights have not
# Of the checkpoint, the game, the machine.
OF_NO_WEIGHT = {"play_temperature", "reward_weights", "precision", "compile"}


def test_all_flags_of_learning_are_tried() -> None:
    assert set(OTHER_VALUES) | OF_A_TEACHER | OF_NO_WEIGHT == LEARNING


@pytest.fixture(scope="module")
def usual(trained: Path) -> Path:
    path = trained.parent / "usual.pt"
    assert branched(trained, path, *STEEP) == 0
    return path


@pytest.mark.parametrize("name", sorted(OTHER_VALUES))
def test_no_flag_of_learning_is_taken_and_ignored(name: str, trained: Path, usual: Path, tmp_path: Path) -> None:
    flag = ["--" + name.replace("_", "-"), str(OTHER_VALUES[name])]
    assert branched(trained, tmp_path / "b.pt", *STEEP, *flag) == 0
    assert not same(tmp_path / "b.pt", usual)


def test_a_branch_that_was_stopped_goes_on_without_the_run_that_it_comes_from(trained: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    steady = ["--lr", "0.001", "--lr-end", "1"]
    assert branched(trained, whole, "--iterations", "3", *steady) == 0
    assert branched(trained, parts, "--iterations", "2", *steady) == 0
    assert branched(tmp_path / "gone.pt", parts, "--iterations", "3", "--resume") == 0
    assert same(whole, parts)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--iterations", "1"], "--iterations 1: the run that --branch-from names has made 1 already; give more"),
        (["--iterations", "2", "--unroll-length", "8"], "--unroll-length cannot change in a branch"),
        (
            ["--iterations", "2", "--critic", "own", "--unroll-length", "8"],
            "--critic, --unroll-length cannot change in",
        ),
        (["--iterations", "2", "--kl-end", "0.5"], "--kl-end 0.5 does not apply to --scratch, which has no teacher"),
        (["--iterations", "2", "--kl-cost", "0.5"], "--kl-cost 0.5 does not apply to --scratch, which has no teacher"),
        (["--iterations", "2", "--seed", "7"], "--seed cannot change in a branch"),
    ],
)
def test_what_a_branch_cannot_do_is_one_line(
    words: list[str], said: str, trained: Path, tmp_path: Path, capsys
) -> None:
    assert branched(trained, tmp_path / "b.pt", *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "b.config.json").exists()


def test_a_branch_of_no_run_or_onto_itself_is_refused(trained: Path, tmp_path: Path, capsys) -> None:
    assert branched(tmp_path / "none.pt", tmp_path / "b.pt", "--iterations", "2") == 2
    assert "none.pt: no run is there; expected none.resume.pt and none.config.json" in capsys.readouterr().err
    (tmp_path / "odd.config.json").write_text("[]")
    (tmp_path / "odd.resume.pt").write_bytes(b"")
    assert branched(tmp_path / "odd.pt", tmp_path / "b.pt", "--iterations", "2") == 2
    assert "odd.config.json is not the configuration of a run" in capsys.readouterr().err
    before = contents(trained.parent)
    assert branched(trained, trained, "--iterations", "2") == 2
    assert "--output" in capsys.readouterr().err
    assert contents(trained.parent) == before


def copied(run: Path, folder: Path) -> Path:
    """The same run in another folder."""
    folder.mkdir()
    for name, data in contents(run.parent).items():
        (folder / name).write_bytes(data)
    return folder / run.name


def test_where_the_last_commit_is_damaged_a_branch_takes_the_one_before(trained: Path, tmp_path: Path, capsys) -> None:
    source = copied(trained, tmp_path / "source")
    words = [*TOY, *SMALL, "--scratch", "tiny", "--output", str(source), "--iterations", "2", "--resume"]
    assert alphastar_rl.main(words) == 0
    source.with_suffix(".resume.pt").write_bytes(b"damaged")
    assert branched(source, tmp_path / "b.pt", "--iterations", "2") == 0
    error = capsys.readouterr().err
    assert f"{source.stem}.resume.pt" in error
    assert f"branching off the commit before it, {source.with_suffix('.resume.before.pt')}" in error
    assert branched(trained, tmp_path / "undamaged.pt", "--iterations", "2") == 0
    assert same(tmp_path / "b.pt", tmp_path / "undamaged.pt")


@pytest.mark.parametrize("suffix", [".resume.pt", ".resume.before.pt"])
@pytest.mark.parametrize("lost", ["config", "origin", "trainer"])
def test_a_state_that_does_not_fit_is_named(lost: str, suffix: str, trained: Path, tmp_path: Path, capsys) -> None:
    source = copied(trained, tmp_path / "source")
    state = load_state(source.with_suffix(".resume.pt"))
    source.with_suffix(".resume.pt").unlink()
    path = source.with_suffix(suffix)
    save_state(path, {name: value for name, value in state.items() if name != lost})
    assert branched(source, tmp_path / "b.pt", "--iterations", "2") == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: the resume state does not fit this release")
    assert error.count("\n") == 1
    assert not (tmp_path / "b.config.json").exists()
