"""What a GPU captures, run here on a CPU: the losses and gradients of the plain way, whatever the minibatch."""

import copy
import dataclasses
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from botgame.lms.spec import ARENA_SPEC
from botgame.spec import OBSERVED
from botgame.training.alphastar.learner import gradient, returns
from botgame.training.alphastar.learner.captured_gradient import NORMS, CapturedGradient
from botgame.training.alphastar.learner.device_buffer import DeviceBuffer
from botgame.training.alphastar.learner.gradient import GradientOptions, backward, losses_of
from botgame.training.alphastar.learner.learner import loss_weights
from botgame.training.alphastar.learner.sequences import allocate, batch_of, gather
from botgame.training.alphastar.network import network
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS, SIZES
from test_learner import CONFIG, trainer
from toy_game import TOY_SPEC
from toy_network import randomize

ROWS = 8
DEEP = dataclasses.replace(PRESETS["tiny"], core_norm=True, first_head_blocks=1, head_blocks=1, value_blocks=1)


@pytest.fixture(scope="module")
def buffer():
    made = trainer()
    made.part.actor.collect(made.part.replay_buffer, 30, 0)
    return made.part.replay_buffer


def options(buffer, places, **changes):
    weights = loss_weights(TOY_SPEC, CONFIG, **changes)
    decisions = int(buffer.columns["length"][places].sum())
    return GradientOptions(weights, decisions, CONFIG.discount, CONFIG.temperature, mixed=False)


def gradients(network):
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in network.parameters()]


@pytest.mark.parametrize("size", [PRESETS["tiny"], DEEP], ids=["tiny", "deep"])
def test_it_gives_the_losses_and_gradients_of_the_plain_way(buffer, size):
    plain = Network(TOY_SPEC, size)
    randomize(plain)
    captured = copy.deepcopy(plain)
    call = CapturedGradient(TOY_SPEC, captured, buffer, ROWS, lambda: (torch.ones(()), torch.zeros(())))
    for places, changes in (
        (np.arange(8), {}),
        (np.array([11, 3, 20, 5, 9]), {"progress": 0.5}),  # smaller, and the KL weighs less
        (np.array([29]), {"value_only": True}),
        (np.arange(7), {}),
    ):
        given = options(buffer, places, **changes)
        expected = backward(TOY_SPEC, plain, gather(buffer.columns, places), given)
        found = call(places, given)
        assert [found.pop(name) for name in NORMS] == [1.0, 0.0]
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
        torch.testing.assert_close(gradients(captured), gradients(plain), rtol=1e-4, atol=1e-6)


def test_a_device_buffer_follows_a_ring(buffer):
    followed = DeviceBuffer(buffer, torch.device("cpu"))
    source = {name: column.copy() for name, column in buffer.columns.items()}
    for rows in (3, buffer.slots - 5, 10):
        chosen = np.random.default_rng(rows).integers(0, 30, rows)
        buffer.add(source, chosen)
        followed.update()
        newest = buffer.places(np.arange(buffer.count - rows, buffer.count))
        for name, column in followed.columns.items():
            np.testing.assert_array_equal(column[newest].numpy(), buffer.columns[name][newest])
    for name, column in followed.columns.items():
        np.testing.assert_array_equal(column.numpy(), buffer.columns[name])


class NoData(TorchDispatchMode):
    """Fails where numbers go from one device to another; tensors on `meta` have none, so reading them fails anyway."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves((args, kwargs, result)) if isinstance(each, torch.Tensor)]
        assert {each.device.type for each in tensors if each.dim()} <= {"meta"}, func
        return result


@pytest.mark.parametrize("preset", ["small", "small-memoryless", "base"])
def test_what_is_captured_looks_at_no_data_and_sends_none(preset, monkeypatch):
    monkeypatch.setattr(returns, "_accumulate", returns._doubling)
    for module, name in ((network, "full_precision"), (gradient, "autocast")):  # neither knows `meta`
        monkeypatch.setattr(module, name, lambda *_: nullcontext())
    for module in ("heads", "critic"):
        monkeypatch.setattr(f"botgame.training.alphastar.network.{module}.full_precision", lambda _: nullcontext())
    built = Network(ARENA_SPEC, SIZES[preset]).to("meta")
    built.set_dense(True)
    columns = allocate(ARENA_SPEC, built.memory_size, 8, 3)
    chosen = {name: torch.from_numpy(column).to("meta") for name, column in columns.items()}
    given = GradientOptions(loss_weights(ARENA_SPEC, CONFIG), 24, 1.0, 0.5, mixed=False)
    rows = {name: chosen[name][:, 0].float() if name == "entities" else chosen[name][:, 0] for name in OBSERVED}
    state = built.initial_memory(3), torch.zeros((3, len(ARENA_SPEC.heads)), device="meta")
    for mode in (nullcontext(), NoData()):  # constants are sent before a capture
        with mode:
            losses_of(ARENA_SPEC, built, batch_of(chosen), given, whole=True)["total"].backward()
            built.act(rows, *state, 0.5)
