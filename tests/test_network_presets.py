"""The presets as a whole: sizes as documented, old checkpoints as they were, the deep ones forward and backward."""

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
import torch

from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS, SIZES, VARIANTS, NetworkConfig
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from toy_network import TOY_SPEC, random_observation, randomize

DOCUMENT = Path(__file__).parent.parent / "docs" / "network.md"
OLD_FIELDS = {
    "name": "small", "scalar_width": 96, "entity_width": 64, "patch": 4, "patch_width": 16, "raster_width": 32,
    "encoder_width": 128, "core_width": 128, "head_width": 96, "value_width": 64, "direction_units": 8,
    "detach_value": True, "thermometer": 16.0, "gate_scale": 16.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def parameters(preset):
    return sum(parameter.numel() for parameter in Network(ARENA_SPEC, SIZES[preset]).parameters())


def unrolled(network, observation, memory, start=0, stop=None, seed=None):
    """Rows start:stop with category 0 everywhere, or with random ones; every head counts."""
    part = {name: column[start:stop] for name, column in observation.items()}
    shape = part["legal"].shape[:2]
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    sizes = [head.size if generator else 1 for head in network.spec.heads]
    actions = torch.stack([torch.randint(0, size, shape, generator=generator) for size in sizes], dim=2)
    return network.unroll(part, memory, actions, torch.ones(shape, dtype=torch.bool), whole=True)


def test_parameter_counts_are_those_of_the_document():
    text = DOCUMENT.read_text(encoding="utf-8").split("## Sizes")[1]
    names, counts = (
        re.search(rf"^\|{first}\|(.*)\|$", text, re.MULTILINE)[1].split("|") for first in (" ", " parameters ")
    )
    found = {re.sub(r"\W", "", name): re.sub(r"\D", "", count) for name, count in zip(names, counts, strict=True)}
    assert {name: int(found[name]) for name in PRESETS} == {name: parameters(name) for name in PRESETS}


@pytest.mark.parametrize("preset", VARIANTS)
def test_variants_are_documented_with_their_parameters(preset):
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"| `{preset}` | {parameters(preset):,} |" in text


def test_what_being_told_of_a_seat_costs_is_that_of_the_document():
    inputs = ConditionSpec(ARENA_Z_SPEC, opening=True, totals=True, rating=True)
    sizes = dataclasses.replace(PRESETS["small"], condition=inputs.width, extra_values=len(inputs.pseudo_rewards))
    more = sum(parameter.numel() for parameter in Network(ARENA_SPEC, sizes).parameters()) - parameters("small")
    assert f" {more:,} parameters more" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("preset", SIZES)
def test_configs_round_trip(preset):
    assert NetworkConfig.from_dict(SIZES[preset].to_dict()) == SIZES[preset]


@pytest.mark.parametrize("preset", VARIANTS)
def test_variants_act_as_they_unroll(preset):
    network = Network(ARENA_SPEC, VARIANTS[preset])
    randomize(network)
    observation = random_observation(ARENA_SPEC, (3, 2))
    memory, log_probs, actions = network.initial_memory(2), [], []
    for t in range(3):
        uniforms = torch.rand(2, len(ARENA_SPEC.heads), generator=torch.Generator().manual_seed(t))
        acted = network.act({name: column[t] for name, column in observation.items()}, memory, uniforms)
        memory = acted.memory
        log_probs.append(acted.log_probs)
        actions.append(acted.actions)
    assert memory.shape == (2, network.memory_size)
    valid = torch.ones(3, 2, dtype=torch.bool)
    whole = network.unroll(observation, network.initial_memory(2), torch.stack(actions), valid, whole=True)
    torch.testing.assert_close(torch.stack(log_probs), whole.log_probs, rtol=1e-4, atol=1e-4)


def test_without_memory_the_past_does_not_count():
    network = Network(ARENA_SPEC, VARIANTS["small-memoryless"])
    randomize(network)
    assert network.memory_size == 0
    observation = random_observation(ARENA_SPEC, (3, 2))
    with torch.no_grad():
        whole = unrolled(network, observation, network.initial_memory(2))
        last = unrolled(network, observation, network.initial_memory(2), start=2)
    torch.testing.assert_close(whole.log_probs[2:], last.log_probs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sees", [True, False])
def test_a_critic_may_be_kept_from_the_opponents_state(sees):
    network = Network(ARENA_SPEC, dataclasses.replace(PRESETS["tiny"], privileged_critic=sees))
    randomize(network)
    observation = random_observation(ARENA_SPEC, (2, 2))
    other = observation | {"privileged": observation["privileged"] + 1.0}
    with torch.no_grad():
        one, two = (
            unrolled(network, seen, torch.zeros(2, network.memory_size)).values for seen in (observation, other)
        )
    assert torch.equal(one, two) != sees


def test_a_config_of_an_older_checkpoint_is_the_same_network():
    assert NetworkConfig.from_dict(OLD_FIELDS) == PRESETS["small"]


@pytest.mark.parametrize(
    ("preset", "names", "memory"),
    [("tiny", "9ffe1701b2700f50", 21.287372589), ("small", "737d0318f09ed627", 149.6974639)],
)
def test_the_small_presets_stay_what_checkpoints_hold(preset, names, memory):
    """Names and shapes of the weights, and what comes out of the initial ones, as in the first release."""
    network = Network(ARENA_SPEC, PRESETS[preset], 5)
    listed = "\n".join(f"{name} {tuple(tensor.shape)}" for name, tensor in network.state_dict().items())
    assert hashlib.sha256(listed.encode()).hexdigest()[:16] == names
    with torch.no_grad():
        result = unrolled(network, random_observation(ARENA_SPEC, (3, 4)), torch.full((4, network.memory_size), 0.5))
    assert result.memory.abs().sum().item() == pytest.approx(memory, rel=1e-5)


@pytest.mark.parametrize("spec", [ARENA_SPEC, TOY_SPEC], ids=lambda spec: spec.name)
@pytest.mark.parametrize("preset", ["base", "full"])
def test_forward_and_backward(preset, spec):
    """Every weight takes part, with a finite gradient."""
    network = Network(spec, dataclasses.replace(PRESETS[preset], detach_value=False))
    randomize(network)
    observation = random_observation(spec, (4, 8))
    observation["legal"][:] = True
    result = unrolled(network, observation, torch.rand(8, network.memory_size) - 0.5, seed=1)
    assert result.log_probs.isfinite().all()
    (result.log_probs.square().sum() + result.values.sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("preset", ["small", "base", "full"])
def test_memory_carries_a_sequence_over_its_boundaries(preset):
    network = Network(ARENA_SPEC, PRESETS[preset])
    randomize(network)
    observation, memory = random_observation(ARENA_SPEC, (9, 3)), torch.rand(3, network.memory_size) - 0.5
    with torch.no_grad():
        whole = unrolled(network, observation, memory)
        parts = []
        for start, stop in ((0, 4), (4, 5), (5, 9)):
            part = unrolled(network, observation, memory, start, stop)
            memory = part.memory
            parts.append(part.log_probs)
    torch.testing.assert_close(torch.cat(parts), whole.log_probs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(memory, whole.memory, rtol=1e-5, atol=1e-6)
    assert not torch.equal(unrolled(network, observation, memory).log_probs, whole.log_probs)


def test_the_scalars_gate_every_deep_head():
    network = Network(ARENA_SPEC, PRESETS["base"])
    randomize(network)
    embedding, context = torch.rand(2, 128), torch.rand(2, 128)
    for trunk in network.heads.trunks:
        assert not torch.equal(trunk(embedding, context), trunk(embedding, 1 - context))
        with torch.no_grad():
            trunk.gate.weight.zero_()
            trunk.gate.bias.fill_(-200.0)
        assert not trunk(embedding, context).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core_width": 0}, "core_width is 0"),
        ({"map_channels": 0}, "map_channels is 0"),
        ({"entity_heads": 3}, "3 attention heads"),
        ({"core_layers": 2}, "core_norm"),
    ],
)
def test_sizes_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRESETS["tiny"], **changes)
