"""The league command, whole and tiny: its files, who trains on what, and going on after a kill at any moment."""

import dataclasses
import json
import random
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from botgame import rng
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.training import alphastar_league, report_league
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint
from botgame.training.alphastar.league.league import League, LeagueConfig
from botgame.training.alphastar.league.matchmaking import VARIANTS
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.league import evaluation as league_evaluation
from botgame.training.league.command import league_config
from botgame.training.league.files import EVALUATION, TRAINING, read_matches, read_state
from botgame.training.league.learner import Roster
from botgame.training.league.rounds import RoundEnd
from botgame.training.league.setting import LeagueSchedule
from botgame.training.league.worker import exploiter_config
from botgame.training.rl.flags import training_config
from botgame.training.rl.small_steps import LEAGUE, league_defaults, parse
from forked import Forked, needs_forks
from league_rules import BOTH, NoWeights
from toy_run import EXPLOITERS

TINY = (
    *("--rl-iterations-per-round", "2", "--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "16"),
    *("--matches-per-actor", "4", "--batch-size", "8", "--replay-size", "64", "--min-replay-sequences", "4"),
    *("--eval-matches", "2", "--past-matches", "2", "--past-selves", "2", "--cross-play-players", "4"),
    *("--cross-play-matches", "2", "--min-phase-steps", "150", "--value-iterations", "1", "--save-every", "1"),
    *("--scripted-players", "random", "--episode-duration", "5", "--cpu", "--threads", "1"),
    *EXPLOITERS,
)


@pytest.fixture(scope="module")
def supervised(tmp_path_factory):
    path = tmp_path_factory.mktemp("supervised") / "pi_sup.pt"
    network = Network(ARENA_SPEC, PRESETS["tiny"], seed=0)
    rules = Rules().to_dict()
    save_checkpoint(
        path, Checkpoint("lms", "imitation", ARENA_SPEC, network.config.to_dict(), network.state_dict(), rules=rules)
    )
    return path


def arguments(supervised, folder, *more):
    return ["--supervised-checkpoint", str(supervised), "--output-dir", str(folder), *TINY, *more]


@pytest.fixture(scope="module")
def league(supervised, tmp_path_factory):
    """A finished league of two rounds."""
    folder = tmp_path_factory.mktemp("league")
    assert alphastar_league.main(arguments(supervised, folder, "--rounds", "2")) == 0
    return folder


def metrics_of(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "time_" not in k} for line in lines]


def weights_of(path):
    return load_checkpoint(path, lms()).weights


