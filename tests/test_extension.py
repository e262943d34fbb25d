"""A run that is made longer says what happens to its learning rates, and that is what happens."""

import re
from pathlib import Path

import pytest
import torch

from botgame.training import alphastar_league, alphastar_rl
from botgame.training.alphastar.checkpoint import load_state
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.learner import WARMUP_UPDATES
from botgame.training.rl.extension import extension_line
from toy_run import SMALL, TOY

torch.set_num_threads(1)
FEW = [*SMALL, "--actor-rollouts", "2", "--learner-updates", "20", "--batch-size", "2"]
SAID = re.compile(r"longer than planned.*learning rate (\S+) -> (\S+), the critic's (\S+) -> (\S+), weight of the KL")


def test_it_says_what_rises() -> None:
    assert RLConfig().lr_end == 0.1
    line = extension_line(RLConfig(lr=1e-3, critic_lr=2e-3, kl_cost=1.0, kl_end=0.01), before=1.0, now=0.5)
    assert line.endswith("learning rate 0.0001 -> 0.00055, the critic's 0.0002 -> 0.0011, weight of the KL 0.01 -> 0.1")


@pytest.mark.parametrize(
    "config", [RLConfig(lr_end=1.0, kl_end=1.0), RLConfig(lr_end=1.0, kl_cost=0.0)], ids=["steady", "no teacher"]
)
def test_it_says_nothing_where_nothing_falls(config: RLConfig) -> None:
    assert extension_line(config, before=1.0, now=0.5) == ""
    assert extension_line(RLConfig(), before=0.5, now=0.5) == ""


def test_more_than_was_planned_counts_as_all_of_it() -> None:
    """Decisions overshoot their goal by part of an iteration."""
    assert "learning rate 3e-05 -> 0.00016" in extension_line(RLConfig(), before=1.05, now=0.525)


def rates(state: dict) -> list[float]:
    """The learning rates of the last update, without the warm-up of the first ones."""
    learner = state["trainer"]["learner"]
    groups = learner["optimiser"]["param_groups"]
    return [
        group["lr"] / min(1.0, learner[steps] / WARMUP_UPDATES)
        for group, steps in zip(groups, ("policy_steps", "value_steps"), strict=True)
    ]


def test_rl_does_as_it_says(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TOY, *SMALL, "--supervised-checkpoint", str(trained), "--output", str(tmp_path / "pi.pt"), "--resume"]
    words += ["--value-iterations", "0"]
    assert alphastar_rl.main([*words, "--iterations", "2"]) == 0
    assert alphastar_rl.main([*words, "--iterations", "2"]) == 0
    assert "longer" not in capsys.readouterr().out
    assert alphastar_rl.main([*words, "--iterations", "3"]) == 0
    said = SAID.search(capsys.readouterr().out)
    assert said is not None
    config = RLConfig()
    before, after, critic_before, critic_after = map(float, said.groups())
    assert (before, critic_before) == pytest.approx((0.1 * config.lr, 0.1 * config.critic_lr), rel=0.02)
    assert (after, critic_after) == pytest.approx(rates(load_state(tmp_path / "pi.resume.pt")), rel=0.02)
    assert after / before == pytest.approx(critic_after / critic_before, rel=0.05) == pytest.approx(4, rel=0.05)


def test_a_league_says_it_too(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TOY, *SMALL, "--supervised-checkpoint", str(trained), "--output-dir", str(tmp_path), "--resume"]
    words += ["--rl-iterations-per-round", "1", "--past-matches", "2", "--cross-play-matches", "2"]
    assert alphastar_league.main([*words, "--rounds", "1"]) == 0
    assert "longer" not in capsys.readouterr().out
    assert alphastar_league.main([*words, "--rounds", "2"]) == 0
    assert SAID.search(capsys.readouterr().out) is not None


def test_a_league_of_so_many_decisions_counts_its_progress_in_them(trained: Path, tmp_path: Path) -> None:
    """Its iterations are only a bound: rates that fall with them would not have fallen when it ends."""
    words = [*TOY, *SMALL, "--supervised-checkpoint", str(trained), "--output-dir", str(tmp_path)]
    words += ["--rl-iterations-per-round", "9", "--past-matches", "2", "--cross-play-matches", "2", "--save-every", "1"]
    words += [
        "--rounds",
        "1000",
        "--decisions",
        "300",
        "--lr-fall",
        "linear",
        "--lr-end",
        "0.1",
        "--value-iterations",
        "0",
    ]
    assert alphastar_league.main(words) == 0
    state = load_state(tmp_path / "resume.pt")
    decisions, iterations = state["seats"]["main1"]["trainer"]["decisions"], state["iteration"]
    assert decisions >= 300
    assert iterations > 3
    learned_at = rates(state["seats"]["main1"])[0] / RLConfig().lr
    last = decisions / iterations  # what the last iteration added, about
    assert learned_at == pytest.approx(1 - 0.9 * min(1.0, (decisions - last) / 300), abs=0.9 * last / 300)
    assert learned_at < 0.4
