"""A checkpoint outlives new columns of its game's spec: it decides as before to the bit, and can learn to use them."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import botgame
import grown_toy_game
import toy_game
from botgame import rng
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.spec import ARENA_SPEC
from botgame.onnx_policy import OnnxPolicy, load_model
from botgame.spec import Condition, Reward, Scalar
from botgame.spec_columns import AXES, difference, positions, select
from botgame.training import alphastar_rl, evaluate
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from botgame.training.alphastar.checkpoint_upgrade import upgraded
from botgame.training.alphastar.learner.sequences import allocate, gather
from botgame.training.alphastar.network.acting import OnnxStep, TorchStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import random_observation
from botgame.training.alphastar.network.presets import SIZES, NetworkConfig
from botgame.training.alphastar.policy import load_policy
from grown_specs import grown, random_spec
from matches import record
from toy_network import TOY_SPEC, other_game, randomize
from toy_network import random_observation as random_tensors

NETWORKS = ("tiny", "small", "base", "small-transformer", "small-memoryless")
CHAMPION = str(Path(botgame.__file__).parent / "lms" / "bots" / "champion.pt")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def built(spec, preset, **changes):
    network = Network(spec, dataclasses.replace(SIZES[preset], **changes))
    randomize(network)
    return network


def extended(network, spec):
    """The same network for a grown spec."""
    config, weights = upgraded(network.config.to_dict(), network.state_dict(), network.spec, spec)
    larger = Network(spec, NetworkConfig.from_dict(config), seed=9)
    larger.load_state_dict(weights)
    return larger


def arguments(spec, network, rows, seed=0):
    """An observation of `spec` with random arrays, and the rest of what a step of `network` (or a model) takes."""
    generator = np.random.default_rng(seed)
    observation = random_observation(spec, rows, generator)
    memory = generator.normal(size=(rows, network.memory_size)).astype(np.float32)
    return observation, memory, rng.uniforms(np.arange(rows, dtype=np.uint64), len(spec.heads)), 0.7


def assert_same_decisions(old, new, step, rows=(1, 2, 7, 33)):
    """Actions, memory and log-probabilities, for several numbers of rows: each is another kernel."""
    chosen, before, after = positions(old.spec, new.spec), step(old), step(new)
    for count in rows:
        observation, *others = arguments(new.spec, old, count, seed=count)
        for expected, found in zip(
            before(select(observation, chosen), *others), after(observation, *others), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def unrolled(network, observation, lengths):
    """Sequences of `lengths` as the learner runs them, with the critic."""
    steps, count = observation["legal"].shape[:2]
    generator = torch.Generator().manual_seed(0)
    choices = [torch.randint(0, head.size, (steps, count), generator=generator) for head in network.spec.heads]
    actions = torch.stack(choices, dim=2)
    valid = torch.arange(steps)[:, None] < torch.tensor(lengths)
    return network.unroll(observation, network.initial_memory(count), actions, valid)


def assert_same_learning(old, new):
    """The learner's log-probabilities, values and memory."""
    observation = random_tensors(new.spec, (5, 3))
    flat = select(
        {name: value.flatten(0, 1).numpy() for name, value in observation.items()}, positions(old.spec, new.spec)
    )
    before = {name: torch.from_numpy(value).view(5, 3, *value.shape[1:]) for name, value in flat.items()}
    for lengths in ([5, 5, 5], [5, 2, 0]):
        for expected, found in zip(unrolled(old, before, lengths), unrolled(new, observation, lengths), strict=True):
            assert torch.equal(found, expected)


