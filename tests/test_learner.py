"""The learner: it learns, repeats exactly, splits minibatches without changing them, stops at a loss that is none."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.learner import WARMUP_UPDATES, Diverged, loss_weights, rates_left
from botgame.training.alphastar.learner.trainer import Trainer
from botgame.training.alphastar.network.network import Network
from toy_game import TOY_SPEC
from toy_trainer import CONFIG, trainer

torch.set_num_threads(1)  # small tensors: more threads only wait for each other


def figures(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.startswith("time_")}


def weights(made: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in made.learner.network.state_dict().items()}


def test_it_learns_to_draw_against_the_best_bot_and_says_so() -> None:
    made = trainer()
    first = made.iterate().metrics
    for _ in range(25):
        last = made.iterate().metrics
    assert first["training/win_rate"] < 0.2
    assert last["training/win_rate"] > 0.4  # 0.5 is the most: nobody beats a bot that always says two
    assert last["entropy/choice"] < 0.6 * first["entropy/choice"]
    assert last["kl/choice"] > 0.1
    assert last["learner_steps"] > 26 * 16
    assert 0 < last["staleness"] < 4 * last["updates"]


def test_only_the_critic_moves_at_first() -> None:
    made = trainer()
    before = weights(made)
    made.iterate()
    after = weights(made)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("critic.") for name in moved)
    assert made.learner.policy_steps == 0


def test_the_critic_warms_up_while_it_learns_alone() -> None:
    """Its rate grows with its own updates: otherwise the iterations before the policy moves would teach it nothing."""
    made = trainer(config=RLConfig(**{**CONFIG.to_dict(), "value_iterations": 9, "critic_lr": 1e-3}))
    while made.learner.steps < WARMUP_UPDATES:
        made.iterate()
    policy, critic = made.learner.state_dict()["optimiser"]["param_groups"]
    assert critic["lr"] == 1e-3
    assert policy["lr"] == pytest.approx(CONFIG.lr / WARMUP_UPDATES)


def test_the_learning_rates_fall_with_progress() -> None:
    made = trainer(config=RLConfig(**{**CONFIG.to_dict(), "lr_end": 0.2, "value_iterations": 0, "critic_lr": 1e-3}))
    while made.learner.policy_steps < WARMUP_UPDATES:
        made.iterate(0.5)
    policy, critic = made.learner.state_dict()["optimiser"]["param_groups"]
    assert policy["lr"] == pytest.approx(0.6 * CONFIG.lr)
    assert critic["lr"] == pytest.approx(0.6e-3)


@pytest.mark.parametrize(("fall", "middle"), [("linear", 0.52), ("geometric", 0.2)])
def test_both_ways_to_fall_end_at_the_same_share(fall: str, middle: float) -> None:
    config = dataclasses.replace(CONFIG, lr_end=0.04, lr_fall=fall)
    assert [rates_left(config, progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([1.0, middle, 0.04])
    assert rates_left(dataclasses.replace(config, lr_end=1.0), 0.7) == 1.0


def test_a_geometric_fall_to_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="--lr-end 0 is never reached by --lr-fall geometric"):
        dataclasses.replace(CONFIG, lr_end=0.0, lr_fall="geometric")


@pytest.mark.parametrize(
    ("wrong", "says"), [({"kl_end": 0.0}, "--kl-end 0 ends the KL"), ({"adam_b1": 1.0}, "--adam-b1 1")]
)
def test_flags_that_would_end_learning_unseen_are_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(UserError, match=says):
        RLConfig(**wrong)
    assert RLConfig(kl_end=0.0, kl_cost=0.0).kl_cost == 0


def test_the_weight_of_the_kl_falls_geometrically_and_not_at_all_where_it_is_told_so() -> None:
    config = RLConfig(**{**CONFIG.to_dict(), "kl_cost": 0.5, "kl_end": 0.01})
    fallen = [loss_weights(TOY_SPEC, config, progress=progress).kl for progress in (0.0, 0.5, 1.0)]
    assert fallen == pytest.approx([0.5, 0.05, 0.005])
    assert loss_weights(TOY_SPEC, dataclasses.replace(config, kl_end=1.0), progress=0.7).kl == 0.5
    losses = []
    for progress in (0.0, 1.0):
        made = trainer(config=dataclasses.replace(config, value_iterations=0))
        made.iterate()
        metrics = made.iterate(progress).metrics
        losses.append(metrics["loss/total"] - metrics["loss/policy"] - metrics["loss/value"])
    assert losses[0] != losses[1]


def test_without_a_weight_on_the_kl_nobody_asks_the_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(config=dataclasses.replace(CONFIG, kl_cost=0.0))
    asked = Network.unroll
    monkeypatch.setattr(
        Network,
        "unroll",
        lambda net, *given, **named: asked(net, *given, **named) if named.get("values", True) else 1 / 0,
    )  # only the teacher is unrolled without values
    metrics = made.iterate().metrics
    assert "kl" not in metrics
    assert "kl/choice" not in metrics
    with pytest.raises(ZeroDivisionError):
        trainer().iterate()


def test_work_depends_on_what_was_collected_not_on_the_size_of_the_buffer() -> None:
    small, large = trainer(), trainer(config=RLConfig(**{**CONFIG.to_dict(), "replay_size": 512}))
    for _ in range(4):
        metrics = [each.iterate().metrics for each in (small, large)]
    assert metrics[0]["updates"] == metrics[1]["updates"] == -(-metrics[0]["sequences"] // 8) * 4
    assert metrics[1]["replay_sequences"] > metrics[0]["replay_sequences"] == 64


def test_a_restored_trainer_ends_with_the_same_bits() -> None:
    config = dataclasses.replace(CONFIG, actor_rollouts=2, learner_updates=1)
    whole, cut = trainer(config), trainer(config)
    for each in (whole, cut):
        for _ in range(4):
            each.iterate()
    state = copy.deepcopy(cut.state_dict())
    other = trainer(config)
    other.load_state_dict(state)
    ends = [[figures(each.iterate().metrics) for _ in range(3)] for each in (whole, other)]
    assert ends[0] == ends[1]
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(other)[name]), name


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("rewards", np.nan, "paid a reward of nan"), ("rewards", 1e30, r"of 1e\+30"), ("memory", np.nan, "--lr")],
)
def test_a_loss_that_is_no_number_stops_before_the_weights_change(column: str, value: float, says: str) -> None:
    made = trainer()
    for _ in range(3):
        made.iterate()
    before = weights(made)
    made.part.replay_buffer.columns[column][:] = value
    with pytest.raises(Diverged, match=says):
        made.learner.update(made.part.replay_buffer.columns, np.arange(8))
    for name, tensor in weights(made).items():
        assert torch.equal(tensor, before[name]), name