def same_weights(first, second):
    a, b = weights_of(first), weights_of(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def assert_same_league(first, second):
    assert metrics_of(first) == metrics_of(second)
    assert (first / "matches.jsonl").read_bytes() == (second / "matches.jsonl").read_bytes()
    assert (first / "league_state.json").read_bytes() == (second / "league_state.json").read_bytes()
    names = sorted(path.name for path in (first / "players").glob("*.pt"))
    assert names == sorted(path.name for path in (second / "players").glob("*.pt"))
    assert all(same_weights(first / "players" / name, second / "players" / name) for name in names)
    assert same_weights(first / "main.pt", second / "main.pt")


def test_every_promised_file_is_there(league):
    for name in ("league_state.json", "matches.jsonl", "main.pt", "main.best.pt", "metrics.jsonl", "config.json"):
        assert (league / name).stat().st_size > 0
    state = read_state(league / "league_state.json")
    assert (state.rounds_done, state.rounds) == (2, 2)
    frozen = [player.name for player in state.league.frozen if player.parent]
    assert len(frozen) > 1, "nobody was frozen: the phases are too long for this test to say much"
    for name in [*state.league.learners, *frozen]:
        assert load_checkpoint(league / "players" / f"{name}.pt", lms()).kind == "league"
    assert load_state(league / "resume.pt")["finished"]


def test_the_first_frozen_player_is_the_supervised_one(league, supervised):
    assert same_weights(league / "players" / "main1.v0.pt", supervised)
    assert not same_weights(league / "main.pt", supervised)


def test_matches_are_counted_once_and_evaluation_stays_outside_the_payoff(league):
    matches, torn = read_matches(league / "matches.jsonl")
    state = read_state(league / "league_state.json")
    assert torn == 0
    assert [match.id for match in matches] == list(range(1, len(matches) + 1))
    assert state.matches == len(matches)
    training = [match for match in matches if match.kind == TRAINING]
    assert sum(learner.games for learner in state.league.learners.values()) == len(training) > 0
    evaluation = [match for match in matches if match.kind == EVALUATION]
    assert {match.round for match in evaluation} == {1, 2}
    assert ("main1", "lms_re") in {(match.home, match.away) for match in evaluation}
    assert state.league.payoff.games("main1", "lms_re") == 0  # here it is a yardstick only, not a player
    known = {*state.league.names, "lms_re"}
    assert {match.home for match in training} <= set(state.league.learners)
    assert {match.away for match in matches} <= known


def test_every_learning_player_learns_every_iteration(league):
    last = metrics_of(league)[-1]
    assert last["step"] == 4
    for name in ("main1", "main_exploiter1", "league_exploiter1"):
        assert last[f"{name}/decisions"] > 0
        assert last[f"{name}/learner_steps"] >= 4


def test_the_report_reads_it(league):
    files = ("--league-state", str(league / "league_state.json"), "--matches", str(league / "matches.jsonl"))
    assert report_league.main([*files, "--output", str(league / "summary.json")]) == 0
    summary = json.loads((league / "summary.json").read_text())
    assert summary["win_rate_against_anchor"]["main1"][-1]["round"] == 2
    assert summary["forgetting"]["main1"]["rounds"]


def test_a_finished_league_can_be_extended_as_if_planned_so(league, supervised, tmp_path):
    alphastar_league.main(arguments(supervised, tmp_path, "--rounds", "1"))
    first = metrics_of(tmp_path)
    assert alphastar_league.main(arguments(supervised, tmp_path, "--rounds", "2", "--resume")) == 0
    assert metrics_of(tmp_path)[:2] == first
    assert metrics_of(tmp_path)[2]["main1/decisions"] == metrics_of(league)[2]["main1/decisions"]
    between = [match for match in read_matches(tmp_path / "matches.jsonl")[0] if match.home == "lms_re"]
    first, second = ({match.seed for match in between if match.iteration == last} for last in (2, 4))
    assert first
    assert second
    assert not first & second  # else frozen players would have the same matches twice


def start(supervised, folder):
    return Forked("botgame.training.alphastar_league", *arguments(supervised, folder, "--rounds", "2", "--resume"))


def stop_after_a_commit(supervised, folder, how, extra_seconds=0.0):
    """Run the command in its own process and stop it some time after its next commit; returns exit code and output."""
    resume = folder / "resume.pt"
    process = start(supervised, folder)
    before = resume.stat().st_mtime_ns if resume.exists() else None
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline:
        if resume.exists() and resume.stat().st_mtime_ns != before:
            break
        time.sleep(0.005)
    time.sleep(extra_seconds)
    process.send_signal(how)
    output = process.communicate()[0]
    assert resume.exists(), f"the command ended before its first commit: {output}"
    return process.returncode, output


def kill_while_it_trains(supervised, folder, seconds):
    """SIGKILL `seconds` after the run says that it goes on, wherever it is by then; returns the exit code."""
    process = start(supervised, folder)
    assert "resuming" in process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    process.communicate()
    return process.returncode


@needs_forks
def test_stopped_and_killed_leagues_end_as_if_they_had_not_been(league, supervised, tmp_path, capsys):
    folder = tmp_path / "league"
    code, output = stop_after_a_commit(supervised, folder, signal.SIGINT)
    assert code == 130
    assert "--resume" in output.splitlines()[-1]
    assert alphastar_league.main(arguments(supervised, folder, "--rounds", "2")) == 2
    assert "add --resume" in capsys.readouterr().err
    assert alphastar_league.main(arguments(supervised, folder, "--rounds", "2", "--resume", "--lr", "0.5")) == 2
    assert "--lr" in capsys.readouterr().err
    chance = random.Random(5)
    assert [kill_while_it_trains(supervised, folder, chance.uniform(0, 0.3)) for _ in range(3)] == 3 * [-signal.SIGKILL]
    with (folder / "matches.jsonl").open("ab") as file:
        file.write(b'{"id": 77, "torn')
    (folder / "players" / "notes.pt").write_bytes(b"of the user")
    assert alphastar_league.main(arguments(supervised, folder, "--rounds", "2", "--resume")) == 0
    assert (folder / "players" / "notes.pt").read_bytes() == b"of the user"
    (folder / "players" / "notes.pt").unlink()
    assert_same_league(league, folder)


def test_a_league_that_is_stopped_in_its_last_matches_is_over(supervised, tmp_path, monkeypatch, capsys):
    cross_play = league_evaluation.cross_play

    def stopped_here(*given, **named):
        signal.raise_signal(signal.SIGINT)
        return cross_play(*given, **named)

    monkeypatch.setattr(league_evaluation, "cross_play", stopped_here)
    assert alphastar_league.main(arguments(supervised, tmp_path, "--rounds", "1")) == 0
    output = capsys.readouterr().out
    assert "done:" in output
    assert "go on with" not in output


def test_bad_input_is_one_line(supervised, tmp_path, capsys):
    cases = [
        (["--supervised-checkpoint", str(tmp_path / "none.pt")], 1, "no such checkpoint"),
        (["--scripted-players", "nobody"], 1, "unknown bot"),
        (["--scripted-players", "random,random"], 2, "random stands there twice; name each player once"),
        (["--exploiter-share", "0"], 2, "--exploiter-share"),
        (["--payoff-decay", "0"], 2, "payoff decay above 0"),
        (["--min-phase-steps", "9", "--timeout-steps", "3"], 2, "timeout_steps"),
        (["--min-replay-sequences", "4000"], 2, "--min-replay-sequences"),
    ]
    for more, code, words in cases:
        assert alphastar_league.main(arguments(supervised, tmp_path / "out", "--rounds", "1", *more)) == code
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_frozen_player_is_named(league, supervised, tmp_path, capsys):
    folder = tmp_path / "copy"
    for path in league.rglob("*"):
        target = folder / path.relative_to(league)
        if path.is_file() and "tb" not in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (folder / "players" / "main1.v0.pt").unlink()
    assert alphastar_league.main(arguments(supervised, folder, "--rounds", "3", "--resume")) == 1
    assert "main1.v0.pt is missing" in capsys.readouterr().err


def test_the_verbatim_command_parses():
    words = (
        "--supervised-checkpoint artifacts/alphastar/pi_sup.pt --output-dir reports/league --rounds 20 "
        "--rl-iterations-per-round 20 --actor-rollouts 8 --learner-updates 4"
    )
    options = alphastar_league.build_parser().parse_args(words.split())
    config = training_config(options, lms())
    league = league_config(options, config, lms())
    assert (league.mains, league.exploiters) == (1, {"main_exploiter": 0, "league_exploiter": 0})
    assert league.rules == VARIANTS["prioritised"]
    assert league.timeout_steps == 2 * league.min_phase_steps
    assert options.output_dir == Path("reports/league")


def test_a_league_may_learn_by_small_steps(supervised, tmp_path, capsys):
    words = ["--supervised-checkpoint", "a.pt", "--output-dir", "b", "--small-steps", "--lr", "0.5"]
    options = parse(alphastar_league.build_parser(), words, league_defaults)
    assert all(vars(options)[name] == {"lr": 0.5}.get(name, value) for name, value in LEAGUE.items())
    config = training_config(options, lms())
    assert league_config(options, config, lms()).exploiters == {"main_exploiter": 0, "league_exploiter": 0}
    config = exploiter_config(config, 0.25)
    assert (config.clip_ratio, config.adam_b1, config.stored_temperature, config.matches) == (0.2, 0.9, 0.5, 32)
    assert alphastar_league.main(arguments(supervised, tmp_path, "--rounds", "1", "--small-steps")) == 0
    said = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("defaults of --small-steps:"))
    assert "--clip-ratio 0.2" in said
    assert "--unroll-length" not in said  # the command gave another
    for name in ("main.pt", "players/main1.v0.pt"):
        assert load_checkpoint(tmp_path / name, lms()).temperature == 0.5


