"""The ablations' harness: sound arms, honest intervals, a sitting that goes on where it was stopped, its report."""

import importlib
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import torch

import ablation_runs
import ablations
from ablation_arms import ARMS, BY_NAME, Arm, Plan, chosen, measuring, past_selves, training
from ablation_child import CPU_FILE
from ablation_page import markers, picture, replaced, section
from ablation_panels import MEASURES, PANELS, Found
from ablation_runs import CHILD, Job, Sitting, cpu_minutes, finished, result_path, worst_past
from ablation_statistics import difference, t_interval, verdict
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.ratings import Interval
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from botgame.training.alphastar.league.league import League, LeagueConfig
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.league.files import LeagueState, write_state
from league_rules import NoWeights

torch.set_num_threads(1)
TINY = (
    "--actor-rollouts 1 --learner-updates 1 --unroll-length 8 --batch-size 4 --matches-per-actor 2 "
    "--min-replay-sequences 1 --value-iterations 0 --save-every 1"
)


def parsed(command):
    return importlib.import_module(command[0]).build_parser().parse_args(command[1:])


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_every_command_parses(arm: Arm) -> None:
    plan = Plan(Path("out"), Path("data"), budget=1000)
    options = parsed(training(arm, 3, plan))
    assert options.seed == 3
    assert options.resume
    assert options.threads == 1
    if arm.kind in ("rl", "league"):
        assert options.decisions == pytest.approx(1000 / arm.price, abs=0.5)
    if arm.kind == "league":
        assert options.main_exploiters + options.league_exploiters == arm.exploiters
    if measure := measuring(arm, 3, plan):
        assert "lms_re" in parsed(measure).policies


def test_arms_are_sound() -> None:
    names = [arm.name for arm in ARMS]
    assert len(set(names)) == len(names)
    made = [tuple(training(arm._replace(name="x"), 0, Plan(Path("o"), Path("d")))) for arm in ARMS]
    assert len(set(made)) == len(made), "two arms do the same"
    for arm in ARMS:
        assert all(names.index(need) < names.index(arm.name) for need in arm.needs), arm.name
    assert [arm.name for arm in chosen(["response-kl"])] == ["imitation", "kl", "response-kl"]


def test_the_page_names_arms_that_are_there() -> None:
    page = (Path(ablations.ROOT) / "docs" / "ablations.md").read_text(encoding="utf-8")
    given = re.findall(r"--arms (\S+)", page.partition("<!-- ")[0])
    assert given
    assert chosen([name for words in given for name in words.split(",")])


def test_panels_name_arms_and_measures() -> None:
    for panel in PANELS:
        assert set(panel.paper) | set(panel.bars) <= set(panel.arms) <= set(BY_NAME)
        for claim in panel.claims:
            assert {claim.higher, claim.lower} <= set(BY_NAME)
            assert claim.measure in MEASURES
            assert claim.measure != "rating" or {claim.higher, claim.lower} <= set(panel.arms)


def test_intervals_and_verdicts_by_hand() -> None:
    # t(0.975, 2) = 4.302653; the sample deviation of 1, 2, 3 is 1
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx(
        (2.0, 2.0 - 4.302653 / 3**0.5, 2.0 + 4.302653 / 3**0.5), abs=1e-6
    )
    assert t_interval([7.0]) == (7.0, -math.inf, math.inf)
    with pytest.raises(ValueError, match="a value"):
        t_interval([])
    gap = difference({0: 110.0, 1: 122.0, 2: 90.0}, {0: 100.0, 1: 110.0, 5: 0.0})
    assert gap.estimate == 11.0  # 10 and 12: the seeds that both have
    assert gap.high - gap.estimate == pytest.approx(12.706205, abs=1e-5)  # t(0.975, 1) x sqrt(2) / sqrt(2)
    assert verdict(gap) == "undecided"
    assert verdict(Interval(3.0, 1.0, 5.0)) == "confirmed"
    assert verdict(Interval(-3.0, -5.0, -1.0)) == "refuted"
    assert verdict(Interval(3.0, 0.0, 6.0)) == "undecided"
    assert verdict(None) == verdict(t_interval([9.0])) == "undecided"
    assert difference({0: 1.0}, {1: 1.0}) is None


def test_the_worst_past_self_is_not_made_worse_by_chance() -> None:
    """Four past selves, all beaten in 55 % of 100 duels each: the least of the four rates is 50 % in the mean."""
    random, found, least = np.random.default_rng(0), [], []
    for _ in range(300):
        won = random.binomial(2, 0.55, (4, 50))
        pairs = [{"b": str(k), "seeds": [[float(points), 2] for points in each]} for k, each in enumerate(won)]
        found.append(worst_past(pairs))
        least.append(won.mean(axis=1).min() / 2)
    assert np.mean(found) == pytest.approx(0.55, abs=0.01)
    assert np.mean(least) < 0.51


