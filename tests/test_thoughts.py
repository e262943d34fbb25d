"""`botgame thoughts`: what a network thinks in a recorded match is what it would say there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from botgame.game import Setup
from botgame.lms.replay.format import Replay, read, write
from botgame.lms.replay.showing.film import film
from botgame.lms.replay.showing.policy_readout import find_readout
from botgame.lms.spec import ARENA_SPEC
from botgame.play import play
from botgame.policies import load_policy
from botgame.policy_readout import readout_path
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.policy_readout import main
from matches import LMS, recorded
from toy_network import randomize

SETUP = Setup(3, (0, 1), (0, 2), 20 * 30)
VERB, TARGET = ARENA_SPEC.head_index("verb"), ARENA_SPEC.head_index("target")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A checkpoint `pi.pt`, and a duel that it played in seat 0 against `random`."""
    folder = tmp_path_factory.mktemp("thoughts")
    network = Network(ARENA_SPEC, PRESETS["tiny"])
    randomize(network)
    sizes, weights = network.config.to_dict(), network.state_dict()
    save_checkpoint(folder / "pi.pt", Checkpoint(LMS.name, "rl", ARENA_SPEC, sizes, weights))
    (replay,) = recorded([load_policy(LMS, name) for name in (str(folder / "pi.pt"), "random")], iter([SETUP]), slots=1)
    write(folder, replay)
    return folder


@pytest.fixture
def replay(folder: Path) -> Replay:
    (path,) = folder.glob("*.lmsr")
    readout_path(path).unlink(missing_ok=True)
    return read(path)


def test_the_network_that_played_is_found_and_asked(folder: Path, replay: Replay, capsys) -> None:
    assert replay.path is not None
    assert main([str(replay.path)]) == 0
    assert f"decisions of 1 seat written to {readout_path(replay.path)}" in capsys.readouterr().out
    thoughts = find_readout(replay)
    assert thoughts is not None
    (mind,) = thoughts.seats
    rows = replay.decisions.seat == 0
    assert (mind.seat, mind.policy) == (0, str(folder / "pi.pt"))
    assert mind.ticks == replay.decisions.tick[rows].tolist()
    assert mind.chosen[VERB] == replay.decisions.choices[rows, VERB].tolist()
    offensive = np.isin(mind.chosen[VERB], (1, 2))
    assert (np.array(mind.chosen[TARGET]) >= 0).tolist() == offensive.tolist()
    for head, chances in zip(thoughts.heads, mind.chances, strict=True):
        assert np.abs(np.array(chances).sum(axis=1) - 100).max() <= len(head.labels) / 2
        assert len(set(head.labels)) == len(head.labels)
    assert film(replay, thoughts)["thoughts"]["seats"][0]["seat"] == 0


def test_chances_are_those_with_which_it_played(folder: Path, replay: Replay) -> None:
    """The network plays the same match again, one decision at a time: its probabilities are the written ones."""
    assert replay.path is not None
    main([str(replay.path)])
    thoughts = find_readout(replay)
    assert thoughts is not None
    policy, said, wanted = load_policy(LMS, str(folder / "pi.pt")), [], []

    class Listening:
        name, memory_size, initial_memory = policy.name, policy.memory_size, staticmethod(policy.initial_memory)

        def act(self, observation, memory, keys):
            actions, memory, log_probs = policy.act_full(observation, memory, keys)
            said.append(np.exp(log_probs[0]))
            wanted.append(actions[0])
            return actions, memory

    list(play(LMS, [Listening(), load_policy(LMS, "random")], iter([SETUP]), slots=1))
    written = np.concatenate([np.array(head) for head in thoughts.seats[0].chances], axis=1)
    assert written.shape == (len(said), ARENA_SPEC.logits)
    gaps = np.abs(written - 100 * np.array(said))
    assert gaps[:, ARENA_SPEC.slices["verb"]].max() <= 0.51
    taken = (np.array(wanted) == replay.decisions.choices[replay.decisions.seat == 0]).all(axis=1)
    assert taken.sum() > 10  # where the cap refused a verb, later heads are told of another choice
    assert gaps[taken].max() <= 0.51


def test_another_network_may_be_asked_about_any_seat(folder: Path, replay: Replay, tmp_path: Path, capsys) -> None:
    target = tmp_path / "x.json"
    assert main([str(replay.path), str(folder / "pi.pt"), "--seats", "1", "-o", str(target)]) == 0
    assert "of 1 seat" in capsys.readouterr().out
    assert b'"seat":1' in target.read_bytes()
    assert find_readout(replay) is None


def test_what_cannot_be_asked_is_named(folder: Path, replay: Replay, tmp_path: Path, capsys) -> None:
    assert main([str(replay.path), "--seats", "1"]) == 2
    assert "no seat was played by a checkpoint that is here (random)" in capsys.readouterr().err
    assert main([str(replay.path), str(folder / "pi.pt"), "--seats", "0,2"]) == 2
    assert "expected numbers from 0 to 1" in capsys.readouterr().err
    assert main([str(replay.path), str(tmp_path / "none.pt")]) == 1
    assert "no such checkpoint" in capsys.readouterr().err


def test_the_champion_is_a_checkpoint_too(tmp_path: Path) -> None:
    (played,) = recorded([load_policy(LMS, name) for name in ("champion", "idle")], iter([SETUP]), slots=1)
    path = write(tmp_path, played)
    assert main([str(path)]) == 0
    asked = find_readout(read(path))
    assert asked is not None
    assert [(mind.seat, mind.policy) for mind in asked.seats] == [(0, "champion")]
    assert main([str(path), "champion", "--seats", "1"]) == 0