def test_exploiters_have_their_share_of_the_work():
    options = alphastar_league.build_parser().parse_args(["--supervised-checkpoint", "a.pt", "--output-dir", "b"])
    config = training_config(options, lms())
    assert exploiter_config(config, 0.5).matches == config.matches // 2
    # It starts anew again and again: at full rates, and held firmly to the teacher, which it starts from.
    assert exploiter_config(config, 1.0) == dataclasses.replace(config, lr_end=1.0, kl_end=1.0)


def test_roster_numbers_are_stable():
    roster = Roster(["a"])
    assert [roster.number(name) for name in ("a", "b", "a")] == [1, 2, 1]
    assert (roster.name(2), Roster(roster.names).number("b")) == ("b", 2)


def test_past_selves_are_spread_and_leave_out_the_present_one():
    league = League.start(LeagueConfig(exploiters=BOTH, min_phase_steps=1, timeout_steps=1), 0, NoWeights())
    for _ in range(9):
        league.learners["main1"].steps += 2
        league.review("main1", NoWeights())
    assert league_evaluation.chosen_past(league, "main1", 3) == ["main1.v0", "main1.v4", "main1.v8"]
    league.learners["main1"].steps += 1
    assert league_evaluation.chosen_past(league, "main1", 3)[-1] == "main1.v9"
    assert league_evaluation.chosen_past(league, "main1", 0) == []
    names = league_evaluation.chosen_population(league, "lms_re", 6)
    assert names[:4] == ["lms_re", "main1", "main_exploiter1", "league_exploiter1"]
    assert len(names) == len(set(names)) == 6
    assert "main1.v9" in names
    league.learners["main1"].mark = league.learners["main1"].steps
    assert "main1.v9" not in league_evaluation.chosen_population(league, "lms_re", 99), "it is main1 itself"


