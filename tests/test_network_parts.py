"""The parts of the deep presets against plain implementations: attention, layer-normed LSTM, scatter."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.network.entity_encoder import EntityEncoder, EntityTransformer
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.norm_core import NormLayer
from botgame.training.alphastar.network.onnx_export import ExportableDecision
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar.network.raster_encoder import Scatter, ScatterEncoder
from botgame.training.alphastar.network.transformer import TransformerLayer, absence
from toy_network import random_observation, randomize


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_a_transformer_layer_is_torchs_own():
    """Same weights, same numbers as torch's post-norm encoder layer with the absent members masked."""
    layer = TransformerLayer(width=12, heads=3, hidden=20)
    other = nn.TransformerEncoderLayer(12, 3, 20, dropout=0.0, batch_first=True)
    pairs = {
        "query_key_value": "self_attn.in_proj_", "output": "self_attn.out_proj.",
        "first": "linear1.", "second": "linear2.", "norms.0": "norm1.", "norms.1": "norm2.",
    }  # fmt: skip
    randomize(layer)
    weights = layer.state_dict()
    other.load_state_dict({b + kind: weights[f"{a}.{kind}"] for a, b in pairs.items() for kind in ("weight", "bias")})
    members = torch.randn(5, 7, 12, generator=torch.Generator().manual_seed(3))
    mask = torch.arange(7) < torch.tensor([7, 1, 3, 6, 2])[:, None]
    mine = layer(members, absence(mask, members))
    theirs = other(members, src_key_padding_mask=~mask)
    torch.testing.assert_close(mine[mask], theirs[mask], rtol=1e-5, atol=1e-6)


def test_a_set_without_members_is_zero_and_finite():
    for encoder in (
        EntityTransformer(ARENA_SPEC, PRESETS["base"]),
        EntityEncoder(ARENA_SPEC, PRESETS["tiny"]),
    ):
        entities, mask = torch.rand(2, 12, len(ARENA_SPEC.entity_columns)), torch.zeros(2, 12, dtype=torch.bool)
        pooled, table = encoder(entities, mask)
        assert not pooled.any()
        assert not table.any()


@pytest.mark.parametrize("kind", ["set", "transformer"])
def test_a_whole_table_gives_what_a_trimmed_one_gives(kind):
    encoder = (
        EntityTransformer(ARENA_SPEC, PRESETS["base"])
        if kind == "transformer"
        else EntityEncoder(ARENA_SPEC, PRESETS["small"])
    )
    randomize(encoder)
    observation = random_observation(ARENA_SPEC, (20,))
    mask = observation["entity_mask"] & (torch.arange(12) < 9)
    (pooled, table), longest = encoder(observation["entities"], mask), int(mask.sum(1).max())
    encoder.dense = True
    dense_pooled, dense_table = encoder(observation["entities"], mask)
    assert table.shape[1] == longest < dense_table.shape[1] == 12
    torch.testing.assert_close(dense_pooled, pooled, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(dense_table[:, :longest], table, rtol=1e-5, atol=1e-6)
    assert not dense_table[:, longest:].any()


def literal_norm_lstm(layer, inputs, hidden, cell):
    """One step of one sequence in float64, written out."""

    def norm(value, module):
        scaled = (value - value.mean()) / np.sqrt(value.var() + module.eps)
        return scaled * module.weight.double().numpy() + module.bias.double().numpy()

    def sigmoid(value):
        return 1 / (1 + np.exp(-value))

    from_input = norm(layer.input_weights.weight.double().numpy() @ inputs, layer.input_norm)
    recurrent = norm(layer.recurrent_weights.weight.double().numpy() @ hidden, layer.recurrent_norm)
    inward, forget, candidate, output = np.split(from_input + recurrent, 4)
    cell = sigmoid(forget) * cell + sigmoid(inward) * np.tanh(candidate)
    return sigmoid(output) * np.tanh(cell), cell


@torch.no_grad()
def test_a_norm_lstm_layer_is_its_equation():
    layer = NormLayer(6, 4)
    randomize(layer)
    for norm in (layer.input_norm, layer.recurrent_norm):
        norm.weight.add_(1.0)
    generator = torch.Generator().manual_seed(2)
    inputs, hidden, cell = (torch.randn(3, size, generator=generator) for size in (6, 4, 4))
    found = layer(layer.project(inputs), hidden, cell)
    for row in range(3):
        expected = literal_norm_lstm(layer, *(value[row].double().numpy() for value in (inputs, hidden, cell)))
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine[row].numpy(), theirs, rtol=1e-5, atol=1e-6)


