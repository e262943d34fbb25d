"""Imitation conditioned on how seats played and how strong they are: inputs, library, resume; play in a style."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from botgame import rng
from botgame.bot_names import in_style, is_checkpoint, names_a_style, split_style
from botgame.errors import UserError
from botgame.feedback import read_manifests, read_streams
from botgame.game import ScriptedPolicy
from botgame.lms.game import lms
from botgame.lms.replay.format import read, write
from botgame.lms.replay.resimulate import resimulate
from botgame.lms.rules import BOLT, DEFENCE
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.play import play
from botgame.policies import load_policy
from botgame.server import live, run_match
from botgame.server import play as play_command
from botgame.setups import mirrored_setups
from botgame.training import alphastar_imitation as imitation
from botgame.training import evaluate
from botgame.training.alphastar.checkpoint import load_checkpoint, load_state
from botgame.training.alphastar.imitation.cloning import Cloner
from botgame.training.alphastar.learner import diagnostics
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.imitation.conditioning import LEAST_GAMES, fitted_ratings, measure_conditions
from botgame.training.imitation.run import ImitationRun
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import ReplaySource, SeatPlan
from matches import recorded
from short_arena import SHORT

torch.set_num_threads(1)
LEGAL = ARENA_SPEC.slices["verb"].start


def bolts(observation, memory, keys):
    """Stands still and shoots ahead whenever it can."""
    return _action(keys, np.where(observation["legal"][:, LEGAL + BOLT], BOLT, 0), move=0)


def wards(observation, memory, keys):
    """Walks about and raises its ward whenever it can."""
    moves = 1 + (8 * rng.uniforms(keys, 1)[:, 0]).astype(np.int64)
    return _action(keys, np.where(observation["legal"][:, LEGAL + DEFENCE], DEFENCE, 0), move=moves)


def _action(keys, verb, move):
    actions = np.zeros((len(keys), 6), np.int64)
    actions[:, 0], actions[:, 1], actions[:, 2] = verb, 5, move
    return actions


NAMES = ("bolts", "wards")
BOTS = {"bolts": ScriptedPolicy("bolts", bolts), "wards": ScriptedPolicy("wards", wards)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve duels of two bots that could not play more differently."""
    folder = tmp_path_factory.mktemp("data")
    for replay in recorded(list(BOTS.values()), mirrored_setups(lms(), 7, 6, duration_ticks=450)):
        write(folder, replay)
    return folder


