"""The network as a policy: NumPy in and out, keys alone decide, named errors for what does not fit."""

import dataclasses

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar.policy import NetworkPolicy, load_policy
from toy_network import TOY_SPEC, random_observation, randomize

ROWS = 24


def arrays(spec, rows=ROWS):
    return {key: value.numpy() for key, value in random_observation(spec, (rows,)).items()}


def build(spec):
    network = Network(spec, PRESETS["tiny"])
    randomize(network)
    return network


def keys(rows=ROWS, seed=0):
    return np.random.default_rng(seed).integers(0, 2**63, rows).astype(np.uint64)


@pytest.mark.parametrize("spec", [ARENA_SPEC, TOY_SPEC], ids=lambda spec: spec.name)
def test_types_shapes_and_log_probs(spec):
    policy = NetworkPolicy(build(spec), "a bot")
    actions, memory, log_probs = policy.act_full(arrays(spec), policy.initial_memory(ROWS), keys())
    assert policy.name == "a bot"
    assert (actions.dtype, actions.shape) == (np.int64, (ROWS, len(spec.heads)))
    assert (memory.dtype, memory.shape) == (np.float32, (ROWS, policy.memory_size))
    assert (log_probs.dtype, log_probs.shape) == (np.float32, (ROWS, spec.logits))
    again, after = policy.act(arrays(spec), policy.initial_memory(ROWS), keys())
    np.testing.assert_array_equal(again, actions)
    np.testing.assert_array_equal(after, memory)


def test_a_row_depends_on_itself_and_its_key_alone():
    policy = NetworkPolicy(build(ARENA_SPEC))
    observation, start = arrays(ARENA_SPEC), np.random.default_rng(1).normal(size=(ROWS, 32)).astype(np.float32)
    whole, memory = policy.act(observation, start, keys())
    order = np.random.default_rng(2).permutation(ROWS)
    for part in np.array_split(order, [1, 5]):
        some, after = policy.act({k: v[part] for k, v in observation.items()}, start[part], keys()[part])
        np.testing.assert_array_equal(some, whole[part])
        np.testing.assert_allclose(after, memory[part], atol=1e-6)
    other, _ = policy.act(observation, start, keys(seed=9))
    assert (other != whole).any()


def test_no_rows_and_read_only_strided_arrays():
    policy = NetworkPolicy(build(ARENA_SPEC))
    actions, memory = policy.act(arrays(ARENA_SPEC, 0), policy.initial_memory(0), keys(0))
    assert actions.shape == (0, 6)
    assert memory.shape == (0, policy.memory_size)
    observation = arrays(ARENA_SPEC)
    wide = {key: np.repeat(value, 2, axis=0)[::2] for key, value in observation.items()}
    for value in wide.values():
        value.flags.writeable = False
    expected, _ = policy.act(observation, policy.initial_memory(ROWS), keys())
    np.testing.assert_array_equal(policy.act(wide, policy.initial_memory(ROWS), keys())[0], expected)


def test_low_temperature_is_greedy():
    network, observation = build(ARENA_SPEC), arrays(ARENA_SPEC)
    greedy = NetworkPolicy(network, temperature=1e-3)
    actions, _, _ = greedy.act_full(observation, greedy.initial_memory(ROWS), keys())
    warm = NetworkPolicy(network).act_full(observation, greedy.initial_memory(ROWS), keys())
    verb = ARENA_SPEC.slices["verb"]
    np.testing.assert_array_equal(actions[:, 0], warm[2][:, verb].argmax(1))


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(UserError, match="temperature"):
        NetworkPolicy(build(TOY_SPEC), temperature=temperature)


def test_observations_of_another_game_are_named():
    policy = NetworkPolicy(build(ARENA_SPEC), "old.pt")
    observation = arrays(ARENA_SPEC)
    observation["scalars"] = observation["scalars"][:, :-1]
    width = len(ARENA_SPEC.scalars)
    with pytest.raises(UserError, match=rf"old\.pt: observation `scalars` .*\({width - 1},\).*\({width},\)"):
        policy.act(observation, policy.initial_memory(ROWS), keys())
    del observation["scalars"]
    with pytest.raises(UserError, match="None"):
        policy.act(observation, policy.initial_memory(ROWS), keys())


def test_a_checkpoint_loads_as_the_same_policy(tmp_path):
    network, path = build(ARENA_SPEC), tmp_path / "bot.pt"
    config, weights = network.config.to_dict(), network.state_dict()
    save_checkpoint(path, Checkpoint("lms", "rl", ARENA_SPEC, config, weights, temperature=0.5))
    loaded, expected = load_policy(lms(), str(path)), NetworkPolicy(network, temperature=0.5)
    assert loaded.name == str(path)
    observation = arrays(ARENA_SPEC)
    for a, b in zip(
        loaded.act_full(observation, loaded.initial_memory(ROWS), keys()),
        expected.act_full(observation, loaded.initial_memory(ROWS), keys()),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("damage", ["field", "shape", "missing"])
def test_a_checkpoint_that_does_not_fit_is_named(tmp_path, damage):
    network, path = build(ARENA_SPEC), tmp_path / "bot.pt"
    config, weights = network.config.to_dict(), dict(network.state_dict())
    if damage == "field":
        config["colour"] = 3
    elif damage == "shape":
        config = dataclasses.replace(network.config, head_width=5).to_dict()
    else:
        weights.pop("heads.base.weight")
    save_checkpoint(path, Checkpoint("lms", "rl", ARENA_SPEC, config, weights))
    with pytest.raises(UserError, match=r"bot\.pt: its weights do not fit"):
        load_policy(lms(), str(path))


def test_the_policy_leaves_training_mode_and_gradients_off():
    network = build(TOY_SPEC).train()
    policy = NetworkPolicy(network)
    policy.act(arrays(TOY_SPEC), policy.initial_memory(ROWS), keys())
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.is_grad_enabled()