def placed(*cells):
    """One row of entities that stand `cells` (x, y) from the seat."""
    entities = torch.zeros(1, len(cells), len(ARENA_SPEC.entity_columns))
    for row, (x, y) in enumerate(cells):
        column_x, column_y = ARENA_SPEC.entity_position
        entities[0, row, column_x], entities[0, row, column_y] = x / 10, y / 10
    return entities


def test_scatter_writes_where_the_spec_says():
    """The seat is in the middle of 12 x 12 cells; [row = y, column = x]."""
    scatter = Scatter(ARENA_SPEC)
    drawn = scatter(torch.tensor([[[1.0, 5.0]]]), placed((2.5, -4.5)))
    assert drawn.shape == (1, 2, 12, 12)
    assert drawn[0, :, 1, 8].tolist() == pytest.approx([1.0, 5.0], abs=1e-5)
    assert drawn.sum().item() == pytest.approx(6.0, abs=1e-5)


def test_scatter_shares_between_cells_adds_up_and_leaves_out_what_is_outside():
    scatter = Scatter(ARENA_SPEC)
    between = scatter(torch.ones(1, 1, 1), placed((0.25, 0.5)))[0, 0]
    assert between[6, 5:8].tolist() == pytest.approx([0.25, 0.75, 0.0], abs=1e-5)
    two = scatter(torch.tensor([[[1.0], [2.0]]]), placed((0.5, 0.5), (0.5, 0.5)))[0, 0]
    assert two[6, 6].item() == pytest.approx(3.0, abs=1e-5)
    assert not scatter(torch.ones(1, 2, 1), placed((9.0, 0.0), (0.0, -7.0))).any()


def test_scatter_follows_the_scales_of_another_spec():
    spec = dataclasses.replace(ARENA_SPEC, entity_position_scale=40.0, raster_cell=2.0, raster_size=7)
    drawn = Scatter(spec)(torch.ones(1, 1, 1), placed((1.0, -1.5)))[0, 0]  # 4 and -6 units: 2 and -3 cells
    assert drawn.shape == (7, 7)
    assert drawn[0, 5].item() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("side", [1, 7, 12])
def test_a_map_of_any_side_and_a_game_without_entities(side):
    for entities in (12, 0):
        heads = ARENA_SPEC.heads if entities else ARENA_SPEC.heads[:3]  # no pointer
        spec = dataclasses.replace(ARENA_SPEC, raster_size=side, max_entities=entities, heads=heads)
        encoder = ScatterEncoder(spec, PRESETS["base"])
        seen = random_observation(spec, (3,))
        seen["entities"][:] = 0.0  # where the seat is
        first = encoder(seen["raster"], seen["entities"], torch.rand(3, entities, 64))
        assert first.shape == (3, PRESETS["base"].raster_width)
        second = encoder(seen["raster"], seen["entities"], torch.rand(3, entities, 64))
        assert torch.equal(first, second) is (entities == 0)


@pytest.mark.parametrize("preset", ["base", "full"])
def test_the_step_for_exporters_decides_alike(preset):
    """Without a shape or branch that depends on the data (`export` writes it as a graph)."""
    network = Network(ARENA_SPEC, PRESETS[preset])
    randomize(network)
    observation = random_observation(ARENA_SPEC, (20,))
    uniforms, memory = torch.rand(20, len(ARENA_SPEC.heads)), torch.rand(20, network.memory_size) - 0.5
    with torch.inference_mode():
        expected = network.act(observation, memory, uniforms, 0.7)
        found = ExportableDecision(network)(observation, memory, uniforms, torch.tensor(0.7))
    assert torch.equal(found[0], expected.actions)
    torch.testing.assert_close(found[1], expected.memory, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found[2], expected.log_probs, rtol=1e-4, atol=1e-4)