@pytest.fixture(scope="module")
def few(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of them, where it does not matter what a network learns."""
    folder = tmp_path_factory.mktemp("few")
    for path in sorted(data.glob("*.lmsr"))[:4]:
        shutil.copy(path, folder)
    return folder


def source(data: Path, seats: str = "all") -> ReplaySource:
    return ReplaySource(
        lms(), data, SeatChoice(tuple(seats.split(","))), read_manifests(None), read_streams(None), lambda _line: None
    )


def flags(data: Path, output: Path, *more: str) -> list[str]:
    return [
        *("--data-dir", str(data), "--output", str(output), "--preset", "tiny", "--cpu", "--threads", "1"),
        *("--epochs", "2", "--batch-size", "32", "--save-every", "9", "--eval-every", "0", "--final-matches", "2"),
        *("--feedback-dir", str(data / "none"), "--reports-live-dir", str(data / "none"), "--seats", "all"),
        *(*SHORT, *more),
    ]


TOLD = ("--z-opening", "0.8", "--z-totals", "0.5", "--rating-input", "0.9", "--player-input", "0.7")


@pytest.fixture(scope="module")
def styled(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network that learned both bots, conditioned on the totals of each seat."""
    output = tmp_path_factory.mktemp("styled") / "pi.pt"
    words = flags(data, output, "--z-totals", "0.9", "--epochs", "8", "--lr", "5e-3", "--temperature", "1")
    assert imitation.main(words) == 0
    return output


def totals_of_play(name: str, matches: int = 12) -> np.ndarray:
    """Mean totals of `name` against an idle bot, scaled, float64 [A]."""
    game, meters, rows = lms(), [], []

    def listen(simulation):
        meters.append(game.statistic_z.meter(simulation))
        return meters[0]

    policies = [load_policy(game, name), load_policy(game, "idle")]
    setups = mirrored_setups(game, 900, matches // 2, duration_ticks=450)
    for ended in play(game, policies, setups, slots=matches, listen=listen):
        row = meters[0].final(ended.episode)[ended.setup.players.index(0)]
        rows.append(row[ARENA_Z_SPEC.parts["totals"]])
    return np.mean(rows, axis=0)


def test_the_statistics_of_its_play_follow_the_style_asked_for(styled: Path, tmp_path: Path) -> None:
    """One network plays like either of its teachers, asked by name or by file; without a style like neither."""
    library = Conditioning.restore(load_checkpoint(styled, lms()).conditioning).library
    wanted = {name: library.typical(name)[ARENA_Z_SPEC.parts["totals"]] for name in NAMES}
    played = {name: totals_of_play(f"{styled}@{name}") for name in NAMES}
    bolt, ward = (
        next(k for k, e in enumerate(ARENA_Z_SPEC.totals) if e.name == f"use_{n}") for n in ("bolt", "defence")
    )
    assert played["bolts"][bolt] > 3 * played["wards"][bolt]
    assert played["wards"][ward] > 3 * played["bolts"][ward]
    for name, other in (NAMES, NAMES[::-1]):
        own, others = np.abs(played[name] - wanted[name]).mean(), np.abs(played[name] - wanted[other]).mean()
        assert own < 0.5 * others, name
    file = tmp_path / "style.json"
    totals = {entry.name: float(v) * entry.scale for entry, v in zip(ARENA_Z_SPEC.totals, wanted["wards"], strict=True)}
    file.write_text(json.dumps({"format": "botgame-style-1", "game": "lms-arena", "opening": None, "totals": totals}))
    np.testing.assert_allclose(totals_of_play(f"{styled}@{file}"), played["wards"], atol=0.05)


def test_a_network_that_is_told_who_plays_plays_like_whom_it_is_asked_for(data: Path, tmp_path: Path, capsys) -> None:
    output = tmp_path / "pi.pt"
    words = ("--player-input", "0.9", "--epochs", "8", "--lr", "5e-3", "--temperature", "1")
    assert imitation.main(flags(data, output, *words)) == 0
    assert "players that can be asked for: bolts, wards" in " ".join(capsys.readouterr().err.split())
    conditioning = Conditioning.restore(load_checkpoint(output, lms()).conditioning)
    assert conditioning.inputs.players == NAMES
    assert not len(conditioning.library)
    played = {name: totals_of_play(f"{output}@{name}") for name in NAMES}
    bolt, ward = ([e.name for e in ARENA_Z_SPEC.totals].index(f"use_{slot}") for slot in ("bolt", "defence"))
    assert played["bolts"][bolt] > 3 * played["wards"][bolt]
    assert played["wards"][ward] > 3 * played["bolts"][ward]
    with pytest.raises(UserError, match=r"imitated player \(bolts, wards\)"):
        load_policy(lms(), f"{output}@style.json")
    fine_tuned = ["--data-dir", str(data), "--output", str(tmp_path / "more.pt"), "--start-checkpoint", str(output)]
    assert imitation.main([*fine_tuned, *words[:2]]) == 2
    assert "--player-input: the network of --start-checkpoint stays as it is" in " ".join(
        capsys.readouterr().err.split()
    )


def test_names_of_styled_bots() -> None:
    assert all(map(names_a_style, ("kiter", "human:Ann", "old.pt", "a@b")))
    assert not any(map(names_a_style, ("", "kiter~0.3", "level-3", "old.pt@kiter")))
    assert split_style("a/pi.pt@rusher") == ("a/pi.pt", "rusher")
    assert split_style("a@b/pi.pt") == ("a@b/pi.pt", "")
    assert split_style("x.pt@y.pt@z.json") == ("x.pt@y.pt", "z.json")
    assert is_checkpoint("a/pi.pt@rusher")
    assert not is_checkpoint("lms_re")
    assert in_style(["pi.pt", "lms_re", "pi.pt@kiter"], "rusher") == ["pi.pt@rusher", "lms_re", "pi.pt@kiter"]
    assert in_style(["lms_re"], None) == ["lms_re"]
    with pytest.raises(UserError, match="--style rusher: none of lms_re, random is a checkpoint"):
        in_style(["lms_re", "random"], "rusher")


@pytest.fixture
def totals(styled: Path, tmp_path: Path) -> dict[str, np.ndarray]:
    """Totals of the checkpoint's seat in matches recorded with `--style`."""
    means = {}
    for name in NAMES:
        folder = tmp_path / name
        words = ["--bots", f"{styled},idle", "--style", name, "--record-replay", "--data-dir", str(folder)]
        assert run_match.main([*words, "--num-matches", "4", "--episode-duration", "15"]) == 0
        matches = list(resimulate([read(path) for path in sorted(folder.glob("*.lmsr"))], statistic_z=True))
        assert {match.replay.header.seats[0].policy for match in matches} == {f"{styled}@{name}"}
        means[name] = np.mean([match.statistics[0] for match in matches], axis=0)[ARENA_Z_SPEC.parts["totals"]]
    return means


def test_commands_steer_by_a_flag(styled: Path, totals: dict[str, np.ndarray], tmp_path: Path, monkeypatch) -> None:
    bolt = [entry.name for entry in ARENA_Z_SPEC.totals].index("use_bolt")
    assert totals["bolts"][bolt] > 3 * totals["wards"][bolt]
    report = tmp_path / "report.json"
    words = [str(styled), "idle", "--style", "wards", "--matches", "2", "--episode-duration", "15"]
    assert evaluate.main([*words, "--json", str(report)]) == 0
    assert f"{styled}@wards" in report.read_text()
    served = []

    def make_server(options, _on_start):
        served.append(options.bots)
        return SimpleNamespace(run_until_stopped=lambda: 0, options=options)

    monkeypatch.setattr(live, "make_server", make_server)
    monkeypatch.setattr(play_command, "make_server", make_server)
    assert live.main(["--bots", f"lms_re,{styled}", "--style", "wards"]) == 0
    assert play_command.main([str(styled), "--style", "wards", "--no-browser"]) == 0
    assert served[0] == ("lms_re", f"{styled}@wards")
    assert served[1][0] == f"{styled}@wards"


@pytest.mark.parametrize("command", [run_match, live, evaluate, play_command])
def test_a_style_without_a_checkpoint_is_a_usage_error(command, capsys) -> None:
    bots = {run_match: ["--bots", "lms_re,random"], live: ["--bots", "lms_re"], evaluate: ["lms_re", "random"]}
    assert command.main([*bots.get(command, ["lms_re"]), "--style", "rusher"]) == 2
    assert "--style rusher" in capsys.readouterr().err


def test_unknown_styles_are_one_line_that_says_what_there_is(styled: Path, few: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bolts, wards"):
        load_policy(lms(), f"{styled}@nobody")
    with pytest.raises(UserError, match="no such checkpoint"):
        load_policy(lms(), f"{tmp_path / 'none.pt'}@bolts")
    plain = tmp_path / "plain.pt"
    assert imitation.main(flags(few, plain, "--epochs", "1")) == 0
    with pytest.raises(UserError, match="--z-totals"):
        load_policy(lms(), f"{plain}@bolts")
    assert load_checkpoint(plain, lms()).conditioning == {}
    assert "condition" not in " ".join(load_checkpoint(plain, lms()).weights)


def test_the_conditions_of_seats_and_what_the_checkpoint_keeps(data: Path) -> None:
    one = source(data)
    inputs = ConditionSpec(ARENA_Z_SPEC, opening=True, totals=True, rating=True)
    conditioning = measure_conditions(one, inputs)
    assert len(one.conditions) == len(conditioning.library) == one.usage.seats == 24
    assert set(conditioning.library.policies) == set(NAMES)
    assert np.isnan(conditioning.top_rating)  # nobody has a rating and `lms_re` did not play
    conditions = {t.name: t.condition for t in one.read(range(len(one.sizes)))}
    for name, condition in conditions.items():
        np.testing.assert_array_equal(condition, one.conditions[name])
        opening, totals = (inputs.blocks[block].start for block in ("opening", "totals"))
        assert condition[opening] == condition[totals] == 1
        assert not condition[inputs.blocks["rating"]].any()
    winners = source(data, "winners")
    library = measure_conditions(winners, inputs).library
    assert len(library) == winners.usage.seats < 24  # seats that are not imitated: no style


def test_ratings_are_fitted_where_nobody_said_them() -> None:
    def seat(policy: str, place: int) -> SeatPlan:
        return SeatPlan(1.0, 0.0, 0.0, 10, policy, 0, place, None)

    matches = [[seat("lms_re", 2), seat("strong", 1)]] * 30 + [[seat("lms_re", 1), seat("weak", 2)]] * 30
    matches += [[seat("lms_re", 1), seat("rare", 2)]] * (LEAST_GAMES - 1) + [
        [seat("lms_re", 1), seat("strong", 2)]
    ] * 10
    fitted = fitted_ratings(matches, "lms_re")
    assert fitted["lms_re"] == 0
    assert 100 < fitted["strong"] < 300  # 30 of 40: some 190
    assert fitted["weak"] < -300
    assert "rare" not in fitted
    assert fitted_ratings([[seat("a", 1), seat("b", 2)]] * 30, "lms_re") == {}


def test_a_match_that_was_broken_off_says_nothing_of_ratings() -> None:
    def seat(policy: str, result: float) -> SeatPlan:
        return SeatPlan(1.0, 0.0, result, 10, policy, 0, 1 if np.isnan(result) else 1 + (result < 0), None)

    decided = [[seat("lms_re", -1.0), seat("strong", 1.0)]] * 30
    open_ones = [[seat("lms_re", np.nan), seat("strong", np.nan)]] * 30
    assert fitted_ratings(decided + open_ones, "lms_re") == fitted_ratings(decided, "lms_re")


def lines_of(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in path.with_suffix(".metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if not name.startswith("time_")} for line in lines]


@pytest.mark.parametrize("capacity", ["400000", "200"], ids=["all in memory", "streamed in chunks"])
def test_a_run_with_everything_on_resumes_to_the_same_bits(
    few: Path, tmp_path: Path, capacity: str, monkeypatch
) -> None:
    """Stopped in the middle of an epoch of either phase and gone on with: the same weights, metrics and library."""
    whole, broken = tmp_path / "whole.pt", tmp_path / "broken.pt"
    more = (*TOLD, "--winner-epochs", "2", "--capacity", capacity, "--lr", "1e-3", "--winner-lr", "1e-4")
    assert imitation.main(flags(few, whole, *more)) == 0
    for stop_at, epoch in ((5, 0), (33, 2)):
        stop_after(stop_at, monkeypatch)
        assert imitation.main([*flags(few, broken, *more), "--resume"]) == 130
        monkeypatch.undo()
        state = load_state(broken.with_suffix(".resume.pt"))
        assert (state["cloner"]["updates"], state["epoch"]) == (stop_at, epoch)
    assert imitation.main([*flags(few, broken, *more), "--resume"]) == 0
    mine, other = load_checkpoint(broken, lms()), load_checkpoint(whole, lms())
    assert all(torch.equal(mine.weights[name], tensor) for name, tensor in other.weights.items())
    assert mine.counters == other.counters
    assert lines_of(broken) == lines_of(whole)
    assert torch.equal(mine.conditioning["library"]["rows"], other.conditioning["library"]["rows"])


def stop_after(updates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the run be stopped when that many updates are made."""
    learn = ImitationRun.train

    def train(run, metrics, stop):
        for event in learn(run, metrics, stop):
            stop.requested = run.cloner.updates >= updates
            yield event

    monkeypatch.setattr(ImitationRun, "train", train)


def test_epochs_on_winners_follow_at_their_own_rate(few: Path, tmp_path: Path, capsys) -> None:
    first, second = tmp_path / "first.pt", tmp_path / "second.pt"
    short, winning = ("--epochs", "1"), ("--winner-epochs", "1", "--winner-lr", "1e-6", "--epochs", "1")
    assert imitation.main(flags(few, first, *short)) == 0
    assert imitation.main(flags(few, second, *winning)) == 0
    one, two = load_checkpoint(first, lms()), load_checkpoint(second, lms())
    winners, seen = source(few).winning_decisions, two.counters["decisions"] - one.counters["decisions"]
    assert 0.8 * winners < seen <= winners  # tails of weight 0 are left out
    assert two.counters["epochs"] == 2
    moved = max(float((two.weights[name] - weight).abs().max()) for name, weight in one.weights.items())
    assert 1e-6 < moved < 1e-6 * 4 * two.counters["updates"]  # Adam moves a weight by about its rate an update
    assert imitation.main(flags(few, second, *winning, "--epochs", "2", "--resume")) == 2
    assert "winners have begun" in capsys.readouterr().err


def test_a_loss_that_is_no_number_stops_before_the_weights_change(
    data: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, loss = tmp_path / "pi.pt", Cloner._loss
    kept = []

    def broken(cloner, *args):
        kept.append(all(bool(weights.isfinite().all()) for weights in cloner.network.parameters()))
        return loss(cloner, *args) * (math.nan if cloner.updates == 12 else 1.0)

    monkeypatch.setattr(Cloner, "_loss", broken)
    assert imitation.main(flags(data, output)) == 1
    assert kept == [True] * 13
    error = " ".join(capsys.readouterr().err.split())
    assert "lower --lr; the last good checkpoint: none yet" in error
    assert lines_of(output)[-1]["diagnostic/nan"] == 1.0
    assert not output.exists()


def test_what_is_flagged_is_named_and_the_checkpoint_from_before_is_kept(
    few: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, of_first_epoch = tmp_path / "pi.pt", []

    def failing(_metrics, _heads, _bounds, _first):
        if output.exists() and not of_first_epoch:
            of_first_epoch.append(load_checkpoint(output, lms()).counters)
        return {"uniform/aim": "it has learned nothing"} if of_first_epoch else {}

    monkeypatch.setattr(diagnostics, "failing", failing)
    more = ("--eval-every", "1", "--eval-matches", "2", "--save-every", "5", "--epochs", "3")
    assert imitation.main(flags(few, output, *more)) == 0
    error = " ".join(capsys.readouterr().err.split())
    good = rf"last good checkpoint: {tmp_path}/pi\.good\.pt"
    assert re.search(rf"diagnostic uniform/aim after \d+ updates, .*{good}", error)
    assert load_checkpoint(output.with_suffix(".good.pt"), lms()).counters == of_first_epoch[0]
    assert of_first_epoch[0]["epochs"] == 1
    assert "diagnostic/uniform/aim" in lines_of(output)[-1]


def test_a_healthy_run_has_nothing_flagged(styled: Path) -> None:
    assert not styled.with_suffix(".good.pt").exists()
    assert "diagnostic" not in styled.with_suffix(".metrics.jsonl").read_text()


@pytest.mark.parametrize(
    ("more", "words"), [(("--z-totals", "1.5"), "--z-totals"), (("--winner-lr", "0"), "--winner-lr")]
)
def test_flags_out_of_range(data: Path, tmp_path: Path, more: tuple[str, ...], words: str, capsys) -> None:
    with pytest.raises(SystemExit):
        imitation.main(flags(data, tmp_path / "pi.pt", *more))
    assert words in capsys.readouterr().err


def test_nobody_won_is_a_named_error(data: Path, tmp_path: Path, capsys) -> None:
    losers = tmp_path / "losers"
    draws = next(path for path in sorted(data.glob("*.lmsr")))
    losers.mkdir()
    (losers / draws.name).write_bytes(draws.read_bytes())
    loser = next(plan.policy for plan in source(losers).matches[0][1] if plan.result <= 0)
    words = flags(losers, tmp_path / "pi.pt", "--winner-epochs", "1")
    words[words.index("all")] = loser
    assert imitation.main(words) == 2
    assert "--winner-epochs" in capsys.readouterr().err
    assert not (tmp_path / "pi.config.json").exists()


def test_flags_of_z_cannot_change_on_resume(few: Path, tmp_path: Path, capsys) -> None:
    output = tmp_path / "pi.pt"
    assert imitation.main(flags(few, output, "--epochs", "1")) == 0
    assert imitation.main([*flags(few, output, "--resume", "--z-totals", "0.5")]) == 2
    assert "--z-totals" in capsys.readouterr().err
    assert imitation.main([*flags(few, output, "--resume"), "--epochs", "2"]) == 0
    assert load_checkpoint(output, lms()).counters["epochs"] == 2
