"""Mixed precision and compiling: the same losses within tolerance, float32 where it counts, errors, resume rules."""

import copy
import dataclasses
import json
import sys

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.spec import ARENA_SPEC
from botgame.training.alphastar.adam import Adam
from botgame.training.alphastar.imitation import cloning
from botgame.training.alphastar.imitation.cloning import Cloner, CloningConfig
from botgame.training.alphastar.imitation.dataset import Chunk, Trajectory
from botgame.training.alphastar.learner import learner
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.losses import cross_entropy
from botgame.training.alphastar.network import compiled
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.precision import autocast, check_precision, full_precision, mixed
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar_rl import build_parser, main
from botgame.training.rl.flags import training_config
from botgame.training.runs.paths import RunPaths
from botgame.training.runs.run import begin, choose_device, commit
from test_learner import CONFIG, trainer
from toy_game import TOY_SPEC as TOY_GAME
from toy_network import random_observation, randomize

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def imitated(network, on):
    """Losses of imitation on random rows, and the gradient of all weights in one vector."""
    observation = random_observation(network.spec, (6, 8))
    observation["legal"][:] = True
    generator = torch.Generator().manual_seed(4)
    actions = torch.stack([torch.randint(0, head.size, (6, 8), generator=generator) for head in network.spec.heads], 2)
    valid = torch.arange(6)[:, None] < torch.tensor([6, 6, 3, 1, 5, 6, 2, 4])
    network.zero_grad()
    with autocast(on, CPU):
        result = network.unroll(observation, network.initial_memory(8), actions, valid)
    assert {part.dtype for part in result} == {torch.float32}
    losses = cross_entropy(network.spec, result.log_probs, actions, valid).losses.sum((0, 1)) / valid.sum()
    (losses.sum() + result.values.square().mean()).backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    return losses.detach(), gradient


@pytest.mark.parametrize("preset", ["small", "base", "full"])
def test_bfloat16_gives_the_losses_of_imitation(preset):
    network = Network(ARENA_SPEC, PRESETS[preset])
    for parameter in network.parameters():  # away from the uniform start, as far as a policy that has learned a bit
        parameter.data += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(7))
    losses, gradient = imitated(network, on=False)
    rounded, about = imitated(network, on=True)
    assert not torch.equal(rounded, losses)
    torch.testing.assert_close(rounded, losses, rtol=0.01, atol=0.01)
    assert torch.nn.functional.cosine_similarity(gradient, about, dim=0) > 0.99


def updated(config, **changes):
    """Metrics and weights after one update of a learner on what a plain one has collected."""
    source = trainer()
    source.part.actor.collect(source.part.replay_buffer, 20, 0)
    network = Network(TOY_GAME, PRESETS["tiny"], 3)
    randomize(network)
    learning = learner.Learner(TOY_GAME, network, RLConfig(**{**config.to_dict(), **changes}))
    metrics = learning.update(source.part.replay_buffer.columns, np.arange(7))
    gradient = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    weights = network.state_dict()
    return metrics, gradient, weights


def test_bfloat16_gives_the_losses_of_reinforcement_learning():
    plain, rounded = updated(CONFIG), updated(CONFIG, precision="bfloat16")
    assert rounded[0] != plain[0]
    assert rounded[0] == pytest.approx(plain[0], rel=0.03, abs=0.03)
    assert torch.nn.functional.cosine_similarity(plain[1], rounded[1], dim=0) > 0.99
    assert {tensor.dtype for tensor in rounded[2].values()} == {torch.float32}


