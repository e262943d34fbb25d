"""Imitation from recorded matches: what it uses, what it refuses, and that a killed run ends like one that was not."""

import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from botgame.errors import UserError
from botgame.feedback import Decision, Mark, MatchRecord, SeatRecord, encode_line, read_manifests, read_streams
from botgame.lms.game import lms
from botgame.lms.replay.format import read, write
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training import alphastar_imitation as imitation
from botgame.training.alphastar.checkpoint import load_checkpoint, load_state
from botgame.training.imitation.seat_choice import SeatChoice
from botgame.training.imitation.source import CORRECTION_WEIGHT, ReplaySource
from forked import Forked, needs_forks
from matches import recorded
from short_arena import SHORT

POLICIES = ("lms_re", "rusher")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six short duels of `lms_re` against `rusher`."""
    folder = tmp_path_factory.mktemp("data")
    setups = mirrored_setups(lms(), 7, 3, duration_ticks=600)
    for replay in recorded([load_policy(lms(), name) for name in POLICIES], setups):
        write(folder / "deep", replay)
    return folder


def source(data: Path, live: Path | None = None, seats: str = "lms_re,human") -> ReplaySource:
    return ReplaySource(
        lms(), data, SeatChoice(tuple(seats.split(","))), read_manifests(live), read_streams(live), lambda _line: None
    )


def flags(data: Path, output: Path, *more: str) -> list[str]:
    return [
        *("--data-dir", str(data), "--output", str(output), "--preset", "tiny", "--cpu", "--threads", "1"),
        *("--epochs", "2", "--batch-size", "32", "--window", "8", "--save-every", "7", "--eval-every", "2"),
        *("--eval-matches", "2", "--final-matches", "2", "--feedback-dir", str(data / "none"), *SHORT, *more),
    ]


def everything(one: ReplaySource) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Actions, weights and outcome of every trajectory by name."""
    return {t.name: (t.actions, t.weights, t.outcome) for t in one.read(range(len(one.sizes)))}


def test_seats_are_chosen_by_policy_by_result_or_all(data: Path) -> None:
    experts, winners, every = (source(data, seats=words) for words in ("lms_re", "winners", "all"))
    assert (experts.usage.seats, every.usage.seats) == (6, 12)
    headers = [read(path).header for path in sorted(data.rglob("*.lmsr"), key=lambda path: path.name)]
    assert experts.usage.decisions == sum(s.decisions for h in headers for s in h.seats if s.policy == "lms_re")
    assert set(everything(experts)) < set(everything(every))
    assert all(outcome == 1.0 for _, _, outcome in everything(winners).values())
    assert len(everything(winners)) == winners.usage.seats > 0


def write_live(folder: Path, name: str, *values: Decision | Mark | MatchRecord) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(map(encode_line, values)))


def test_corrections_and_marks_change_what_is_learned(data: Path, tmp_path: Path) -> None:
    path = sorted(data.rglob("*.lmsr"))[0]
    replay = read(path)
    rusher = next(k for k, seat in enumerate(replay.header.seats) if seat.policy == "rusher")
    mine = replay.decisions.seat == rusher
    tick = int(replay.decisions.tick[mine][5])
    expert_ticks = replay.decisions.tick[~mine]
    good, bad = int(expert_ticks[3]), int(expert_ticks[-4])
    write_live(
        tmp_path / "run",
        "feedback_stream.jsonl",
        Decision(path.name, rusher, tick, [1, 2, 3, 0, 9, 0], "human"),
        Decision(path.name, rusher, tick + 100_000, [1, 2, 3, 0, 9, 0], "human"),
        Decision(path.name, rusher, tick, [99, 2, 3, 0, 9, 0], "human"),
        Decision(path.name, rusher, tick, [0, 0, 0, 0, 0, 0], "bot"),
        Mark(path.name, 1 - rusher, 0, good, "good"),
        Mark(path.name, 1 - rusher, bad, 10_000, "bad"),
        Mark("no_such.lmsr", 0, 0, 1, "good"),
    )
    plain, fed = source(data), source(data, tmp_path)
    assert (fed.usage.corrections, fed.usage.corrections_unmatched) == (1, 2)
    assert (fed.usage.marks, fed.usage.marks_unmatched) == (2, 1)
    before, after = everything(plain), everything(fed)
    assert set(after) - set(before) == {f"{path.name}:{rusher}"}
    actions, weights, _ = after[f"{path.name}:{rusher}"]
    assert (weights.nonzero()[0].tolist(), weights[5]) == ([5], CORRECTION_WEIGHT)
    assert actions[5].tolist() == [1, 2, 3, 0, 9, 0]
    weights = after[f"{path.name}:{1 - rusher}"][1]
    assert weights[:4].tolist() == [2.0] * 4
    assert weights[4:-4].tolist() == [1.0] * (len(weights) - 8)
    assert weights[-4:].tolist() == [0.0] * 4