def with_copies(home: Path, count: int, *, mark: int) -> None:
    """The files of a league of 100 decisions whose main agent has been frozen so often, at last after `mark`."""
    league = League.start(LeagueConfig(), 0, NoWeights())
    league.learners["main1"].steps, league.learners["main1"].mark = 100, mark
    (home / "players").mkdir(parents=True)
    write_state(home / "league_state.json", LeagueState("lms", league, "lms_re", 1, 1, 0))
    for number in range(count):
        (home / "players" / f"main1.v{number}.pt").touch()


@pytest.mark.parametrize(
    ("count", "mark", "chosen"), [(11, 90, [0, 3, 7, 10]), (11, 91, [0, 3, 6, 9]), (2, 95, [0]), (4, 50, [0, 1, 2, 3])]
)
def test_past_selves_are_spread_in_order_and_not_of_the_last_tenth(
    count: int, mark: int, chosen: list[int], tmp_path: Path
) -> None:
    plan = Plan(tmp_path, tmp_path)
    with_copies(plan.home("self-play", 0), count, mark=mark)
    found = [path.stem for path in past_selves(BY_NAME["self-play"], 0, plan)]
    assert found == [f"main1.v{number}" for number in chosen]
    assert past_selves(BY_NAME["imitation"], 0, plan) == []