def test_a_compiled_learner_gives_the_same_losses_and_weights(monkeypatch):
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")  # needs no C++ compiler
    plain, built = updated(CONFIG), updated(CONFIG, compile=True)
    assert built[0] == pytest.approx(plain[0], rel=1e-4, abs=1e-5)
    torch.testing.assert_close(built[1], plain[1], rtol=1e-3, atol=1e-5)
    assert list(built[2]) == list(plain[2])
    for name, tensor in plain[2].items():
        torch.testing.assert_close(built[2][name], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("more", [{}, {"fused": True}], ids=["plain", "fused"])
def test_adam_is_that_of_pytorch_to_the_bit(more):
    made = []
    for kind in (torch.optim.Adam, Adam):
        torch.manual_seed(0)
        network = torch.nn.Linear(3, 2)
        optimiser = kind(network.parameters(), lr=0.1, **more)
        for _ in range(3):
            optimiser.zero_grad()
            network(torch.randn(4, 3)).square().sum().backward()
            optimiser.step()
            state = optimiser.state_dict()
            optimiser = kind(network.parameters(), lr=0.5, **more)
            optimiser.load_state_dict(state)
        made.append(network.weight.detach())
    assert torch.equal(*made)


def test_who_learns_without_compiling_loads_no_compiler(monkeypatch):
    """Each loads sympy too: three seconds of every command's start."""
    for name in ("torch._dynamo", "torch.fx.experimental.symbolic_shapes"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it is an error
    made = trainer(dataclasses.replace(CONFIG, actor_rollouts=2, value_iterations=0))
    made.load_state_dict(made.state_dict())
    assert made.iterate().metrics["updates"]
    with pytest.raises(ImportError):
        torch.optim.Adam(torch.nn.Linear(3, 2).parameters()).step()


def test_the_compiled_twin_shares_weights_and_gradients_and_leaves_the_network_plain(monkeypatch):
    network, graphs = Network(ARENA_SPEC, PRESETS["tiny"]), []
    twin = compiled.compiled_twin(network, lambda graph, _inputs: graphs.append(graph) or graph.forward)
    assert all(a is b for a, b in zip(network.parameters(), twin.parameters(), strict=True))
    assert network.encoder.entity.dense is False
    observation = random_observation(ARENA_SPEC, (2, 3))
    sequences = observation, network.initial_memory(3), torch.zeros(2, 3, 6, dtype=torch.int64), torch.ones(2, 3) > 0
    network.unroll(*sequences)
    assert not graphs
    twin.unroll(*sequences)
    assert len(graphs) >= 3  # encoder, heads and critic


def test_imitation_trains_the_twin(monkeypatch):
    def twin(network):
        made = copy.copy(network)
        monkeypatch.setattr(made, "unroll", lambda *_given, **_named: pytest.fail("the twin is used"), raising=False)
        return made

    monkeypatch.setattr(cloning, "compiled_twin", twin)
    observation = {name: value.numpy() for name, value in random_observation(TOY_GAME, (4,)).items()}
    one = Trajectory("one", observation, np.zeros((4, 2), np.int64), np.ones(4, np.float32), 1.0)
    chunk = Chunk([one], window=4)
    plain, compiling = (Cloner(Network(TOY_GAME, PRESETS["tiny"]), CloningConfig(compile=on), CPU) for on in (0, 1))
    assert plain.learn(chunk, np.arange(1), plain.recall.gather(chunk)) == 4
    with pytest.raises(pytest.fail.Exception, match="the twin is used"):
        compiling.learn(chunk, np.arange(1), compiling.recall.gather(chunk))


def test_auto_is_float32_unless_a_wide_network_is_on_a_gpu_that_has_bfloat16(monkeypatch):
    small, base, full = (Network(ARENA_SPEC, PRESETS[preset]) for preset in ("small", "base", "full"))
    for has in (False, True):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has: has)
        assert [mixed("auto", device, net) for device in (CPU, CUDA) for net in (small, base)] == [False] * 3 + [has]
    assert mixed("bfloat16", CPU, small)
    assert not mixed("float32", CUDA, base)
    assert not mixed("auto", CUDA, full)  # its layers of memory amplify the rounding


def test_full_precision_is_float32_inside_and_nothing_outside():
    value = torch.rand(3, 3)
    with autocast(True, CPU):
        assert (value @ value).dtype == torch.bfloat16
        with full_precision(value):
            assert (value @ value).dtype == torch.float32
    with autocast(False, CPU), full_precision(value):
        assert (value @ value).dtype == torch.float32


def test_a_gpu_without_bfloat16_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "Old Card")
    with pytest.raises(UserError, match="--precision bfloat16: Old Card"):
        check_precision("bfloat16", CUDA)
    check_precision("bfloat16", CPU)
    check_precision("auto", CUDA)


def broken(_graph, _inputs):
    raise RuntimeError("No working C++ compiler found\nsearched in many places")


def test_a_machine_that_cannot_compile_is_told_in_one_line_before_anything_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(compiled, "BACKEND", broken)
    arguments = ["--supervised-checkpoint", str(tmp_path / "none.pt"), "--output", str(tmp_path / "out.pt")]
    assert main([*arguments, "--compile", "--cpu"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--compile" in error
    assert "No working C++ compiler found" in error
    assert "leave it out" in error
    assert not list(tmp_path.iterdir())
    assert choose_device("cpu", cpu=True, threads=1) == CPU


def test_the_flags_reach_the_config():
    required = ["--supervised-checkpoint", "a.pt", "--output", "b.pt"]
    default = training_config(build_parser().parse_args(required), lms())
    assert (default.precision, default.compile) == ("auto", False)
    words = [*required, "--precision", "bfloat16", "--compile"]
    chosen = training_config(build_parser().parse_args(words), lms())
    assert (chosen.precision, chosen.compile) == ("bfloat16", True)
    assert json.loads(json.dumps(chosen.to_dict()))["precision"] == "bfloat16"


def test_they_cannot_change_on_resume(tmp_path):
    paths = RunPaths.beside(tmp_path / "run.pt", "rl")
    now = {"lr": 0.1, "precision": "auto", "compile": False}
    commit(paths, now, {"there": 1}, offset=0, finished=False)
    assert begin(paths, now, resume=True, extends=[])["there"] == 1
    for change in ({"precision": "bfloat16"}, {"compile": True}):
        with pytest.raises(UserError, match=f"--{next(iter(change))} cannot change"):
            begin(paths, now | change, resume=True, extends=[])
