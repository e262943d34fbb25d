"""The RL command as a user meets it: its artefacts, its resume rules, SIGKILL and Ctrl-C at any moment, bad input."""

import json
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.lms.simulation.state import MAGE
from botgame.lms.spec import ARENA_SPEC
from botgame.policies import load_policy
from botgame.seat_limits import limits_of
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar_rl import build_parser, main
from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.held_out import Best, evaluate, is_better, successor
from botgame.training.rl import run as rl_run
from botgame.training.rl.flags import training_config
from botgame.training.rl.setting import Schedule
from forked import Forked, needs_forks
from short_arena import SHORT

torch.set_num_threads(1)
SMALL = {
    "--iterations": "5", "--actor-rollouts": "2", "--learner-updates": "2", "--unroll-length": "8", "--batch-size": "4",
    "--replay-size": "12", "--min-replay-sequences": "4", "--matches-per-actor": "3", "--value-iterations": "1",
    "--opponents": "self=0.3,past=0.4,legacy=0.3", "--snapshot-every": "2", "--eval-every": "3", "--eval-matches": "2",
    "--save-every": "1", "--keep": "2", "--threads": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sup") / "pi_sup.pt"
    network = Network(ARENA_SPEC, PRESETS["tiny"], 3)
    weights = network.state_dict()
    save_checkpoint(
        path, Checkpoint("lms", "imitation", ARENA_SPEC, PRESETS["tiny"].to_dict(), weights, rules=Rules().to_dict())
    )
    return path


def command(supervised: Path, output: Path, *extra: str, **changed: str) -> list[str]:
    flags = {**SMALL, **{"--" + name.replace("_", "-"): value for name, value in changed.items()}}
    words = [word for pair in flags.items() for word in pair]
    return ["--supervised-checkpoint", str(supervised), "--output", str(output), "--cpu", *SHORT, *words, *extra]


@pytest.fixture(scope="module")
def whole(supervised: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run that nothing disturbed."""
    output = tmp_path_factory.mktemp("whole") / "pi_rl.pt"
    assert main(command(supervised, output)) == 0
    return output


def lines(output: Path) -> list[dict]:
    kept = [json.loads(line) for line in output.with_suffix(".metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if not name.startswith("time_")} for line in kept]


def assert_same_run(output: Path, reference: Path) -> None:
    assert lines(output) == lines(reference)
    for suffix in (".pt", ".best.pt", ".iter000004.pt", ".iter000005.pt"):
        mine, other = (load_checkpoint(path.with_suffix(suffix), lms()) for path in (output, reference))
        assert mine.counters == other.counters
        for name, tensor in other.weights.items():
            assert torch.equal(mine.weights[name], tensor), (suffix, name)


def test_artefacts_and_metrics(whole: Path, supervised: Path) -> None:
    names = {path.name for path in whole.parent.iterdir()}
    assert names == {
        *("pi_rl.pt", "pi_rl.best.pt", "pi_rl.iter000004.pt", "pi_rl.iter000005.pt", "pi_rl.resume.pt"),
        "pi_rl.resume.before.pt",
        *("pi_rl.config.json", "pi_rl.metrics.jsonl", "pi_rl.tb"),
    }
    trained, before = load_checkpoint(whole, lms()), load_checkpoint(supervised, lms())
    assert trained.kind == "rl"
    assert trained.lineage == [str(supervised)]
    assert trained.rules == Rules().to_dict()
    assert trained.counters["iteration"] == 5
    assert any(not torch.equal(trained.weights[name], tensor) for name, tensor in before.weights.items())
    rows = lines(whole)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert {"loss/policy", "loss/value", "kl", "entropy/verb", "explained_variance/result", "staleness",
            "ratio/arguments", "decisions"} <= set(rows[0])  # fmt: skip
    assert [row["step"] for row in rows if "eval/lms_re" in row] == [3, 5]
    assert "eval/best" in rows[4]
    assert sum(value for name, value in rows[4].items() if name.startswith("counts/")) == pytest.approx(1, abs=1e-4)


def start(arguments: list[str]) -> Forked:
    return Forked("botgame.training.alphastar_rl", *arguments)


def wait_for_line(process: Forked, number: int) -> None:
    """Read the run's output until it has reported `number` lines of it, or ended."""
    for _ in range(number):
        process.stdout.readline()


@needs_forks
def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(supervised: Path, whole: Path, tmp_path: Path) -> None:
    output, chance = tmp_path / "pi_rl.pt", random.Random(5)
    codes = []
    for _ in range(3):
        process = start(command(supervised, output, "--resume"))
        wait_for_line(process, 2)  # it trains now
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        codes.append(process.returncode)
    assert -signal.SIGKILL in codes  # a fast machine may finish before a kill
    assert main(command(supervised, output, "--resume")) == 0
    assert_same_run(output, whole)


@needs_forks
def test_ctrl_c_commits_and_says_how_to_go_on(supervised: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "pi_rl.pt"
    process = start(command(supervised, output, save_every="100", iterations="5000"))
    wait_for_line(process, 2)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 130, text
    assert "--resume" in text
    assert "Traceback" not in text
    assert load_checkpoint(output, lms()).counters["iteration"] == len(lines(output))


def test_a_finished_run_can_be_extended_as_if_planned_so(supervised: Path, tmp_path: Path) -> None:
    output, planned = tmp_path / "pi_rl.pt", tmp_path / "planned.pt"
    steady = {"lr_end": "1", "kl_end": "1"}  # else the learning rates know how long the run is
    assert main(command(supervised, planned, **steady)) == 0
    assert main(command(supervised, output, iterations="3", **steady)) == 0
    assert main(command(supervised, output, "--resume", **steady)) == 0
    assert_same_run(output, planned)


def test_an_unfinished_run_is_refused_and_a_changed_flag_named(
    supervised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "pi_rl.pt"

    def explode(*_given):
        raise Diverged("the loss is nan at learner step 9; lower --lr")

    inspect = rl_run.Trainer.iterate

    def late(self, progress):
        return explode() if self.iteration == 2 else inspect(self, progress)

    monkeypatch.setattr(rl_run.Trainer, "iterate", late)
    assert main(command(supervised, output)) == 1
    assert str(output) in capsys.readouterr().err  # the last good checkpoint
    assert load_checkpoint(output, lms()).counters["iteration"] == 2
    assert main(command(supervised, output)) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(command(supervised, output, "--resume", lr="0.1")) == 2
    assert "--lr cannot change" in capsys.readouterr().err


def test_a_full_disk_loses_nothing(
    supervised: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "pi_rl.pt"
    commit, count = rl_run.commit, [0]

    def full(*given, **named):
        count[0] += 1
        if count[0] == 3:
            raise UserError(f"cannot write {given[0].resume}: No space left on device; free space")
        commit(*given, **named)

    monkeypatch.setattr(rl_run, "commit", full)
    assert main(command(supervised, output)) == 1
    assert "No space left" in capsys.readouterr().err
    monkeypatch.setattr(rl_run, "commit", commit)
    assert main(command(supervised, output, "--resume")) == 0
    assert_same_run(output, whole)


@pytest.mark.parametrize("contents", [None, b"", b"PK", b"hello"])
def test_bad_checkpoints_are_one_line(
    tmp_path: Path, contents: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.pt"
    if contents is not None:
        path.write_bytes(contents)
    assert main(command(path, tmp_path / "out.pt")) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(path) in error
    assert not (tmp_path / "out.config.json").exists()  # nothing was begun


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"opponents": "lms_re=0"}, "--opponents"),
        ({"opponents": "nobody=1"}, "nobody"),
        ({"min_replay_sequences": "13"}, "--min-replay-sequences"),
        ({"unroll_length": "99999"}, "--unroll-length"),
        ({"action_cap": "23"}, "--action-cap 23: game lms knows caps of 1 to 22"),
        ({"reaction": "3"}, "--reaction 3: game lms knows 4 to 12 ticks"),
        ({"reaction": "13"}, "--reaction 13: game lms knows 4 to 12 ticks"),
        ({"reward_weights": "speed=1"}, "--reward-weights: game lms has no reward 'speed', only result, damage"),
        ({"royale_share": "0.5", "royale_seats": "8-20"}, "--royale-seats"),
    ],
)
def test_bad_values_are_one_line(
    supervised: Path, tmp_path: Path, changed: dict, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(supervised, tmp_path / "out.pt", **changed)) in (1, 2)
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["iterations", "actor-rollouts", "learner-updates", "batch-size", "replay-size", "lr"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "nan"])
def test_numbers_out_of_range_are_usage_errors(flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        build_parser().parse_args(["--supervised-checkpoint", "a", "--output", "b", f"--{flag}", value])
    assert stop.value.code == 2
    assert flag in capsys.readouterr().err


def test_an_output_that_cannot_be_written(supervised: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    assert main(command(supervised, blocker / "pi_rl.pt")) == 1
    assert "cannot write" in capsys.readouterr().err


def tally(wins: int, losses: int) -> Tally:
    return Tally(wins, 0, losses, (), (), (), 0.0)


def test_the_best_must_hold_against_both_yardsticks() -> None:
    best = Best(1, 0.8, {})
    assert is_better({"lms_re": tally(1, 9)}, None, "lms_re")
    assert is_better({"lms_re": tally(8, 2), "best": tally(6, 4)}, best, "lms_re")
    assert not is_better({"lms_re": tally(9, 1), "best": tally(5, 5)}, best, "lms_re")  # a lucky row against the bot
    assert not is_better({"lms_re": tally(6, 4), "best": tally(9, 1)}, best, "lms_re")  # forgot the bot
    for above in (0, 2):  # where one of three takes all, equals win a third
        crowd = {"lms_re": tally(8, 2), "best": replace(tally(4, 6), above=above)}
        assert is_better(crowd, best, "lms_re") == (above > 0)


def test_the_best_loses_no_more_than_once_what_is_tolerated() -> None:
    """Each replacement within the tolerance of the one before would add up."""
    best = None
    for iteration, wins in enumerate(range(90, 70, -2), 1):
        tallies = {"lms_re": tally(wins, 100 - wins), "best": tally(60, 40)}
        if is_better(tallies, best, "lms_re"):
            best = successor(best, iteration, tallies["lms_re"].win_rate, {})
            best = Best(**best.snapshot())  # as after a resume
    assert best is not None
    assert (best.iteration, best.yardstick, best.bar) == (2, 0.88, 0.9)


def test_from_random_weights_by_decisions_with_a_critic_of_its_own(tmp_path: Path) -> None:
    output = tmp_path / "pi.pt"
    flags = ("--scratch", "tiny", "--decisions", "60", "--critic", "own", "--value-iterations", "0")
    words = command(tmp_path / "none.pt", output, *flags)[2:]
    assert main(words) == 0
    made = load_checkpoint(output, lms())
    assert 60 <= made.counters["decisions"] < 60 + 2 * 2 * 12 * 8
    assert made.counters["iteration"] < 5
    assert (made.config["kl_cost"], made.config["value_iterations"]) == (0, 0)
    assert made.network["privileged_critic"] is False
    assert made.lineage == []
    done = made.counters["iteration"]
    more = [word if word != "60" else "200" for word in words]
    assert main([*more, "--resume"]) == 0
    assert load_checkpoint(output, lms()).counters["iteration"] > done


@pytest.mark.parametrize("extra", [(), ("--scratch", "tiny", "--supervised-checkpoint", "pi_sup.pt")])
def test_a_run_has_one_start(extra: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", str(tmp_path / "pi.pt"), *extra]) == 2
    assert "--scratch" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_learner_and_its_past_play_under_their_limits(supervised: Path, tmp_path: Path) -> None:
    output = tmp_path / "pi_rl.pt"
    flags = command(supervised, output, "--action-cap", "5", "--reaction", "9", iterations="2", snapshot_every="1")
    assert main(flags) == 0
    assert load_checkpoint(output, lms()).limits == limits_of(load_policy(lms(), str(output))) == (5, 9)
    actor = load_state(tmp_path / "pi_rl.resume.pt")["trainer"]["parts"][0]["actor"]
    mages = actor["matches"]["simulation"]["mages"].numpy().view(MAGE)
    players = np.array([match["players"] for match in actor["matches"]["running"]])
    assert (mages["cap"] == np.where(players == 1, 0, 5)).all()  # 1: the scripted bot
    assert (mages["reaction"] == np.where(players == 1, 4, 9)).all()


def test_rewards_weigh_what_the_flag_says_else_what_the_game_says() -> None:
    def weights(*words: str) -> dict[str, float]:
        options = build_parser().parse_args(["--supervised-checkpoint", "a", "--output", "b", *words])
        return dict(training_config(options, lms()).reward_weights)

    assert weights() == {"result": 1.0, "damage": 0.5}
    assert weights("--reward-weights", "damage=0.2") == {"result": 1.0, "damage": 0.2}
    assert weights("--reward_weights", "damage=0, result=3") == {"result": 3.0, "damage": 0.0}


@pytest.mark.parametrize(
    ("text", "says"),
    [("damage", "NAME=NUMBER"), ("=1", "NAME=NUMBER"), ("damage=", "a number of 0 or more"), ("damage=-1", "got -1"),
     ("damage=1,damage=2", "damage is given twice"), ("damage=1, result=1,damage=1", "damage is given twice")],
)  # fmt: skip
def test_reward_weights_that_are_no_numbers_are_usage_errors(text: str, says: str, capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(["--supervised-checkpoint", "a", "--output", "b", "--reward-weights", text])
    said = capsys.readouterr().err
    assert "--reward-weights" in said
    assert says in said


@pytest.mark.parametrize(
    ("every", "ends", "evaluated"),
    [(0, False, []), (0, True, [7]), (3, False, [3, 6, 7]), (3, True, [3, 6, 7]), (9, False, [7])],
)
def test_evaluations_of_a_run_of_seven_iterations(every: int, ends: bool, evaluated: list[int]) -> None:
    schedule = Schedule(every, 1, evaluate_ends=ends)
    assert [number for number in range(1, 8) if schedule.evaluates(number, last=number == 7)] == evaluated


def test_each_evaluation_has_seeds_of_its_own(supervised: Path, tmp_path: Path, monkeypatch) -> None:
    """On constant seeds the best version would be the one that suits them."""
    seeds: list[list[int]] = []

    def watched(game, policy, rivals, matches, seed, threads):
        seeds[-1].append(seed)
        return evaluate(game, policy, rivals, matches, seed, threads)

    monkeypatch.setattr("botgame.training.rl.yardsticks.evaluate", watched)
    for name in ("a.pt", "b.pt"):
        seeds.append([])
        assert main(command(supervised, tmp_path / name, iterations="2", eval_every="1", opponents="legacy=1")) == 0
    assert seeds[0] == seeds[1]  # the same run, the same matches
    assert len(set(seeds[0])) == len(seeds[0]) == 2


def test_eval_every_0_plays_no_evaluations(supervised: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("botgame.training.rl.yardsticks.evaluate", None)
    output = tmp_path / "pi.pt"
    assert main(command(supervised, output, iterations="1", eval_every="0", opponents="legacy=1")) == 0
    assert "best: none, --eval-every 0" in capsys.readouterr().out
    assert not output.with_suffix(".best.pt").exists()
