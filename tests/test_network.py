"""The network on two specs: acting equals unrolling, masks, memory, padding, gradients that stop where they should."""

import dataclasses

import pytest
import torch

from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.adam import Adam
from botgame.training.alphastar.network.action_distribution import used_heads
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from toy_network import TOY_SPEC, random_observation, randomize

SPECS = [ARENA_SPEC, TOY_SPEC]
TIME, BATCH = 7, 4


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def build(spec, preset="tiny", **changes):
    network = Network(spec, dataclasses.replace(PRESETS[preset], **changes))
    randomize(network)
    return network


def act_all(network, observation, memory, temperature=1.0, seed=3):
    """Step by step over time: stacked actions and log-probabilities, final memory."""
    generator = torch.Generator().manual_seed(seed)
    actions, log_probs = [], []
    for t in range(TIME):
        uniforms = torch.rand(BATCH, len(network.spec.heads), generator=generator)
        acted = network.act({k: v[t] for k, v in observation.items()}, memory, uniforms, temperature)
        memory = acted.memory
        actions.append(acted.actions)
        log_probs.append(acted.log_probs)
    return torch.stack(actions), torch.stack(log_probs), memory


def used_categories(spec, actions):
    """The categories of heads that the actions use: bool [..., L]."""
    used = used_heads(spec, actions)
    return torch.cat([used[..., i : i + 1].expand(*used.shape[:-1], h.size) for i, h in enumerate(spec.heads)], dim=-1)


