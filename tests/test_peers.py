"""`benchmarks/peers` and `examples/ppo_loop.py`: other learners on our arena, at tiny size."""

import runpy
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

import short_arena
from botgame.games import load_game
from botgame.training.alphastar.checkpoint import load_checkpoint
from peers import alphastar, compare
from peers.marks import Mark, Marks, judged
from test_docs import ROOT

LMS = load_game("lms")
EXAMPLE = runpy.run_path(str(ROOT / "examples" / "ppo_loop.py"))
RLLIB = runpy.run_path(str(ROOT / "examples" / "rllib_ppo.py"))


def arena(count: int, **options):
    return gymnasium.make_vec("botgame/Duel-v0", count, **{"opponent": "random", "duration_ticks": 120, **options})


def test_the_loop_learns_from_every_match_and_repeats_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EXAMPLE["Settings"](matches=4, steps=16, minibatch=16, passes=1, width=8)
    weights, returns = [], []
    for _ in range(2):
        training = EXAMPLE["train"](arena(4), settings, seed=3)
        rounds = [next(training) for _ in range(4)]
        assert [decisions for decisions, _, _ in rounds] == [64, 128, 192, 256]
        weights.append(torch.cat([part.flatten() for part in rounds[-1][1].parameters()]))
        returns.append([mean for _, _, mean in rounds])
    assert torch.equal(*weights)
    np.testing.assert_array_equal(*returns)
    assert np.isfinite(returns[0]).any()


def test_the_loop_runs_as_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["ppo_loop.py", "--decisions", "100", "--matches", "4"])
    EXAMPLE["main"]()
    assert capsys.readouterr().out.startswith("128 decisions: no match has ended in this round\n")


def test_the_environment_of_the_rllib_example_passes_the_check_of_gymnasium() -> None:
    env = RLLIB["make_env"]({"scratch": True, "duration_ticks": 120})
    check_env(env, skip_render_check=True)
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    assert len(observation.shape) == 1


@pytest.mark.parametrize("example", [EXAMPLE, RLLIB], ids=["ppo_loop", "rllib_ppo"])
@pytest.mark.parametrize("flag", ["--decisions", "--matches"])
def test_an_example_wants_at_least_one(example: dict, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        example["main"]([flag, "0"])
    assert f"argument {flag}: expected a whole number of 1 or more, got 0" in capsys.readouterr().err


def test_an_opponent_that_there_is_not_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert EXAMPLE["main"](["--opponent", "nobody"]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith("error: unknown bot 'nobody'")


def test_the_rllib_example_finds_out_before_training_that_it_cannot_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RLLIB["main"].__wrapped__.__globals__, "make_algorithm", lambda *_: pytest.fail("it trains"))
    taken = tmp_path / "taken"
    taken.touch()
    assert RLLIB["main"](["--output", str(taken)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1
    assert "taken" in error


def test_the_rllib_example_says_how_to_install_rllib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("ray.rllib", "ray.rllib.algorithms", "ray.rllib.algorithms.ppo"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert RLLIB["main"](["--output", str(tmp_path)]) == 1
    assert (
        capsys.readouterr().err == 'error: RLlib is missing, or a part of it; run: pip install "ray[rllib]==2.60.0"\n'
    )


def test_advantages_of_the_loop_stop_at_the_end_of_a_match() -> None:
    blank = torch.zeros(3, 1)
    played = EXAMPLE["Round"](
        *(blank,) * 4,
        values=torch.tensor([[1.0], [2.0], [3.0], [4.0]]),
        rewards=torch.tensor([[0.5], [1.0], [0.0]]),
        discounts=torch.tensor([[0.9], [0.0], [0.8]]),
    )
    second, third = 1.0 - 2.0, 0.8 * 4.0 - 3.0
    first = 0.5 + 0.9 * 2.0 - 1.0 + 0.9 * 0.5 * second
    assert EXAMPLE["advantages"](played, 0.5).flatten().tolist() == pytest.approx([first, second, third])


def test_the_agent_of_the_loop_never_does_what_is_illegal() -> None:
    observation, _ = arena(64).reset(seed=1)
    seen, legal = EXAMPLE["tensors"](observation)
    agent = EXAMPLE["Agent"](seen.shape[1], [head.size for head in LMS.spec.heads], 8)
    actions, log_probs, _ = agent.act(seen, legal)
    starts = [part.start for part in LMS.spec.slices.values()]
    assert legal.gather(1, actions + torch.tensor(starts)).all()
    torch.testing.assert_close(EXAMPLE["chosen"](agent(seen, legal)[0], actions), log_probs)


def test_marks_are_taken_in_time_and_duels_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 30.0, 30.0, 61.0, 99.0, 130.0, 130.0])
    monkeypatch.setattr("peers.marks.time.process_time", lambda: next(clock))
    game = load_game("openspiel:tic_tac_toe")
    marks = Marks(game, [1.5, 1], duels=4)

    def first_legal(observation, memory, keys):
        return observation["legal"].argmax(1)[:, None]

    assert not marks.passed(100, first_legal)
    assert not marks.passed(200, first_legal)  # at 61 s; its duels last to 99 s
    assert marks.passed(300, first_legal)  # at 130 s, of which 38 were duels
    assert [(mark.minutes, mark.decisions) for mark in marks.taken] == [(61 / 60, 200), (92 / 60, 300)]
    assert marks.taken[0].duels.matches == 4
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in said] == [
        "1.02 CPU minutes, 200 decisions",
        "1.53 CPU minutes, 300 decisions",
    ]


def test_cells_of_the_table() -> None:
    game = load_game("openspiel:tic_tac_toe")
    duels = judged(game, game.bots["random"](), 2)
    rate = f"{100 * duels.win_rate:.1f} %"
    cells = compare.cells([Mark(1.0, 6000, duels), Mark(2.0, 24_000, duels)])
    assert cells[0] == "200"
    assert [cell.split(" [")[0] for cell in cells[1:]] == [rate, rate]


def test_our_learner_is_measured_at_its_marks(tmp_path: Path) -> None:
    sizes = {"iterations": 2, "matches-per-actor": 4, "unroll-length": 4, "batch-size": 4, "save-every": 1}
    small = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    marks = alphastar.train(tmp_path, [1e-4, 60], LMS, [*small, "--opponents", "random=1"], duels=2)
    assert marks[-1].decisions == load_checkpoint(tmp_path / "pi.pt", LMS).counters["decisions"] >= 2 * 4 * 4
    assert 0 < marks[0].minutes < marks[-1].minutes < 60
    assert marks[0].decisions <= marks[-1].decisions
    assert alphastar.train(tmp_path / "interrupted", [1e-4], LMS, small[2:], duels=2)[0].decisions >= 16


def test_stable_baselines_learns_on_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sb3_contrib")
    from peers import stable_baselines

    monkeypatch.setattr(stable_baselines, "MATCHES", 4)
    monkeypatch.setattr("peers.marks.DUELS", 2)
    small = {"n_steps": 8, "batch_size": 16, "n_epochs": 1, "policy_kwargs": {"net_arch": [8]}}
    for masked in (False, True):
        marks = stable_baselines.train(masked, {"scratch": True}, [0.0, 1e-4], short_arena.lms(), **small)
        first, second = (mark.decisions for mark in marks.taken)
        assert first == 0
        assert second % (4 * 8) == 0