def test_a_command_ends_with_the_harness(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    child = subprocess.Popen(
        [sys.executable, str(CHILD), "sleeper"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert child.stdout.readline().strip() == b"up"
    child.stdin.close()
    assert child.wait(20) == 75
    child.stdout.close()
    (tmp_path / "quick.py").write_text(
        "import sys, time\nwhile time.process_time() < 1: pass\nsys.exit(int(sys.argv[1]))\n"
    )
    environment = {**os.environ, CPU_FILE: str(tmp_path / "cpu")}
    for code in (0, 3):  # else its own end is the command's
        child = subprocess.Popen(
            [sys.executable, str(CHILD), "quick", str(code)], stdin=subprocess.PIPE, cwd=tmp_path, env=environment
        )
        assert child.wait(20) == code
        child.stdin.close()
    assert cpu_minutes(tmp_path / "cpu") == pytest.approx(2 / 60, rel=0.3)
    assert cpu_minutes(tmp_path / "none") is None


def begin(words: list[str]) -> None:
    """An imitation that is there already."""
    plan = ablations.plan_of(ablations.build_parser().parse_args(words))
    network = Network(ARENA_SPEC, PRESETS["tiny"], 3)
    sizes, rules = PRESETS["tiny"].to_dict(), Rules().to_dict()
    checkpoint = Checkpoint("lms", "imitation", ARENA_SPEC, sizes, network.state_dict(), rules=rules)
    final = plan.final(BY_NAME["imitation"], 0)
    final.parent.mkdir(parents=True)
    save_checkpoint(final, checkpoint)
    result_path(plan, "imitation", 0).parent.mkdir()
    made = {"commands": [training(BY_NAME["imitation"], 0, plan)], "measures": {"lms_re": 0.25}}
    result_path(plan, "imitation", 0).write_text(json.dumps(made))


def test_a_sitting_goes_on_and_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, docs, ran = tmp_path / "out", tmp_path / "docs", []
    stopping = {"no-kl"}

    def here(sitting: Sitting, command: list[str], _log: Path, cpu: Path) -> None:
        ran.append(command)
        if any(f"/{name}/" in " ".join(command) for name in stopping):
            sitting.stopped = True
            raise ablation_runs.StoppedError
        assert importlib.import_module(command[0]).main(command[1:]) == 0
        cpu.write_text("30.0\n90.0\n")

    monkeypatch.setattr(Sitting, "_execute", here)
    monkeypatch.setattr("botgame.lms.game.DURATION_SECONDS", 10)
    words = [
        *("--arms", "kl,no-kl", "--seeds", "0", "--budget", "30", "--matches", "2", "--jobs", "1"),
        *("--output-dir", str(folder), "--docs-dir", str(docs), "--extra", TINY),
    ]
    begin(words)
    assert ablations.main(words) == 130
    assert [path.stem for path in sorted((folder / "results").iterdir())] == ["imitation.seed0", "kl.seed0"]
    first = (folder / "results" / "kl.seed0.json").read_bytes()
    stopping.clear()
    ran.clear()
    assert ablations.main(words) == 0
    assert [command[0] for command in ran] == ["botgame.training.alphastar_rl", "botgame.training.evaluate"]
    assert (folder / "results" / "kl.seed0.json").read_bytes() == first
    result = json.loads(first)
    assert 30 <= result["decisions"] < 30 + 2 * 3 * 8
    assert set(result["measures"]) >= {"lms_re", "imitation"}
    assert result["cpu_minutes"] == 2.0
    assert not list(folder.rglob("*resume.pt"))
    assert load_checkpoint(folder / "runs" / "no-kl" / "seed0" / "pi.pt", lms()).config["kl_cost"] == 0
    capsys.readouterr()
    assert ablations.main([*words, "--budget", "31"]) == 2
    assert "sizes.json: runs were made with --budget 30, now --budget 31; give" in capsys.readouterr().err
    assert ablations.main([*words, "--extra", "--preset tiny"]) == 2
    assert "now --extra '--preset tiny'; give" in capsys.readouterr().err

    docs.mkdir()
    (docs / "images").mkdir()
    old = "\n".join("\n".join((markers(panel)[0], f"old {panel.key}", markers(panel)[1])) for panel in PANELS)
    (docs / "ablations.md").write_text(f"before\n{old}\nafter\n")
    played = []

    def play(command: list[str], **_: object) -> None:
        played.append(command)
        assert importlib.import_module(command[2]).main(command[3:]) == 0

    monkeypatch.setattr(ablations.subprocess, "run", play)
    report = ["--report", "--head-matches", "2", "--seeds", "0", "--output-dir", str(folder), "--docs-dir", str(docs)]
    assert ablations.main(report) == 0
    assert ablations.main(report) == 0
    assert len(played) == 1, "the same players are not played again"
    page = (docs / "ablations.md").read_text()
    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "Sizes: 30 decisions" in page
    assert "old e" not in page
    assert "old ab" in page, "a panel without runs stays"
    assert "`scratch`" not in page, "arms without runs are left out"
    assert "| `kl`: RL from imitation, KL to it | 1 |" in page
    assert "| undecided |" in page
    assert "confirmed" not in page
    drawn = ET.parse(docs / "images" / picture(PANELS[0])).getroot()
    assert [text for text in drawn.itertext() if text == "1400 Elo"]
    assert [path.name for path in (docs / "images").iterdir()] == [picture(PANELS[0])]


def test_what_a_failed_run_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_sitting: Sitting, command: list[str], _log: Path, _cpu: Path) -> None:
        raise ablation_runs.FailedError(command[0])

    monkeypatch.setattr(Sitting, "_execute", fail)
    plan = Plan(tmp_path, tmp_path)
    sitting = Sitting(plan, [Job(arm, 0) for arm in chosen(["kl"])], workers=2, minutes=None)
    assert not sitting.work()
    assert sitting.failed == ["imitation, seed 0"]  # what needs it was not tried


def test_a_run_of_an_arm_that_has_other_flags_by_now_is_not_finished(tmp_path: Path) -> None:
    plan, arm = Plan(tmp_path, tmp_path), BY_NAME["full-league"]
    assert finished(plan, arm, 0) is None
    path = result_path(plan, arm.name, 0)
    path.parent.mkdir()
    path.write_text(json.dumps({"commands": [training(arm, 0, plan)]}))
    assert finished(plan, arm, 0) is not None
    path.write_text(json.dumps({"commands": [training(arm._replace(price=3.0), 0, plan)]}))
    assert finished(plan, arm, 0) is None


def test_what_another_sitting_has_made_meanwhile_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, arm, ran = Plan(tmp_path, tmp_path), BY_NAME["imitation"], []

    def here(_sitting: Sitting, command: list[str], _log: Path, _cpu: Path) -> None:
        ran.append(command)
        path = result_path(plan, arm.name, 1)
        path.parent.mkdir()
        path.write_text(json.dumps({"commands": [training(arm, 1, plan)]}))
        raise ablation_runs.FailedError

    monkeypatch.setattr(Sitting, "_execute", here)
    assert not Sitting(plan, [Job(arm, 0), Job(arm, 1)], workers=1, minutes=None).work()
    assert [command[0] for command in ran] == ["botgame.training.alphastar_imitation"]


def test_no_run_begins_after_the_minutes(tmp_path: Path) -> None:
    sitting = Sitting(Plan(tmp_path, tmp_path), [Job(BY_NAME["imitation"], 0)], workers=2, minutes=1e-9)
    assert not sitting.work()
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [(["--arms", "kl,wizard"], "wizard"), (["--seeds", "0,x"], "--seeds"), (["--report"], "run the")],
)
def test_mistakes_are_one_line(
    words: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablations.main([*words, "--output-dir", str(tmp_path)]) in (1, 2)
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_interval_of_a_share_ends_where_shares_do() -> None:
    rates, panel = {0: 0.9, 1: 1.0, 2: 0.99}, PANELS[0]
    values = {
        "rating": {"kl": {0: 3.0, 1: -9.0, 2: 4.0}},
        "lms_re": {"kl": rates},
        "imitation": {"kl": {0: 0.9, 1: 1.0}},
    }
    found = Found(panel, {measure: values.get(measure, {}) for measure in MEASURES}, {})
    page = section(found, Plan(Path("o"), Path("d")), [0])
    assert "imitation of 10 epochs" in page
    row = next(line for line in page.splitlines() if line.startswith("| `kl`"))
    assert "| -1 [-19, 17] | 96 % [83, 100] | 95 % |" in row  # 96.3 + 13.7 would be 110 %


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(UserError, match="markers"):
        replaced("a page", PANELS[0], "text")