def prefix(lengths):
    return torch.arange(TIME)[:, None] < torch.tensor(lengths)[None, :]


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_acting_equals_unrolling(spec, preset, temperature):
    network = build(spec, preset)
    observation = random_observation(spec, (TIME, BATCH))
    start = torch.rand(BATCH, network.memory_size) - 0.5
    with torch.no_grad():
        actions, log_probs, memory = act_all(network, observation, start, temperature)
        valid = torch.ones(TIME, BATCH, dtype=torch.bool)
        unrolled = network.unroll(observation, start, actions, valid, temperature=temperature)
        whole = network.unroll(observation, start, actions, valid, temperature=temperature, whole=True)
    used = used_categories(spec, actions)
    assert not used.all()
    assert not unrolled.log_probs[~used].any()
    torch.testing.assert_close(unrolled.log_probs[used], log_probs[used], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(whole.log_probs, log_probs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(unrolled.memory, memory, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_heads_that_are_not_used_change_no_gradient(spec, preset):
    """Leaving them out gives the gradient that computing all of them gives, for a loss of the heads that are used."""
    network = build(spec, preset)
    observation, valid = random_observation(spec, (TIME, BATCH)), torch.ones(TIME, BATCH, dtype=torch.bool)
    actions, _, _ = act_all(network, observation, network.initial_memory(BATCH))
    used, gradients = used_categories(spec, actions), []
    for whole in (False, True):
        network.zero_grad(set_to_none=True)
        result = network.unroll(observation, network.initial_memory(BATCH), actions.detach(), valid, whole=whole)
        (torch.where(used, result.log_probs.clamp(min=-30), 0.0).sum() + result.values.sum()).backward()
        gradients.append({name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("preset", ["tiny", "base", "full"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_ragged_sequences_equal_each_alone(spec, preset):
    network = build(spec, preset)
    lengths = [3, 7, 0, 5]
    observation, valid = random_observation(spec, (TIME, BATCH)), prefix(lengths)
    start = torch.rand(BATCH, network.memory_size) - 0.5
    with torch.no_grad():
        actions, _, _ = act_all(network, observation, start)
        whole = network.unroll(observation, start, actions, valid)
        assert not whole.log_probs[~valid].any()
        assert not whole.values[~valid].any()
        torch.testing.assert_close(whole.memory[2], start[2])
        for b, n in enumerate(lengths):
            if n:
                part = {k: v[:n, b : b + 1] for k, v in observation.items()}
                ones = torch.ones(n, 1, dtype=torch.bool)
                alone = network.unroll(part, start[b : b + 1], actions[:n, b : b + 1], ones)
                torch.testing.assert_close(whole.log_probs[:n, b], alone.log_probs[:, 0], rtol=1e-4, atol=1e-4)
                torch.testing.assert_close(whole.values[:n, b], alone.values[:, 0], rtol=1e-5, atol=1e-6)
                torch.testing.assert_close(whole.memory[b], alone.memory[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("preset", ["tiny", "base", "full"])
def test_padding_never_reaches_a_gradient(preset):
    network = build(ARENA_SPEC, preset)
    observation, valid = random_observation(ARENA_SPEC, (TIME, BATCH)), prefix([3, 7, 0, 5])
    actions, _, _ = act_all(network, observation, network.initial_memory(BATCH))
    gradients = []
    for junk in (0.0, 1e6):
        spoiled = dict(observation)
        spoiled["scalars"] = torch.where(valid[..., None], observation["scalars"], junk)
        network.zero_grad()
        result = network.unroll(spoiled, network.initial_memory(BATCH), actions.detach(), valid)
        (result.log_probs.clamp(min=-30).sum() + result.values.sum()).backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    for first, second in zip(*gradients, strict=True):
        assert torch.equal(first, second)


def test_nothing_valid_gives_zeros_and_keeps_memory():
    network = build(TOY_SPEC)
    start = torch.rand(BATCH, network.memory_size)
    observation = random_observation(TOY_SPEC, (TIME, BATCH))
    result = network.unroll(observation, start, torch.zeros(TIME, BATCH, 3, dtype=torch.int64), prefix([0] * BATCH))
    assert not result.log_probs.any()
    assert not result.values.any()
    assert torch.equal(result.memory, start)


def test_a_hole_in_valid_is_refused():
    valid = torch.ones(TIME, BATCH, dtype=torch.bool)
    valid[2, 1] = False
    network = build(TOY_SPEC)
    with pytest.raises(ValueError, match="first rows"):
        network.unroll(
            random_observation(TOY_SPEC, (TIME, BATCH)),
            network.initial_memory(BATCH),
            torch.zeros(TIME, BATCH, 3, dtype=torch.int64),
            valid,
        )


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_actions_are_legal_where_used_and_zero_elsewhere(spec):
    network = build(spec)
    observation = random_observation(spec, (300,))
    for u in (0.0, 0.5, 1.0):
        uniforms = torch.full((300, len(spec.heads)), u)
        with torch.inference_mode():
            acted = network.act(observation, network.initial_memory(300), uniforms)
        used = used_heads(spec, acted.actions)
        assert not acted.actions[~used].any()
        for h, head in enumerate(spec.heads):
            legal = observation["legal"][:, spec.slices[head.name]]
            assert legal.gather(1, acted.actions[:, h : h + 1])[used[:, h]].all()


@pytest.mark.parametrize("preset", ["small", "full"])
def test_a_fresh_network_is_uniform_over_what_is_legal(preset):
    network = Network(ARENA_SPEC, PRESETS[preset])
    observation = random_observation(ARENA_SPEC, (20,))
    with torch.inference_mode():
        acted = network.act(observation, network.initial_memory(20), torch.rand(20, len(ARENA_SPEC.heads)))
    for part in ARENA_SPEC.slices.values():
        legal = observation["legal"][:, part]
        expected = -legal.sum(1, keepdim=True).float().log().expand_as(legal)
        torch.testing.assert_close(acted.log_probs[:, part][legal], expected[legal])


def test_initial_weights_depend_on_the_seed_alone_and_leave_the_global_generator():
    before = torch.random.get_rng_state()
    first, again, other = (Network(TOY_SPEC, PRESETS["tiny"], seed) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), before)
    pairs = list(zip(first.parameters(), again.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert any(not torch.equal(a, c) for a, _, c in pairs)


@pytest.mark.parametrize("preset", ["tiny", "base"])
def test_absent_entities_and_their_order_do_not_matter(preset):
    network = build(ARENA_SPEC, preset)
    observation = random_observation(ARENA_SPEC, (30,))
    order = torch.cat([torch.arange(4), torch.tensor([9, 4, 11, 5, 7, 6, 10, 8])])  # the targets keep their slots
    shuffled = dict(observation)
    shuffled["entities"] = torch.where(observation["entity_mask"][..., None], observation["entities"], 77.0)[:, order]
    shuffled["entity_mask"] = observation["entity_mask"][:, order]
    shuffled["entity_mask"], fit = torch.sort(shuffled["entity_mask"].int(), dim=1, descending=True, stable=True)
    shuffled["entity_mask"] = shuffled["entity_mask"].bool()
    shuffled["entities"] = shuffled["entities"].gather(1, fit[..., None].expand_as(shuffled["entities"]))
    uniforms = torch.rand(30, len(ARENA_SPEC.heads))
    with torch.inference_mode():
        one = network.act(observation, network.initial_memory(30), uniforms)
        two = network.act(shuffled, network.initial_memory(30), uniforms)
    torch.testing.assert_close(one.log_probs, two.log_probs, rtol=1e-5, atol=1e-5)


def test_acting_needs_no_privileged_state_and_the_critic_uses_it():
    network = build(ARENA_SPEC)
    observation = random_observation(ARENA_SPEC, (TIME, BATCH))
    public = {k: v for k, v in observation.items() if k != "privileged"}
    actions, _, _ = act_all(network, public, torch.zeros(BATCH, 32))
    other = {**observation, "privileged": observation["privileged"] + 1}
    valid = torch.ones(TIME, BATCH, dtype=torch.bool)
    one, two = (network.unroll(x, torch.zeros(BATCH, 32), actions, valid) for x in (observation, other))
    assert torch.equal(one.log_probs, two.log_probs)
    assert not torch.equal(one.values, two.values)
    assert not network.unroll(observation, torch.zeros(BATCH, 32), actions, valid, values=False).values.any()


@pytest.mark.parametrize("detach", [True, False])
def test_value_gradients_reach_the_policy_only_if_asked(detach):
    network = build(ARENA_SPEC, detach_value=detach)
    observation = random_observation(ARENA_SPEC, (TIME, BATCH))
    actions = torch.zeros(TIME, BATCH, len(ARENA_SPEC.heads), dtype=torch.int64)
    valid = torch.ones(TIME, BATCH, dtype=torch.bool)
    network.unroll(observation, network.initial_memory(BATCH), actions, valid).values.sum().backward()
    reached = any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.core.parameters())
    assert reached is not detach
    assert network.critic.first.weight.grad.abs().sum() > 0


def test_later_heads_depend_on_earlier_choices_only_where_these_are_used():
    network = build(ARENA_SPEC)
    observation = {k: v.expand(2, *v.shape[1:]).clone() for k, v in random_observation(ARENA_SPEC, (1,)).items()}
    observation["legal"][:] = True
    observation["entity_mask"][:] = True

    def log_probs(first, second):
        actions = torch.tensor([[first, second]])
        rows = {k: v[None] for k, v in observation.items()}
        valid = torch.ones(1, 2, dtype=torch.bool)
        return network.unroll(rows, network.initial_memory(2), actions, valid).log_probs[0]

    aim, lead = ARENA_SPEC.slices["aim"], ARENA_SPEC.slices["lead"]
    other_verb = log_probs([1, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0])
    assert not torch.allclose(other_verb[0, aim], other_verb[1, aim])
    other_target = log_probs([1, 0, 0, 1, 0, 0], [1, 0, 0, 2, 0, 0])
    assert not torch.allclose(other_target[0, lead], other_target[1, lead])
    unused_target = log_probs([0, 0, 0, 0, 0, 0], [0, 0, 0, 2, 0, 0])  # verb none: the target adds nothing
    torch.testing.assert_close(unused_target[0, lead], unused_target[1, lead])


@pytest.mark.parametrize("quarter", [False, True])
def test_direction_head_follows_a_gated_vector(quarter):
    network = Network(ARENA_SPEC, PRESETS["tiny"])
    aim = network.heads.outputs[ARENA_SPEC.head_index("aim")]
    vectors = len(ARENA_SPEC.vectors)
    with torch.no_grad():
        aim.output.bias[aim.sizes[0] + 2 + (vectors if quarter else 0)] = 30.0
    observation = random_observation(ARENA_SPEC, (50,))
    observation["legal"][:] = True
    with torch.inference_mode():
        acted = network.act(observation, network.initial_memory(50), torch.full((50, 6), 0.5))
    wanted = observation["vectors"][:, 2]
    if quarter:
        wanted = torch.stack([-wanted[:, 1], wanted[:, 0]], dim=1)
    directions = torch.tensor(ARENA_SPEC.heads[ARENA_SPEC.head_index("aim")].directions)
    best = acted.log_probs[:, ARENA_SPEC.slices["aim"]].argmax(1)
    assert torch.equal(best, (wanted @ directions.T).argmax(1))


def test_plain_logits_ignore_the_spec_temperatures():
    network = build(TOY_SPEC)  # its head `mode` has temperature 0.8
    observation = random_observation(TOY_SPEC, (TIME, BATCH))
    actions = torch.zeros(TIME, BATCH, 3, dtype=torch.int64)
    valid = torch.ones(TIME, BATCH, dtype=torch.bool)
    plain, tempered = (
        network.unroll(observation, network.initial_memory(BATCH), actions, valid, temperature=t) for t in (None, 1.0)
    )
    mode, legal = TOY_SPEC.slices["mode"], observation["legal"][..., TOY_SPEC.slices["mode"]]
    sharpened = (plain.log_probs[..., mode] / 0.8).masked_fill(~legal, -1e9).log_softmax(-1)
    torch.testing.assert_close(tempered.log_probs[..., mode][legal], sharpened[legal], rtol=1e-5, atol=1e-5)
    heading = TOY_SPEC.slices["heading"]
    assert torch.equal(plain.log_probs[..., heading], tempered.log_probs[..., heading])


def test_a_pointer_beyond_the_entity_table_is_refused():
    with pytest.raises(ValueError, match="head target: size is 5, expected at most 4"):
        dataclasses.replace(ARENA_SPEC, max_entities=3)


@pytest.mark.parametrize("norm", [False, True])
def test_memory_survives_padding_to_the_bit(norm):
    """The mark on padded rows shuts the gates completely: however long the padding, the cell does not move."""
    core = build(TOY_SPEC, core_norm=norm).core
    encoded, start = torch.rand(TIME, 2, 16) * 9, torch.rand(2, 32) * 6 - 3
    for n in (0, 1, 4):
        valid = torch.arange(TIME)[:, None].expand(TIME, 2) < n
        _, padded = core.unroll(encoded, start, valid)
        longer = torch.cat([encoded] * 20), torch.cat([valid] + [torch.zeros_like(valid)] * 19)
        _, long = core.unroll(longer[0], start, longer[1])
        assert torch.equal(padded, long)
        expected = core.unroll(encoded[:n], start)[1] if n else start
        torch.testing.assert_close(padded, expected, rtol=1e-5, atol=1e-6)


def test_a_raster_that_patches_do_not_divide_is_padded():
    spec = dataclasses.replace(ARENA_SPEC, raster_size=10)
    network = build(spec)
    assert network.encoder.raster.side == 3
    observation = random_observation(spec, (5,))
    with torch.inference_mode():
        acted = network.act(observation, network.initial_memory(5), torch.rand(5, 6))
        observation["raster"][:, :, 9, 9] ^= 255
        changed = network.act(observation, network.initial_memory(5), torch.rand(5, 6))
    assert acted.log_probs.isfinite().all()
    assert not torch.equal(acted.memory, changed.memory)


def test_it_learns_to_copy_a_rule():
    """A few Adam steps take the verb's cross-entropy far below that of the best constant."""
    torch.manual_seed(0)
    network = Network(ARENA_SPEC, PRESETS["tiny"])
    optimizer = Adam(network.parameters(), lr=1e-2)
    observation = random_observation(ARENA_SPEC, (8, 32))
    observation["legal"][:] = True
    actions = torch.zeros(8, 32, 6, dtype=torch.int64)
    actions[..., 0] = (observation["scalars"][..., 0] > 0.3).long() * 3
    valid = torch.ones(8, 32, dtype=torch.bool)
    for _ in range(60):
        result = network.unroll(observation, network.initial_memory(32), actions, valid, values=False)
        loss = -result.log_probs.gather(-1, actions[..., :1]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.15