def test_live_outcomes_and_ratings_override_the_replay(data: Path, tmp_path: Path) -> None:
    path = sorted(data.rglob("*.lmsr"))[0]
    expert = next(k for k, seat in enumerate(read(path).header.seats) if seat.policy == "lms_re")
    seats = [SeatRecord("somebody", place=1), SeatRecord("somebody", place=1)]
    seats[expert] = SeatRecord("lms_re", rating=400.0, place=1)  # the first place was shared
    missing = MatchRecord("m2", "gone.lmsr", [SeatRecord("a"), SeatRecord("b")])
    write_live(tmp_path / "run", "manifest.jsonl", MatchRecord("m1", path.name, seats), missing)
    fed = source(data, tmp_path)
    usage = fed.usage
    assert (usage.live_matches, usage.live_matches_unmatched, usage.ratings, usage.outcomes) == (1, 1, 1, 2)
    _, weights, outcome = everything(fed)[f"{path.name}:{expert}"]
    assert (outcome, weights[0]) == (0.0, pytest.approx(20 / 11))
    assert everything(source(data))[f"{path.name}:{expert}"][1][0] == 1.0


def test_a_live_replay_elsewhere_joins_the_data(data: Path, tmp_path: Path) -> None:
    replay, *rest = sorted(data.rglob("*.lmsr"))
    recorded, live = tmp_path / "recorded", tmp_path / "live"
    recorded.mkdir()
    live.mkdir()
    for path in rest:
        (recorded / path.name).write_bytes(path.read_bytes())
    (live / "other.lmsr").write_bytes(replay.read_bytes())
    write_live(live, "manifest.jsonl", MatchRecord("m", "other.lmsr", [SeatRecord("a"), SeatRecord("b")]))
    usage = source(recorded, live).usage
    assert (usage.replays, usage.live_matches, usage.live_matches_unmatched) == (len(rest) + 1, 1, 0)