@pytest.mark.parametrize("preset", NETWORKS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_any_spec_may_grow_anywhere_and_again(preset, seed):
    generator = np.random.default_rng(seed)
    spec = random_spec(generator)
    network = built(spec, preset)
    for mark in ("first", "second"):
        larger = grown(network.spec, generator, mark=mark)
        assert difference(network.spec, larger) == ""
        new = extended(network, larger)
        with torch.no_grad():
            assert_same_decisions(network, new, TorchStep, rows=(1, 9))
            assert_same_learning(network, new)
        randomize(new, seed % 1000)  # as if it had learned to use the new columns
        network = new


@pytest.fixture(scope="module")
def arena():
    """The arena with more of everything, all of it in another order."""
    return grown(ARENA_SPEC, np.random.default_rng(7))


@pytest.fixture(scope="module")
def played():
    """What the seats of recorded matches saw, one after the other, and the key of each decision."""
    seats = list(trajectories(record(2)))
    observation = {name: np.concatenate([seat.observation[name] for seat in seats]) for name in seats[0].observation}
    return observation, np.arange(len(observation["legal"]), dtype=np.uint64)


def spread(observation, spec):
    """Arrays of the arena's spec as a grown spec has them, with random numbers in the new columns."""
    generator = np.random.default_rng(3)
    larger = random_observation(spec, len(observation["legal"]), generator) | {
        name: observation[name] for name in ("legal", "entity_mask")
    }
    larger["privileged"] = generator.normal(size=(len(observation["legal"]), len(spec.privileged))).astype(np.float32)
    for name, places in positions(ARENA_SPEC, spec).items():
        for column, place in enumerate(places):
            target = (slice(None),) * AXES[name]
            larger[name][(*target, place)] = observation[name][(*target, column)]
    return larger


@pytest.mark.parametrize("step", [TorchStep, OnnxStep])
def test_the_champion_decides_as_before_in_a_grown_arena(arena, played, step):
    """All decisions of recorded matches in one call, in small calls, and one by one."""
    old, new = load_policy(lms(), CHAMPION), load_policy(of_spec(lms(), arena), CHAMPION)
    observation, keys = played
    larger = spread(observation, arena)
    for policy in (old, new):
        policy.step = step(policy.network)
    memory = np.random.default_rng(1).normal(size=(len(keys), old.memory_size)).astype(np.float32)
    for rows in (slice(None), slice(0, 16), slice(16, 19), *(slice(k, k + 1) for k in range(20, 60))):
        few, many = ({name: array[rows] for name, array in each.items()} for each in (observation, larger))
        expected = old.act_full(few, memory[rows], keys[rows])
        found = new.act_full(many, memory[rows], keys[rows])
        for before, after in zip(expected, found, strict=True):
            np.testing.assert_array_equal(after, before)


def test_the_champion_values_as_before_in_a_grown_arena(arena):
    with torch.no_grad():
        old, new = load_policy(lms(), CHAMPION), load_policy(of_spec(lms(), arena), CHAMPION)
        assert_same_learning(old.network, new.network)


@pytest.mark.parametrize("kinds", [("vectors",), ("scalars", "privileged")])
def test_the_graph_of_a_game_that_had_none_of_it(kinds):
    """The ONNX runtime refuses some empty arrays: a group may have columns of one kind alone."""
    network = built(dataclasses.replace(TOY_SPEC, vectors=()), "tiny")
    new = extended(network, grown(network.spec, np.random.default_rng(2), kinds))
    assert_same_decisions(network, new, OnnxStep)


def test_a_moved_column_alone_makes_no_new_group():
    spec = dataclasses.replace(TOY_SPEC, scalars=TOY_SPEC.scalars[::-1], vectors=TOY_SPEC.vectors[::-1])
    new = extended(built(TOY_SPEC, "tiny"), spec)
    assert len(new.config.column_groups) == 1
    assert sum(p.numel() for p in new.parameters()) == sum(p.numel() for p in built(TOY_SPEC, "tiny").parameters())
    assert_same_decisions(built(TOY_SPEC, "tiny"), new, TorchStep)


def test_new_columns_are_learned_from():
    """Every new weight gets a gradient, and one step makes the decision depend on the new columns."""
    generator = np.random.default_rng(4)
    new = extended(built(ARENA_SPEC, "tiny"), grown(ARENA_SPEC, generator))
    observation = random_tensors(new.spec, (4, 3))
    observation["legal"][:] = True
    result = unrolled(new, observation, [4, 4, 4])
    (result.log_probs.square().mean() + result.values.square().mean()).backward()
    added = {name: parameter for name, parameter in new.named_parameters() if ".added." in name}
    assert (
        len(added) == 4 + 2 * 2
    )  # scalars and vectors, entities, raster, critic; weight and bias of two direction heads
    assert all(not parameter.detach().any() and parameter.grad.any() for parameter in added.values())
    torch.optim.SGD(new.parameters(), lr=0.1).step()
    other = {**observation, "vectors": random_tensors(new.spec, (4, 3), seed=5)["vectors"]}
    for name in ("scalars", "entities"):
        other[name] = observation[name].clone()
    assert not torch.equal(unrolled(new, other, [4, 4, 4]).log_probs, unrolled(new, observation, [4, 4, 4]).log_probs)


def test_an_upgraded_checkpoint_is_saved_loaded_and_upgraded_again(tmp_path):
    generator = np.random.default_rng(6)
    network, path = built(TOY_SPEC, "tiny"), tmp_path / "pi.pt"
    save(path, network)
    specs = [TOY_SPEC]
    for mark in ("first", "second"):
        specs.append(grown(specs[-1], generator, mark=mark))
        checkpoint = load_checkpoint(path, of_spec(other_game(), specs[-1]))
        assert checkpoint.spec == specs[-1]
        save_checkpoint(path, checkpoint)
    checkpoint = load_checkpoint(path, of_spec(other_game(), specs[-1]))  # nothing is left to do
    loaded = Network(checkpoint.spec, NetworkConfig.from_dict(checkpoint.network))
    loaded.load_state_dict(checkpoint.weights)
    assert loaded.spec == specs[-1]
    assert len(loaded.config.column_groups) == 3
    assert_same_decisions(network, loaded, TorchStep)


def test_sequences_of_the_grown_spec_train_it():
    """The replay buffer holds the columns of the game's spec, and the network's groups read them."""
    spec = grown(TOY_SPEC, np.random.default_rng(8))
    network = extended(built(TOY_SPEC, "tiny"), spec)
    columns = allocate(spec, network.memory_size, 4, 2)
    columns["length"][:], columns["legal"][:] = 4, True
    batch = gather(columns, np.arange(2))
    result = network.unroll(batch.observation, batch.memory, batch.actions, batch.valid)
    assert result.log_probs.isfinite().all()


def test_an_exported_model_keeps_its_spec_and_is_fed_by_name(exported):
    model = exported["toy"]
    spec = grown(TOY_SPEC, np.random.default_rng(5))
    own, fed = OnnxPolicy(model), load_model(of_spec(other_game(), spec), str(model))
    observation, memory, _, _ = arguments(spec, own, 6)
    keys = np.arange(6, dtype=np.uint64)
    expected = own.act_full(select(observation, positions(TOY_SPEC, spec)), memory, keys)
    for before, after in zip(expected, fed.act_full(observation, memory, keys), strict=True):
        np.testing.assert_array_equal(after, before)
    with pytest.raises(UserError, match="row shape"):
        fed.act(select(observation, positions(TOY_SPEC, spec)), memory, keys)
    with pytest.raises(UserError, match=r"toy\.onnx: made for another version of game toy: scalar heat is gone"):
        load_model(of_spec(other_game(), dataclasses.replace(TOY_SPEC, scalars=TOY_SPEC.scalars[:1])), str(model))


HEADS = ARENA_SPEC.heads


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scalars": ARENA_SPEC.scalars[1:]}, "scalar health is gone"),
        ({"scalars": (Scalar("health"), *ARENA_SPEC.scalars[1:])}, "scalar health has other thresholds"),
        ({"scalars": (*ARENA_SPEC.scalars, Scalar("mana"))}, "several columns are scalar mana"),
        ({"vectors": ARENA_SPEC.vectors[:-1]}, "vector open_space is gone"),
        ({"entity_columns": (*ARENA_SPEC.entity_columns[:-1], "size")}, "entity column radius is gone"),
        ({"entity_position": (6, 8)}, r"entity_position was \('x', 'y'\) and is \('x', 'distance'\)"),
        ({"raster_channels": ("wall",)}, "raster channel outside_zone is gone"),
        ({"raster_channels": (), "raster_size": 12}, "raster channel wall is gone"),
        ({"privileged": ARENA_SPEC.privileged[1:]}, "privileged column x is gone"),
        ({"heads": HEADS[:-1]}, "head lead is gone"),
        ({"heads": (*HEADS, dataclasses.replace(HEADS[0], name="shout"))}, "head shout is new"),
        ({"heads": (dataclasses.replace(HEADS[0], temperature=2.0), *HEADS[1:])}, "head verb has changed"),
        (
            {"heads": (*HEADS[:-1], dataclasses.replace(HEADS[-1], used_when=(Condition("verb", (1,)),)))},
            "head lead has changed",
        ),
        ({"heads": (HEADS[1], HEADS[0], *HEADS[2:])}, "heads have another order"),
        ({"rewards": (*ARENA_SPEC.rewards, Reward("loot", dense=True))}, "reward loot is new"),
        ({"rewards": (ARENA_SPEC.rewards[0], Reward("damage", dense=False))}, "reward damage has changed"),
        ({"max_entities": 20}, "max_entities was 12 and is 20"),
        ({"raster_size": 14}, "raster_size was 12 and is 14"),
        ({"version": 2}, "version was 1 and is 2"),
        ({"name": "chess"}, "the spec is lms-arena, not chess"),
    ],
)
def test_what_is_gone_or_has_changed_is_named_in_one_line(change, words):
    spec = dataclasses.replace(ARENA_SPEC, **change)
    with pytest.raises(UserError, match=words) as caught:
        load_checkpoint(CHAMPION, of_spec(lms(), spec))
    assert "champion.pt: made for another version of game" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_raster_where_there_was_none_is_named():
    spec = dataclasses.replace(ARENA_SPEC, raster_channels=())
    assert difference(spec, ARENA_SPEC) == "the raster is new"
    assert difference(TOY_SPEC, dataclasses.replace(TOY_SPEC, raster_size=4, raster_channels=("wall",))).startswith(
        "raster_size"
    )


