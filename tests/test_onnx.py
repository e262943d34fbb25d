"""An exported model plays like its checkpoint: over 10,000 recorded decisions, for any spec, at any temperature."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from botgame import rng
from botgame.errors import UserError
from botgame.game import Setup
from botgame.games import load_game
from botgame.lms.game import lms
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.onnx_policy import FORMAT, OnnxPolicy
from botgame.policies import load_policy as load_bot
from botgame.seals import sealed
from botgame.seat_limits import limits_of
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar.policy import load_policy
from botgame.training.export import main
from botgame.training.exporting import compare, in_torch
from matches import recorded
from toy_network import TOY_SPEC, other_game, random_observation, randomize

GAMES = {"small": "lms", "toy": "toy_network:other_game"}
CONFIGS = PRESETS | {"toy": dataclasses.replace(PRESETS["tiny"], condition=5)}  # the toy's network is conditioned
DECISIONS = 10_000
MATCHES = 12
LARGEST_ERROR = 2e-3  # of a log-probability, after rounding has gone through the memory of a whole match
MOST_TIES = 2e-4  # share of heads where rounding moved a draw across the edge between two categories


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """Checkpoints with random weights and their exports: name -> path without ending."""
    folder = tmp_path_factory.mktemp("models")
    for name, module in GAMES.items():
        game = load_game(module)
        network = Network(game.spec, CONFIGS[name])
        randomize(network)
        if CONFIGS[name].condition:
            network.set_default_condition(np.linspace(-1, 1, CONFIGS[name].condition, dtype=np.float32))
        path = folder / f"{name}.pt"
        checkpoint = Checkpoint(game.name, "rl", game.spec, network.config.to_dict(), network.state_dict())
        checkpoint.rules, checkpoint.temperature = Rules().to_dict(), 0.5
        checkpoint.extra = {"faction": "cryomancer", "action_cap": 11, "reaction_ticks": 9} if name == "small" else {}
        save_checkpoint(path, checkpoint)
        assert main([str(path), "-o", str(path.with_suffix(".onnx")), "--game", module]) == 0
    return {name: folder / name for name in GAMES}


@pytest.fixture(scope="module")
def seats():
    """Observations of each seat of recorded duels, and its decisions' keys: 10,000 decisions and more."""
    setups = (Setup(seed, (0, 1), (seed % 3, (seed + 1) % 3), duration_ticks=3600, tag=seed) for seed in range(MATCHES))
    replays = recorded([load_bot(lms(), name) for name in ("lms_re", "kiter")], setups)
    found = []
    for seat in trajectories(replays, MATCHES):
        base = np.uint64(rng.derive(7, seat.replay, seat.seat))
        with np.errstate(over="ignore"):
            found.append((seat.observation, rng.mix(base, seat.ticks.astype(np.uint64))))
    return found


def unrolled(policy, seats):
    """Play through all seats at once with the policy's own memory: actions, log-probabilities, uniforms, legal."""
    lengths = np.array([len(keys) for _, keys in seats])
    memory, results = policy.initial_memory(len(seats)), []
    for step in range(lengths.max()):
        rows = np.flatnonzero(lengths > step)
        keys = np.array([seats[row][1][step] for row in rows])
        observation = {name: np.stack([seats[row][0][name][step] for row in rows]) for name in seats[0][0]}
        actions, memory[rows], log_probs = policy.act_full(observation, memory[rows], keys)
        results.append((actions, log_probs, rng.uniforms(keys, actions.shape[1]), observation["legal"]))
    return [np.concatenate(column) for column in zip(*results, strict=True)]


def test_the_model_decides_like_its_checkpoint_over_recorded_decisions(models, seats):
    torch.set_num_threads(1)
    expected = unrolled(in_torch(load_policy(lms(), f"{models['small']}.pt")), seats)
    found = unrolled(OnnxPolicy(f"{models['small']}.onnx"), seats)
    actions, log_probs, uniforms, legal = expected
    assert len(actions) >= DECISIONS
    differs = (actions != found[0]).any(axis=1)
    assert np.abs(log_probs - found[1])[legal & ~differs[:, None]].max() < LARGEST_ERROR
    ties = 0
    for row in np.flatnonzero(differs):  # the first head that differs: the later ones follow from it
        head = int(np.flatnonzero(actions[row] != found[0][row])[0])
        part = list(ARENA_SPEC.slices.values())[head]
        edges = np.exp(log_probs[row, part].astype(np.float64)).cumsum()
        assert np.abs(edges - uniforms[row, head]).min() < LARGEST_ERROR, "not a tie"
        ties += 1
    print(f"{ties} ties in {len(actions)} decisions")
    assert ties <= MOST_TIES * actions.size


