"""The learner: it learns, repeats exactly, splits minibatches without changing them, stops at a loss that is none."""

import copy
import dataclasses
import multiprocessing
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.actors import matches_taken
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.learner import WARMUP_UPDATES, Diverged, Learner, loss_weights, rates_left
from botgame.training.alphastar.learner.trainer import Trainer
from botgame.training.alphastar.learner.workers import Workers, WorkersByKind
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from toy_game import TOY_SPEC, Fixed, toy_matches

torch.set_num_threads(1)  # small tensors: more threads only wait for each other
CONFIG = RLConfig(
    actor_rollouts=4, unroll_length=4, replay_size=64, min_replay_sequences=8, matches_per_actor=8, batch_size=8,
    lr=3e-3, value_iterations=2, kl_cost=2e-3, reward_weights=(("lead", 0.5),),
)  # fmt: skip


def players(episode: int) -> tuple[int, int]:
    return [(0, 0), (0, 1), (1, 0)][episode % 3]


def trainer(
    workers: WorkersByKind | None = None, config: RLConfig = CONFIG, preset: str = "tiny", taken: int = 0
) -> Trainer:
    """`taken`: set-ups that a run before has played."""
    student, teacher = (Network(TOY_SPEC, PRESETS[preset], 0) for _ in range(2))
    matches = toy_matches(config.matches, players, taken=taken)
    bot = Fixed(2)
    environment = Environment(TOY_SPEC, matches, lambda _player: bot)
    return Trainer(environment, student, teacher, config, learning_seats=4 / 3, workers=workers)


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


def test_the_weight_of_the_kl_falls_geometrically_and_not_at_all_where_it_is_told_so() -> None:
    config = RLConfig(**{**CONFIG.to_dict(), "kl_cost": 0.5, "kl_end": 0.01})
    fallen = [loss_weights(TOY_SPEC, config, progress=progress).kl for progress in (0.0, 0.5, 1.0)]
    assert fallen == pytest.approx([0.5, 0.05, 0.005])
    assert loss_weights(TOY_SPEC, dataclasses.replace(config, kl_end=1.0), progress=0.7).kl == 0.5
    assert loss_weights(TOY_SPEC, dataclasses.replace(config, kl_end=0.0), progress=0.7).kl == 0.0
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


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[int, Workers]]:
    """Workers for each number of processes; 1 is none."""
    made = {threads: Workers(TOY_SPEC, Network(TOY_SPEC, PRESETS["tiny"]), CONFIG, threads) for threads in (1, 2, 3)}
    yield made
    for workers in made.values():
        workers.close()


def by_kind(threads: int) -> WorkersByKind:
    return WorkersByKind(Network(TOY_SPEC, PRESETS["tiny"]), CONFIG, threads, torch.device("cpu"))


@pytest.fixture(scope="module")
def kinds() -> Iterator[dict[int, WorkersByKind]]:
    """What a run hands to its trainers, for each number of processes; 1 is none."""
    made = {threads: by_kind(threads) for threads in (1, 2)}
    yield made
    for workers in made.values():
        workers.close()


def test_a_split_minibatch_has_the_same_gradient(pools: dict[int, Workers]) -> None:
    """One update from the same weights and data in one process, in two and in three."""
    source = trainer()
    source.actor.collect(source.replay_buffer, 20, 0)
    results = []
    for threads, workers in pools.items():
        assert workers.size == threads - 1
        learner = Learner(TOY_SPEC, Network(TOY_SPEC, PRESETS["tiny"], 0), CONFIG, workers=workers)
        metrics = learner.update(source.replay_buffer.columns, np.arange(7))
        gradients = [parameter.grad for parameter in learner.network.parameters()]
        results.append((metrics, gradients))
    for metrics, gradients in results[1:]:
        assert metrics == pytest.approx(results[0][0], abs=1e-5)
        for mine, reference in zip(gradients, results[0][1], strict=True):
            torch.testing.assert_close(mine, reference, atol=1e-6, rtol=1e-4)


def test_there_are_no_more_workers_than_minibatches_are_worth() -> None:
    sizes = [Workers(TOY_SPEC, Network(TOY_SPEC, PRESETS["tiny"]), CONFIG, threads).size for threads in (1, 4, 64)]
    assert sizes == [0, 3, 3]  # of 8 sequences


def test_a_worker_that_dies_is_named_and_the_weights_stay() -> None:
    others = set(multiprocessing.active_children())
    workers = by_kind(2)
    made = trainer(workers)
    for _ in range(3):
        made.iterate()
    before = weights(made)
    (worker,) = set(multiprocessing.active_children()) - others
    worker.kill()
    with pytest.raises(UserError, match="has died"):
        made.iterate()
    workers.close()
    for name, tensor in weights(made).items():
        assert torch.equal(tensor, before[name]), name


def test_workers_take_sequences_that_nobody_was_taught(kinds: dict[int, WorkersByKind]) -> None:
    untaught = dataclasses.replace(CONFIG, kl_cost=0.0)
    alone, split = (trainer(kinds[threads], untaught) for threads in (1, 2))
    metrics = [[each.iterate().metrics["loss/value"] for _ in range(3)] for each in (alone, split)]
    assert metrics[1] == pytest.approx(metrics[0], rel=1e-3)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_restored_trainer_ends_with_the_same_bits(threads: int, kinds: dict[int, WorkersByKind]) -> None:
    whole, cut = trainer(kinds[threads]), trainer(kinds[threads])
    for each in (whole, cut):
        for _ in range(4):
            each.iterate()
    state = copy.deepcopy(cut.state_dict())
    other = trainer(kinds[threads], taken=matches_taken(state["actor"])[0])
    other.load_state_dict(state)
    ends = [[figures(each.iterate().metrics) for _ in range(3)] for each in (whole, other)]
    assert ends[0] == ends[1]
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(other)[name]), name


def test_a_loss_that_is_no_number_stops_before_the_weights_change() -> None:
    made = trainer()
    for _ in range(3):
        made.iterate()
    before = weights(made)
    made.replay_buffer.columns["rewards"][:] = np.nan
    with pytest.raises(Diverged, match="--lr"):
        made.learner.update(made.replay_buffer.columns, np.arange(8))
    for name, tensor in weights(made).items():
        assert torch.equal(tensor, before[name]), name
