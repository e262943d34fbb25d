"""An exported model plays like its checkpoint: over 10,000 decisions, for any spec, at any temperature."""

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
from botgame.lms.champion import CHAMPION_FILE
from botgame.lms.game import lms
from botgame.lms.replay.resimulate import trajectories
from botgame.lms.spec import ARENA_SPEC
from botgame.onnx_policy import FORMAT, OnnxPolicy
from botgame.policies import load_policy as load_bot
from botgame.seals import sealed
from botgame.seat_limits import limits_of
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.policy import load_policy
from botgame.training.export import main
from botgame.training.exporting import compare, in_torch
from exported_models import CONDITION, EXTRA
from matches import recorded
from toy_network import TOY_SPEC, other_game, random_observation

CHAMPION = str(CHAMPION_FILE)
DECISIONS = 10_000
MATCHES = 12
LARGEST_ERROR = 2e-3  # of a log-probability, after rounding has gone through the memory of a whole match
MOST_TIES = 2e-4  # share of heads where rounding moved a draw across the edge between two categories


@pytest.fixture(scope="module")
def champions_seats():
    """Observations of each seat of recorded duels, and its decisions' keys: 10,000 decisions and more."""
    setups = (Setup(seed, (0, 1), (seed % 3, (seed + 1) % 3), duration_ticks=3600, tag=seed) for seed in range(MATCHES))
    replays = recorded([load_bot(lms(), name) for name in ("lms_re", "kiter")], setups)
    return [
        (seat.observation, keys_of(7, seat.replay, seat.seat, seat.ticks)) for seat in trajectories(replays, MATCHES)
    ]


def keys_of(seed, match, seat, ticks):
    with np.errstate(over="ignore"):
        return rng.mix(np.uint64(rng.derive(seed, match, seat)), ticks.astype(np.uint64))


