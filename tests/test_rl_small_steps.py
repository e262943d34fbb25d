"""RL by small steps: its defaults; from random weights: the first policy, and the rewards that it learns from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame.game import Scratch, ScriptedPolicy
from botgame.games import load_game
from botgame.lms.actions import DELAY, HEAD_COUNT, MOVE
from botgame.lms.arena_simulation import ArenaSimulation, HealthLeadSimulation
from botgame.lms.game import lms
from botgame.lms.rules import DELAY_TICKS, MOVE_COUNT
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training.alphastar.checkpoint import load_checkpoint, load_state
from botgame.training.alphastar.engine.portions import Table
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS, NetworkConfig
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.alphastar_rl import build_parser, main
from botgame.training.rl import small_steps
from botgame.training.rl.environment import Opponents, make_environment
from botgame.training.rl.flags import training_config
from botgame.training.rl.small_steps import default_opponents, default_weights, parse, rl_defaults
from botgame.training.runs.origin import scratch_origin

torch.set_num_threads(1)
SCRATCH = ["--scratch", "tiny", "--output", "pi.pt"]
TINY = ["--game", "toy_game:toy", "--matches-per-actor", "4", "--unroll-length", "4", "--batch-size", "4"]
TINY += ["--min-replay-sequences", "4", "--replay-size", "32", "--eval-matches", "2", "--threads", "1", "--cpu"]


def test_its_defaults_hold_unless_a_flag_is_given() -> None:
    options = parse(build_parser(), [*SCRATCH, "--entropy-cost", "0.5", "--iterations", "7"], rl_defaults)
    for name, value in small_steps.SCRATCH.items():
        assert vars(options)[name] == {"entropy_cost": 0.5, "iterations": 7}.get(name, value)
    config = training_config(options, lms(), default_weights(options, lms()))
    assert (config.clip_ratio, config.adam_b1, config.advantages) == (0.2, 0.9, "normalised")
    assert dict(config.reward_weights) == {"result": 1.0, "damage": 1.0}
    assert default_opponents(options, lms()) == lms().scratch.opponents


def test_a_flag_that_says_what_the_other_start_has_wins_too() -> None:
    plain = RLConfig()
    words = ["--temperature", str(plain.temperature), "--clip-ratio", "0", "--advantages", "plain"]
    options = parse(build_parser(), [*SCRATCH, *words], rl_defaults)
    assert (options.temperature, options.clip_ratio, options.advantages) == (plain.temperature, 0.0, "plain")


def test_a_supervised_start_has_the_usual_defaults() -> None:
    words = ["--supervised-checkpoint", "a.pt", "--output", "pi.pt"]
    options = parse(build_parser(), words, rl_defaults)
    assert options == build_parser().parse_args(words)
    assert training_config(options, lms(), default_weights(options, lms())) == training_config(options, lms())
    assert dict(training_config(options, lms()).reward_weights) == {"result": 1.0, "damage": 0.5}
    assert default_opponents(options, lms()) == lms().opponents


def test_a_clone_may_learn_by_small_steps() -> None:
    words = ["--supervised-checkpoint", "a.pt", "--output", "pi.pt", "--small-steps", "--lr", "0.5"]
    options = parse(build_parser(), words, rl_defaults)
    for name, value in small_steps.CLONED.items():
        assert vars(options)[name] == {"lr": 0.5}.get(name, value)
    config = training_config(options, lms(), default_weights(options, lms()))
    assert (config.temperature, config.stored_temperature) == (1.0, 0.5)
    assert config.reward_weights == training_config(options, lms()).reward_weights
    assert default_opponents(options, lms()) == lms().opponents


def test_small_steps_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCRATCH, "--small-steps"]) == 2
    assert "--scratch takes small steps anyway" in capsys.readouterr().err


@pytest.mark.parametrize(("more", "plays"), [(["--play-temperature", "0.25"], 0.25), ([], 0.5)], ids=str)
def test_it_plays_at_another_temperature_than_it_learns_at(trained, tmp_path: Path, capsys, more, plays) -> None:
    output = tmp_path / "pi.pt"
    words = ["--supervised-checkpoint", str(trained), "--output", str(output), "--small-steps", "--iterations", "2"]
    assert main([*TINY, *words, "--snapshot-every", "1", *more]) == 0
    assert "defaults of --small-steps:" in capsys.readouterr().out
    assert load_checkpoint(output, load_game("toy_game:toy")).temperature == plays
    assert load_policy(load_game("toy_game:toy"), str(output)).temperature == plays


def test_a_game_that_says_nothing_keeps_its_opponents_and_weights() -> None:
    options, toy = parse(build_parser(), SCRATCH, rl_defaults), load_game("toy_game:toy")
    assert toy.scratch == Scratch()
    assert default_opponents(options, toy) == toy.opponents
    assert default_weights(options, toy) == toy.reward_weights


def test_the_first_policy_prefers_what_the_game_says() -> None:
    game, rows = lms(), 5
    origin = scratch_origin("tiny", 3, game)
    network = Network(game.spec, NetworkConfig.from_dict(origin.network))
    network.load_state_dict(origin.weights)
    observation = {name: torch.from_numpy(array) for name, array in game.spec.blank(rows).items()}
    for name, array in observation.items():
        observation[name] = torch.ones_like(array) if name in ("legal", "entity_mask") else torch.zeros_like(array)
    held = game.spec.scalar_index(game.spec.heads[MOVE].category_scalars[0][2])
    observation["scalars"][:, held] = 1.0  # direction 2 is held
    acted = network.act(observation, network.initial_memory(rows), torch.full((rows, len(game.spec.heads)), 0.5))
    for head in game.spec.heads:
        first = game.scratch.logits.get(head.name, ())
        logits = torch.tensor([*first, *[0.0] * (head.size - len(first))])
        if head.name == "move":
            logits[2] += game.scratch.scalar_logits["move"][0]
        found = acted.log_probs[:, game.spec.slices[head.name]]
        torch.testing.assert_close(found, logits.log_softmax(0).expand_as(found), atol=1e-5, rtol=0)


def test_its_gates_are_gentler_than_those_of_a_clone() -> None:
    gates = scratch_origin("tiny", 3, lms()).network["gate_scale"]
    assert gates < PRESETS["tiny"].gate_scale / 4


def test_the_critic_teaches_shared_features_only_where_it_sees_no_more_than_the_policy() -> None:
    open_game, secret = (load_game(f"openspiel:{name}") for name in ("tic_tac_toe", "kuhn_poker"))
    assert not open_game.spec.privileged
    assert secret.spec.privileged
    assert not scratch_origin("tiny", 3, open_game).network["detach_value"]
    assert all(scratch_origin("tiny", 3, game).network["detach_value"] for game in (secret, lms()))


def test_only_what_the_game_says_differs_from_other_random_weights() -> None:
    game = lms()
    plain, origin = Network(game.spec, PRESETS["tiny"], 3).state_dict(), scratch_origin("tiny", 3, game).weights
    differ = {name for name in plain if not torch.equal(plain[name], origin[name])}
    named = {*game.scratch.logits, *game.scratch.scalar_logits}
    heads = {f"heads.outputs.{game.spec.head_index(name)}.output.bias" for name in named}
    assert differ == heads


def test_health_leads_count_the_zone_and_sum_to_zero() -> None:
    """Two mages that walk at random are killed by the zone alone: no damage, but one dies first."""

    def walk(observation: dict, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:
        actions = np.zeros((len(keys), HEAD_COUNT), np.int64)
        actions[:, MOVE], actions[:, DELAY] = keys % MOVE_COUNT, len(DELAY_TICKS) - 1
        return actions

    walker = ScriptedPolicy("walker", walk)
    for simulate, paid in ((ArenaSimulation, False), (HealthLeadSimulation, True)):
        game = dataclasses.replace(lms(), simulate=simulate)
        matches = list(play(game, [walker, walker], mirrored_setups(game, 1, 8), slots=16, seats=2))
        damage = np.array([match.outcome.rewards["damage"] for match in matches])
        assert damage.dtype == np.float32
        assert bool(damage.any()) == paid
        np.testing.assert_allclose(damage.sum(1), 0, atol=1e-6)
        for match, leads in zip(matches, damage, strict=True):
            if leads.any():
                assert match.outcome.places[int(np.argmax(leads))] == 1


@pytest.mark.parametrize(("lineage", "simulation"), [([], HealthLeadSimulation), (["pi_sup.pt"], ArenaSimulation)])
def test_who_starts_from_random_weights_learns_in_the_simulation_for_that(lineage, simulation) -> None:
    game = lms()
    origin = dataclasses.replace(scratch_origin("tiny", 0, game), lineage=lineage)
    nobody = Opponents(lambda _player: load_policy(game, "idle"), lambda _player: False)
    made = make_environment(
        game, Table(2, 1, 1.0), lambda _numbers: iter(()), nobody, origin=origin, styles=StyleConfig(), seed=0
    )
    assert type(made.matches.simulation) is simulation


def test_a_run_says_its_defaults_and_resumes_exactly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--scratch", "tiny", *TINY, "--lr-end", "1", "--resume"]
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert main([*words, "--output", str(whole), "--iterations", "4"]) == 0
    said = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("defaults of --scratch"))
    assert "--clip-ratio 0.2 --advantages normalised" in said
    assert "--unroll-length" not in said  # the command gave another
    for iterations in ("2", "4"):
        assert main([*words, "--output", str(parts), "--iterations", iterations]) == 0
    states = [load_state(path.with_suffix(".resume.pt"))["trainer"] for path in (whole, parts)]
    first, second = (state["learner"]["weights"] for state in states)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert "teacher" not in states[0]["parts"][0]["replay_buffer"]["columns"]


def test_a_clip_that_stops_everything_changes_what_is_learned(tmp_path: Path) -> None:
    """The flags reach the learner: with several passes a tight clip ends elsewhere than none."""
    found = []
    for clip in ("0", "1e-6"):
        output = tmp_path / f"clip{clip}.pt"
        words = ["--scratch", "tiny", *TINY, "--output", str(output), "--iterations", "3", "--clip-ratio", clip]
        assert main(words) == 0
        found.append(load_state(output.with_suffix(".resume.pt"))["trainer"]["learner"]["weights"])
    assert any(not torch.equal(found[0][name], found[1][name]) for name in found[0])


@pytest.mark.parametrize("words", [["--kl-cost", "0.5"], ["--kl-end", "0.5"], ["--value-iterations", "2", "--resume"]])
def test_a_new_run_from_random_weights_refuses_what_a_teacher_is_for(words: list[str], tmp_path: Path, capsys) -> None:
    output = ["--output", str(tmp_path / "pi.pt")]
    assert main([*TINY, "--scratch", "tiny", *output, *words]) == 2
    assert f"{words[0]} {words[1]} does not apply to --scratch" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_begun_with_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*TINY, "--scratch", "tiny", "--output", str(tmp_path / "pi.pt"), "--kl-cost", "0.5", "--eval-every", "0"]
    with monkeypatch.context() as before:  # as earlier releases did
        before.setattr("botgame.training.rl.command.check_untaught", lambda *_: None)
        assert main([*words, "--iterations", "1"]) == 0
    assert main([*words, "--iterations", "2", "--resume"]) == 0


def test_scratch_of_a_bad_size_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(build_parser(), ["--scratch", "huge", "--output", "b"], rl_defaults)
    assert stop.value.code == 2
    assert "--scratch" in capsys.readouterr().err