def test_groups_that_are_not_the_columns_of_the_spec_are_refused():
    new = extended(built(TOY_SPEC, "tiny"), grown(TOY_SPEC, np.random.default_rng(1)))
    with pytest.raises(ValueError, match="column groups of scalars"):
        Network(TOY_SPEC, new.config)


def test_a_network_that_never_grew_has_no_further_weights():
    assert not [name for name in built(ARENA_SPEC, "base").state_dict() if "added" in name]


def of_spec(game, spec):
    """The game with another spec."""
    return dataclasses.replace(game, spec=spec)


def save(path, network):
    save_checkpoint(path, Checkpoint("toy", "rl", network.spec, network.config.to_dict(), network.state_dict()))


GROWN = ("--game", "grown_toy_game:toy")
SMALL = (
    "--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "4", "--batch-size", "4",
    "--matches-per-actor", "8", "--replay-size", "64", "--min-replay-sequences", "4", "--threads", "1", "--cpu",
)  # fmt: skip


def test_the_commands_go_on_with_a_checkpoint_of_the_game_before_it_grew(tmp_path):
    """It plays the same matches to the same end, and trains on what it did not see before."""
    start, after = tmp_path / "pi_sup.pt", tmp_path / "pi.pt"
    network = built(toy_game.TOY_SPEC, "tiny")
    save(start, network)
    results = []
    for game in (("--game", "toy_game:toy"), GROWN):
        out = tmp_path / f"{len(results)}.json"
        assert evaluate.main([str(start), "chance", *game, "--matches", "20", "--seed", "3", "--json", str(out)]) == 0
        results.append(json.loads(out.read_text()))
    assert results[0]["pairs"] == results[1]["pairs"]
    words = ["--supervised-checkpoint", str(start), "--output", str(after), "--iterations", "4", "--eval-matches", "2"]
    assert alphastar_rl.main([*GROWN, *words, *SMALL]) == 0
    trained = load_checkpoint(after, grown_toy_game.toy())
    added = {name: tensor for name, tensor in trained.weights.items() if ".added." in name}
    assert set(added) == {"encoder.scalar.added.0", "critic.first.added.0"}
    assert all(tensor.any() for tensor in added.values())