def test_rounds_that_end_early_are_evaluated_on_other_seeds_than_when_they_are_extended():
    schedule = LeagueSchedule(2, 4, 100, 1)
    ends = RoundEnd(SimpleNamespace(schedule=schedule, seed=5), *[None] * 3, {})
    seeds = [ends._seed(*each) for each in ((1, 4), (2, 6), (2, 7), (2, 8))]
    assert len(set(seeds)) == 4
    assert seeds[::3] == [rng.derive(5, 1), rng.derive(5, 2)]


def test_exploiters_data_never_trains_the_main_agent(supervised, tmp_path, monkeypatch):
    """Only the asking player's trainer sees its matches: the main agent's buffer grows in its own turn alone."""
    from botgame.training.league import learner as league_seat

    grown = {}
    plain = league_seat.Seat.iterate

    def watched(seat, progress):
        others = {name: len(other.trainer.part.replay_buffer) for name, other in seats.items() if other is not seat}
        weights = {
            name: other.trainer.learner.network.state_dict() for name, other in seats.items() if other is not seat
        }
        before = {name: {k: v.clone() for k, v in state.items()} for name, state in weights.items()}
        seats[seat.name] = seat
        done = plain(seat, progress)
        for name, count in others.items():
            assert len(seats[name].trainer.part.replay_buffer) == count
            now = seats[name].trainer.learner.network.state_dict()
            assert all(np.array_equal(before[name][k].numpy(), now[k].numpy()) for k in now)
        grown[seat.name] = len(seat.trainer.part.replay_buffer)
        return done

    seats = {}
    monkeypatch.setattr(league_seat.Seat, "iterate", watched)
    assert alphastar_league.main(arguments(supervised, tmp_path / "league", "--rounds", "1")) == 0
    assert set(grown) == {"main1", "main_exploiter1", "league_exploiter1"}
    assert all(count > 0 for count in grown.values())


def test_a_league_may_end_by_decisions(supervised, tmp_path, capsys):
    alone = ("--main-exploiters", "0", "--league-exploiters", "0", "--matchmaking", "self-play")
    words = arguments(supervised, tmp_path, "--rounds", "50", "--decisions", "200", *alone)
    assert alphastar_league.main(words) == 0
    assert "200 decisions of main1, at most 50 rounds of" in capsys.readouterr().out
    state = load_state(tmp_path / "resume.pt")
    decisions = load_checkpoint(tmp_path / "main.pt", lms()).counters["decisions"]
    assert state["finished"]
    assert state["iteration"] < 100
    assert 200 <= decisions < 200 + 2 * 2 * 4 * 16 + 64
    matches, _ = read_matches(tmp_path / "matches.jsonl")
    assert {(match.home, match.away) for match in matches if match.kind == TRAINING} <= {("main1", "main1")}
    assert alphastar_league.main([*words, "--resume"]) == 0
    assert load_checkpoint(tmp_path / "main.pt", lms()).counters["decisions"] == decisions