def test_bad_files_are_named_and_skipped(data: Path, tmp_path: Path) -> None:
    for path in data.rglob("*.lmsr"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first, second = sorted(tmp_path.glob("*.lmsr"))[:2]
    first.write_bytes(first.read_bytes()[:200])
    second.write_bytes(b"something else entirely")
    told: list[str] = []
    one = ReplaySource(lms(), tmp_path, SeatChoice(("all",)), read_manifests(None), read_streams(None), told.append)
    assert (one.usage.replays, one.usage.skipped) == (4, 2)
    assert [line.split(":")[0] for line in told] == [str(first), str(second)]


def test_a_small_run_writes_every_artefact_lowers_the_loss_and_can_be_extended(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "pi.pt"
    assert imitation.main(flags(data, output, "--epochs", "4", "--lr", "3e-3")) == 0
    for suffix in (".pt", ".best.pt", ".epoch000002.pt", ".resume.pt", ".config.json", ".metrics.jsonl", ".tb"):
        assert output.with_suffix(suffix).exists(), suffix
    lines = [json.loads(line) for line in output.with_suffix(".metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.8 * losses[0]
    assert lines[-1]["final_matches/random"] == 2
    checkpoint = load_checkpoint(output, lms())
    assert (checkpoint.kind, checkpoint.counters["epochs"]) == ("imitation", 4)
    assert "6 replays" in capsys.readouterr().err
    again = flags(data, output, "--lr", "3e-3", "--resume")
    assert imitation.main([*again, "--epochs", "4"]) == 0
    assert "finished already after 4 epochs;" in capsys.readouterr().err
    assert imitation.main([*again, "--epochs", "5"]) == 0
    assert load_checkpoint(output, lms()).counters["epochs"] == 5
    assert imitation.main([*again, "--epochs", "6", "--lr", "0.1"]) == 2
    assert "--lr" in capsys.readouterr().err


def comparable(output: Path) -> tuple[list[dict[str, float]], dict[str, torch.Tensor], dict[str, int]]:
    checkpoint = load_checkpoint(output, lms())
    lines = [json.loads(line) for line in output.with_suffix(".metrics.jsonl").read_text().splitlines()]
    untimed = [{name: value for name, value in line.items() if not name.startswith("time_")} for line in lines]
    return untimed, checkpoint.weights, checkpoint.counters


def assert_same_run(one: Path, other: Path) -> None:
    (lines, weights, counters), (lines2, weights2, counters2) = comparable(one), comparable(other)
    assert lines == lines2
    assert counters == counters2
    assert all(torch.equal(weights[name], weights2[name]) for name in weights)
    best, best2 = (load_checkpoint(path.with_suffix(".best.pt"), lms()) for path in (one, other))
    assert best.counters == best2.counters


def updates_saved(output: Path) -> int:
    """How many updates the run's resume file has; -1: it has none, as for a moment while the run replaces it."""
    try:
        return int(load_state(output.with_suffix(".resume.pt"))["cloner"]["updates"])
    except UserError:
        return -1


@needs_forks
@pytest.mark.parametrize(
    ("capacity", "kills"), [("400000", 1), ("150", 2)], ids=["all in memory", "streamed in chunks"]
)
def test_a_killed_run_resumes_to_the_same_bits(data: Path, tmp_path: Path, capacity: str, kills: int) -> None:
    whole, broken = tmp_path / "whole.pt", tmp_path / "broken.pt"
    assert imitation.main(flags(data, whole, "--capacity", capacity)) == 0
    for _ in range(kills):
        child = Forked(imitation.MODULE, *flags(data, broken, "--capacity", capacity), "--resume")
        before = updates_saved(broken)
        while child.poll() is None and updates_saved(broken) <= before:
            time.sleep(0.01)
        child.kill()
        child.communicate()
    assert imitation.main([*flags(data, broken, "--capacity", capacity), "--resume"]) == 0
    assert_same_run(whole, broken)


@needs_forks
def test_ctrl_c_saves_and_says_how_to_go_on(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "pi.pt"
    child = Forked(imitation.MODULE, *flags(data, output, "--epochs", "500", "--eval-every", "0"))
    while child.poll() is None and not output.with_suffix(".resume.pt").exists():
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert f"python -m {imitation.MODULE}" in said
    assert said.rstrip().endswith("--resume")
    assert output.exists()
    assert imitation.main(flags(data, output, "--epochs", "500")) == 2
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("capacity", ["400000", "150"], ids=["all in memory", "streamed in chunks"])
def test_replays_of_which_none_goes_as_recorded_train_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], capacity: str
) -> None:
    for path in data.rglob("*.lmsr"):
        replay = read(path)
        header = msgspec.structs.replace(replay.header, seed=replay.header.seed // 2)
        write(tmp_path / "altered", replace(replay, header=header))
    assert imitation.main(flags(tmp_path / "altered", tmp_path / "pi.pt", "--capacity", capacity)) == 1
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: no replay could be re-simulated")
    assert not (tmp_path / "pi.pt").exists()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--data-dir", "nowhere"], 1, "run_match"),
        (["--seats", "nobody"], 2, "--seats all"),
        (["--batch-size", "99999"], 2, "--batch-size"),
    ],
)
def test_mistakes_are_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, words: str
) -> None:
    assert imitation.main([*flags(data, tmp_path / "pi.pt"), *more]) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("error: ")
    assert words in said[-1]
    assert not list(tmp_path.iterdir())
