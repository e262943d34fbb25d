"""The graphs that act on a CPU or GPU decide as torch does: for any preset, any weights, conditioned or not."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from botgame import rng, source_cache
from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.network import onnx_graph
from botgame.training.alphastar.network.acting import OnnxStep, TorchStep, acting_step
from botgame.training.alphastar.network.captured_step import LEAST, CapturedStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import random_observation
from botgame.training.alphastar.network.presets import SIZES
from toy_network import TOY_SPEC, randomize

ROWS, COLUMNS = 64, 5
TOLERANCE = 1e-3  # of a log-probability
KINDS = {  # every part of a network is in one of them: exporting one takes 10 s
    "tiny": (ARENA_SPEC, SIZES["tiny"]),
    "small-fast": (ARENA_SPEC, SIZES["small-fast"]),  # memoryless, and with units of directions
    "toy": (TOY_SPEC, dataclasses.replace(SIZES["tiny"], condition=COLUMNS)),
    # the parts of `base` and `full` (transformer, scatter, deep heads, layer-normed memory) in small
    "deep": (
        ARENA_SPEC,
        dataclasses.replace(
            SIZES["tiny"], entity_layers=1, entity_heads=2, entity_hidden=8, map_width=2, map_channels=4, map_blocks=1,
            core_layers=2, core_norm=True, first_head_blocks=1, head_blocks=1, value_blocks=1,
        ),
    ),
}  # fmt: skip


def build(name):
    network = Network(*KINDS[name])
    randomize(network)
    return network


def given(network, conditioned=False):
    """Random arguments of a step."""
    generator = np.random.default_rng(3)
    observation = random_observation(network.spec, ROWS, generator)
    if conditioned:
        observation["condition"] = generator.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    memory = generator.normal(size=(ROWS, network.memory_size)).astype(np.float32)
    return observation, memory, rng.uniforms(np.arange(ROWS, dtype=np.uint64), len(network.spec.heads)), 0.7


def assert_equal(network, step, arguments):
    expected, found = TorchStep(network)(*arguments), step(*arguments)
    assert [array.dtype for array in found] == [array.dtype for array in expected]
    legal = arguments[0]["legal"]
    same = (expected.actions == found.actions).all(axis=1)
    assert same.sum() >= ROWS - 1  # rounding may move a draw across an edge
    assert np.abs(expected.log_probs - found.log_probs)[legal & same[:, None]].max() < TOLERANCE
    np.testing.assert_allclose(found.memory, expected.memory, atol=1e-5)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_the_graph_decides_as_torch_does(name):
    network = build(name)
    step = acting_step(network)
    assert isinstance(step, OnnxStep)
    assert_equal(network, step, given(network))


@pytest.mark.parametrize("name", KINDS)
def test_a_captured_step_decides_as_torch_does(name):
    network = build(name)
    assert_equal(network, CapturedStep(network), given(network))


def test_a_captured_step_serves_any_number_of_rows():
    network = build("tiny")
    step, (observation, memory, uniforms, heat) = CapturedStep(network), given(network)
    expected = TorchStep(network)(observation, memory, uniforms, heat)
    for rows in (1, 40, LEAST, 2, LEAST + 1):
        found = step({name: array[:rows] for name, array in observation.items()}, memory[:rows], uniforms[:rows], heat)
        np.testing.assert_allclose(found.memory, expected.memory[:rows], atol=1e-5)
        assert len(found.actions) == len(found.log_probs) == rows
    assert sorted(rows for rows, *_ in step._sizes) == [LEAST, 2 * LEAST]


@pytest.mark.parametrize("kind", [OnnxStep, CapturedStep])
def test_it_follows_every_change_of_the_weights(kind):
    network = build("toy")
    step, arguments = kind(network), given(network)
    found = [step(*arguments)]
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    network.heads.base.weight.sum().backward()
    optimizer.step()
    found.append(assert_equal(network, step, arguments))
    network.load_state_dict(build("toy").state_dict())
    found.append(assert_equal(network, step, arguments))
    assert np.abs(found[0].log_probs - found[1].log_probs).max() > TOLERANCE
    np.testing.assert_array_equal(found[0].log_probs, found[2].log_probs)


@pytest.mark.parametrize("kind", [OnnxStep, CapturedStep])
def test_the_condition_comes_with_a_row_or_from_the_network(kind):
    network = build("toy")
    step = kind(network)
    conditioned = assert_equal(network, step, given(network, conditioned=True))
    default = assert_equal(network, step, given(network))
    network.set_default_condition(np.linspace(-1, 1, COLUMNS, dtype=np.float32))
    changed = assert_equal(network, step, given(network))
    for one, other in ((conditioned, default), (default, changed)):
        assert np.abs(one.memory - other.memory).max() > TOLERANCE


def test_where_nothing_can_be_exported_torch_acts(tmp_path, monkeypatch, capsys):
    def fails(*_given, **_named):
        raise RuntimeError("not on this machine\nand a long story")

    monkeypatch.setattr(source_cache, "root", lambda: tmp_path)
    monkeypatch.setattr(onnx_graph, "export", fails)
    network = Network(TOY_SPEC, dataclasses.replace(SIZES["tiny"], scalar_width=9))
    for _ in range(2):
        assert isinstance(acting_step(network), TorchStep)
    assert capsys.readouterr().err.count("cannot be exported (not on this machine)\n") == 1


def test_a_kind_is_exported_once_and_a_damaged_file_again(tmp_path, monkeypatch):
    network = build("toy")
    exports, made = [], onnx_graph.skeleton(network.spec, network.config.of_acting())  # takes seconds: once for all
    monkeypatch.setattr(source_cache, "root", lambda: tmp_path)
    monkeypatch.setattr(onnx_graph, "_exported", lambda *kind: exports.append(kind) or copy.deepcopy(made))
    graphs = []
    for content in (None, None, b"no graph"):
        onnx_graph.skeleton.cache_clear()
        for path in tmp_path.rglob("*.onnx"):
            path.write_bytes(content or path.read_bytes())
        graphs.append(onnx_graph.graph(network))
    assert len(exports) == 2
    assert graphs[0] == graphs[1] == graphs[2]
    other = Network(network.spec, dataclasses.replace(network.config, privileged_critic=False, value_blocks=1))
    assert_equal(other, acting_step(other), given(other))  # another critic is no other kind
    assert len(exports) == 2