@pytest.fixture(scope="module")
def toys_seats():
    """As many of the other game, whose network has a memory: random observations."""
    seats, ticks = 2 * MATCHES, np.arange(DECISIONS // (2 * MATCHES) + 1)
    drawn = [random_observation(TOY_SPEC, ticks.shape, seed) for seed in range(seats)]
    observations = [{name: value.numpy() for name, value in each.items()} for each in drawn]
    return [(each, keys_of(8, 0, seat, ticks)) for seat, each in enumerate(observations)]


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


@pytest.mark.parametrize(("name", "game"), [("champion", lms()), ("toy", other_game())], ids=["champion", "toy"])
def test_the_model_decides_like_its_checkpoint_over_many_decisions(exported, name, game, request):
    torch.set_num_threads(1)
    seats = request.getfixturevalue(f"{name}s_seats")
    checkpoint = in_torch(load_policy(game, str(exported[name].with_suffix(".pt"))))
    expected, found = unrolled(checkpoint, seats), unrolled(OnnxPolicy(exported[name]), seats)
    actions, log_probs, uniforms, legal = expected
    assert len(actions) >= DECISIONS
    differs = (actions != found[0]).any(axis=1)
    assert np.abs(log_probs - found[1])[legal & ~differs[:, None]].max() < LARGEST_ERROR
    ties = 0
    for row in np.flatnonzero(differs):  # the first head that differs: the later ones follow from it
        head = int(np.flatnonzero(actions[row] != found[0][row])[0])
        part = list(game.spec.slices.values())[head]
        edges = np.exp(log_probs[row, part].astype(np.float64)).cumsum()
        assert np.abs(edges - uniforms[row, head]).min() < LARGEST_ERROR, "not a tie"
        ties += 1
    print(f"{ties} ties in {len(actions)} decisions")
    assert ties <= MOST_TIES * actions.size


def test_one_model_has_a_memory_and_one_has_none(exported):
    """So that between them the tests of these models cover both."""
    assert sorted(min(1, OnnxPolicy(path).memory_size) for path in exported.values()) == [0, 1]


def test_temperature_is_the_stored_one_and_can_be_set(exported):
    model, network = OnnxPolicy(exported["toy"]), toys_network(exported)
    assert (model.temperature, network.temperature) == (0.7, 0.7)
    for temperature in (0.05, 1.0, 1.7):
        model.temperature = network.temperature = temperature
        agreement = compare(network, model)
        assert agreement.equal >= agreement.rows - 2
        assert agreement.error < LARGEST_ERROR
    model.temperature = 0.0
    with pytest.raises(UserError, match="temperature"):
        model.act({}, model.initial_memory(1), np.zeros(1, np.uint64))


def toys_network(exported):
    return load_policy(other_game(), str(exported["toy"].with_suffix(".pt")))


def test_another_game_and_any_number_of_rows(exported):
    model, network, blank = OnnxPolicy(exported["toy"]), toys_network(exported), toys_network(exported)
    assert model.spec == TOY_SPEC
    blank.network.set_default_condition(np.zeros(CONDITION, np.float32))
    for rows in (0, 1, 5):
        observation = {name: value.numpy() for name, value in random_observation(TOY_SPEC, (rows,)).items()}
        keys = np.arange(rows, dtype=np.uint64)
        actions, memory = model.act(observation, model.initial_memory(rows), keys)
        expected = network.act(observation, network.initial_memory(rows), keys)
        np.testing.assert_array_equal(actions, expected[0])
        np.testing.assert_allclose(memory, expected[1], atol=1e-5)
        other = blank.act(observation, network.initial_memory(rows), keys)[1]
        assert rows == 0 or np.abs(other - memory).max() > 1e-3  # its condition is in the file
        assert (actions.dtype, memory.dtype) == (np.int64, np.float32)


def test_faster_than_torch_for_one_seat(exported):
    torch.set_num_threads(1)
    agreement = compare(load_policy(lms(), CHAMPION), OnnxPolicy(exported["champion"]))
    print(f"one decision: {agreement.model_ms:.2f} ms against {agreement.torch_ms:.2f} ms: {agreement.ratio:.1f}x")
    assert agreement.ratio > 1.5


def test_metadata_names_the_spec_and_the_rules_and_no_path(exported):
    data, rules = exported["champion"].read_bytes(), load_checkpoint(CHAMPION, lms()).rules
    metadata = {each.key: each.value for each in onnx.load_model_from_string(data).metadata_props}
    assert metadata["format"] == FORMAT
    assert json.loads(metadata["rules"]) == json.loads(json.dumps(rules))
    assert rules
    policy = OnnxPolicy(exported["champion"])
    assert policy.spec.digest() == ARENA_SPEC.digest()
    assert policy.rules == json.loads(metadata["rules"])
    other = OnnxPolicy(exported["toy"])
    assert (policy.faction, other.faction) == ("", EXTRA["faction"])
    assert (limits_of(policy), limits_of(other)) == ((0, 0), (EXTRA["action_cap"], EXTRA["reaction_ticks"]))
    for folder in (Path(__file__).parent.parent, Path(torch.__file__).parent):
        assert str(folder).encode() not in data


def test_a_model_is_a_bot_wherever_one_is_named_and_loads_no_torch(exported):
    code = (
        "import sys\nfrom botgame.server.run_match import main\n"
        f"code = main(['--bots', {str(exported['champion'])!r} + ',legacy', '--episode-duration', '10'])\n"
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_observations_of_another_game_are_named(exported):
    policy = OnnxPolicy(exported["champion"])
    observation = {name: value.numpy() for name, value in random_observation(TOY_SPEC, (1,)).items()}
    with pytest.raises(UserError, match=r"champion\.onnx: observation `\w+` has row shape .* trained for this game"):
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
def test_what_is_no_model_is_named(exported, tmp_path, name, content, message):
    path = tmp_path / f"{name}.onnx"
    good = exported["toy"].read_bytes()
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