def test_temperature_is_the_stored_one_and_can_be_set(models):
    exported, network = OnnxPolicy(f"{models['small']}.onnx"), load_policy(lms(), f"{models['small']}.pt")
    assert exported.temperature == 0.5
    for temperature in (0.05, 1.0, 1.7):
        exported.temperature = network.temperature = temperature
        agreement = compare(network, exported)
        assert agreement.equal >= agreement.rows - 2
        assert agreement.error < LARGEST_ERROR
    exported.temperature = 0.0
    with pytest.raises(UserError, match="temperature"):
        exported.act({}, exported.initial_memory(1), np.zeros(1, np.uint64))


def test_another_game_and_any_number_of_rows(models):
    exported, network = OnnxPolicy(f"{models['toy']}.onnx"), load_policy(other_game(), f"{models['toy']}.pt")
    assert exported.spec == TOY_SPEC
    blank = load_policy(other_game(), f"{models['toy']}.pt")
    blank.network.set_default_condition(np.zeros(5, np.float32))
    for rows in (0, 1, 5):
        observation = {name: value.numpy() for name, value in random_observation(TOY_SPEC, (rows,)).items()}
        keys = np.arange(rows, dtype=np.uint64)
        actions, memory = exported.act(observation, exported.initial_memory(rows), keys)
        expected = network.act(observation, network.initial_memory(rows), keys)
        np.testing.assert_array_equal(actions, expected[0])
        np.testing.assert_allclose(memory, expected[1], atol=1e-5)
        other = blank.act(observation, network.initial_memory(rows), keys)[1]
        assert rows == 0 or np.abs(other - memory).max() > 1e-3  # its condition is in the file
        assert (actions.dtype, memory.dtype) == (np.int64, np.float32)


def test_faster_than_torch_for_one_seat(models):
    torch.set_num_threads(1)
    exported, network = OnnxPolicy(f"{models['small']}.onnx"), load_policy(lms(), f"{models['small']}.pt")
    agreement = compare(network, exported)
    print(f"one decision: {agreement.model_ms:.2f} ms against {agreement.torch_ms:.2f} ms: {agreement.ratio:.1f}x")
    assert agreement.ratio > 1.5


def test_metadata_names_the_spec_and_the_rules_and_no_path(models):
    data = Path(f"{models['small']}.onnx").read_bytes()
    metadata = {each.key: each.value for each in onnx.load_model_from_string(data).metadata_props}
    assert metadata["format"] == FORMAT
    assert json.loads(metadata["rules"]) == json.loads(json.dumps(Rules().to_dict()))
    policy = OnnxPolicy(f"{models['small']}.onnx")
    assert policy.spec.digest() == ARENA_SPEC.digest()
    assert policy.rules == json.loads(metadata["rules"])
    other = OnnxPolicy(f"{models['toy']}.onnx")
    assert (policy.faction, other.faction) == ("cryomancer", "")
    assert (limits_of(policy), limits_of(other)) == ((11, 9), (0, 0))
    for folder in (Path(__file__).parent.parent, Path(torch.__file__).parent):
        assert str(folder).encode() not in data


def test_a_model_is_a_bot_wherever_one_is_named_and_loads_no_torch(models):
    code = (
        "import sys\nfrom botgame.server.run_match import main\n"
        f"code = main(['--bots', {str(models['small']) + '.onnx'!r} + ',legacy', '--episode-duration', '10'])\n"
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_observations_of_another_game_are_named(models):
    policy = OnnxPolicy(f"{models['small']}.onnx")
    observation = {name: value.numpy() for name, value in random_observation(TOY_SPEC, (1,)).items()}
    with pytest.raises(UserError, match=r"small\.onnx: observation `\w+` has row shape .* trained for this game"):
        policy.act(observation, policy.initial_memory(1), np.zeros(1, np.uint64))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, "no such model"),
        ("empty", b"", "0 bytes"),
        ("text", b"not a model at all", "cut short"),
        ("cut", 2000, "cut short"),
        ("foreign", {"format": ""}, "format is not"),
        ("damaged", {"spec": "{"}, "damaged"),
        ("specless", {"spec": "[]"}, "damaged"),
    ],
)
def test_what_is_no_model_is_named(models, tmp_path, name, content, message):
    path = tmp_path / f"{name}.onnx"
    good = Path(f"{models['toy']}.onnx").read_bytes()
    if isinstance(content, dict):
        model = onnx.load_model_from_string(good)
        properties = {each.key: each.value for each in model.metadata_props if each.key != "sha256"}
        onnx.helper.set_model_props(model, properties | content)
        path.write_bytes(sealed(model.SerializeToString()))
    elif content is not None:
        path.write_bytes(good[:content] if isinstance(content, int) else content)
    with pytest.raises(UserError, match=message) as caught:
        load_bot(lms(), str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_usage_errors_name_the_flag_and_the_file(tmp_path, capsys):
    assert main([str(tmp_path / "no.pt"), "-o", str(tmp_path / "a.pt")]) == 2
    assert "must end in .onnx" in capsys.readouterr().err
    assert main([str(tmp_path / "no.pt"), "-o", str(tmp_path / "a.onnx")]) == 1
    assert "no.pt: no such checkpoint" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
