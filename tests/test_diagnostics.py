"""Diagnostics: each is flagged for its reason, once; a healthy run is silent; the last good checkpoint is kept."""

import itertools
import json
import math
import re

import pytest

from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.training import alphastar_rl
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from botgame.training.alphastar.learner import diagnostics
from botgame.training.alphastar.learner.diagnostics import Bounds, Diagnostics, Diverged, Flagged
from botgame.training.alphastar.learner.learner import Learner
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.imitation.run import BOUNDS as IMITATION_BOUNDS
from botgame.training.runs.run import handle_flagged
from glossary import PAGE, assert_glossary, metric_names
from test_learner import trainer

HEADS = ("verb", "aim", "target")
HEALTHY = {  # a row of the runbook's RL run (docs/LOG.md), iteration 100
    "episodes": 1700, "updates": 40, "staleness": 90.2, "gradient_norm": 0.55, "entropy": 0.45, "kl": 1.19,
    "entropy/verb": 0.039, "uniform/verb": 0.72, "uses/verb": 1.0, "kl/verb": 0.12,
    "entropy/aim": 0.088, "uniform/aim": 1.0, "uses/aim": 0.02, "kl/aim": 1.9,
    "entropy/target": 0.0, "uniform/target": 0.43, "uses/target": 0.3, "kl/target": 0.0,
    "explained_variance/result": 0.92, "loss/total": 0.02, "loss/value": 0.003,
}  # fmt: skip
CLONING = {
    "loss": 1.7, "loss/verb": 0.2, "uniform/verb": 1.3, "uses/verb": 1.0, "loss/aim": 0.96, "uniform/aim": 3.466,
    "uses/aim": 0.03, "loss/target": 0.0, "uniform/target": 0.69, "uses/target": 0.3, "accuracy/verb": 0.9,
}  # fmt: skip


def flagged(rows, made=None, first=1):
    """(step, name) of every diagnostic that is flagged over the rows."""
    made = made or Diagnostics(HEADS)
    return [(step, each.name) for step, row in enumerate(rows, first) for each in made.update(step, row)]


@pytest.mark.parametrize("row", [HEALTHY, CLONING], ids=["RL", "imitation"])
def test_a_healthy_run_is_silent(row):
    made = Diagnostics(HEADS)
    assert flagged([row] * 60, made) == []
    assert made.figures == {}


@pytest.mark.parametrize(
    ("change", "name", "waits"),
    [
        ({"entropy/aim": 0.998}, "uniform/aim", 20),
        ({"entropy/verb": 0.001}, "collapse/verb", 3),
        ({"kl": 74.0}, "kl", 3),
        ({"staleness": 400.0}, "staleness", 3),
        ({"loss/value": math.nan}, "nan", 1),
        ({"explained_variance/result": -math.inf}, "nan", 1),
    ],
)
def test_each_is_flagged_once_and_stays_in_the_metrics_while_it_fails(change, name, waits):
    made, bad = Diagnostics(HEADS), HEALTHY | change
    assert flagged([HEALTHY] * 5 + [bad] * 40, made) == [(5 + waits, name)]
    assert made.figures == {f"diagnostic/{name}": 1.0}
    assert flagged([HEALTHY], made) == []
    assert made.figures == {}
    assert flagged([bad] * 40, made, first=51) == [(50 + waits, name)]


def test_the_document_has_every_diagnostic_and_its_bounds():
    page = PAGE.read_text(encoding="utf-8").split("\n## Diagnostics\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `diagnostic/([a-z]+)[^|]*\| (.*) \|$", page, re.MULTILINE))
    bounds, imitation = Bounds(), IMITATION_BOUNDS.patience_uniform
    assert {name: re.findall(r"\b[\d.]+\b", row) for name, row in rows.items()} == {
        "uniform": [f"{bounds.uniform}", f"{bounds.patience_uniform}", f"{imitation}"],
        "collapse": [f"{bounds.collapse}", f"{bounds.collapse_from}", f"{bounds.patience}"],
        "kl": [f"{bounds.kl:g}", "0", f"{bounds.patience}"],
        "staleness": [f"{bounds.staleness:g}", f"{bounds.patience}"],
        "nan": ["1"],
    }
    assert f"fewer than {bounds.uses}" in page


def test_it_says_what_is_wrong_in_one_line_and_since_when():
    made = Diagnostics(HEADS)
    rows = [HEALTHY] * 5 + [HEALTHY | {"kl": 74.0}] * 3
    found = [each for step, row in enumerate(rows) for each in made.update(step, row)]
    assert [(each.name, each.since) for each in found] == [("kl", 5)]
    assert "74 nats" in found[0].text
    assert "\n" not in found[0].line("in iteration 7", "pi.good.pt")


def test_a_loss_at_ln_of_the_size_is_found_in_imitation():
    """mini-AlphaStar's issue 11: the place head's loss stuck at 11.090355 = ln(65536)."""
    stuck = {"loss/place": 11.090355, "uniform/place": math.log(65536), "uses/place": 0.2}
    made = Diagnostics(["place"], Bounds(patience_uniform=3))
    assert flagged([stuck] * 10, made) == [(3, "uniform/place")]
    assert flagged([stuck | {"loss/place": 10.9}] * 10) == []


def test_single_reports_and_heads_that_are_hardly_used_do_not_count():
    bad = HEALTHY | {"kl": 74.0}
    assert flagged([HEALTHY, bad, bad, HEALTHY, bad, bad] * 5) == []
    rare = HEALTHY | {"entropy/aim": 0.0, "uses/aim": 0.001}
    assert flagged([HEALTHY] * 3 + [rare] * 30) == []
    assert flagged([HEALTHY | {"kl": 74.0}] * 10, Diagnostics(HEADS, Bounds(kl=math.inf))) == []


def test_a_head_that_was_certain_from_the_start_has_not_collapsed():
    certain = HEALTHY | {"entropy/verb": 0.0005}
    assert flagged([certain] * 10) == []


def test_state_goes_on_in_the_middle_of_a_wait():
    whole, cut = Diagnostics(HEADS), Diagnostics(HEADS)
    rows = [HEALTHY] + [HEALTHY | {"entropy/verb": 0.001, "entropy/aim": 0.999}] * 25
    expected = flagged(rows, whole)
    found = flagged(rows[:3], cut)
    other = Diagnostics(HEADS)
    other.restore(json.loads(json.dumps(cut.snapshot())))
    assert found + flagged(rows[3:], other, first=4) == expected == [(4, "collapse/verb"), (21, "uniform/aim")]
    assert other.snapshot() == whole.snapshot()


def test_a_trainer_that_learns_is_silent_and_one_whose_policy_blows_up_is_not():
    made = trainer()
    for _ in range(12):
        done = made.iterate()
        assert done.flagged == []
        assert not any(name.startswith("diagnostic/") for name in done.metrics)
    assert 0 < done.metrics["uniform/choice"] <= 1.0
    assert done.metrics["uses/choice"] == 1.0
    names = set()
    for _ in range(3):
        be_certain(made)
        names |= {each.name for each in made.iterate().flagged}
    assert "kl" in names
    be_certain(made)
    state = made.state_dict()
    other = trainer()
    other.load_state_dict(state)
    assert other.iterate().metrics["diagnostic/kl"] == made.iterate().metrics["diagnostic/kl"] == 1.0


def be_certain(made):
    """Make the policy certain of anything."""
    for parameter in made.learner.network.heads.parameters():
        parameter.data *= 100.0


def test_newly_failing_is_the_first_report_of_a_failure_while_nothing_else_fails():
    """So the copy that a run keeps then is from before everything that is wrong now."""
    late, old = HEALTHY | {"kl": 74.0}, HEALTHY | {"staleness": 400.0}
    made, found = Diagnostics(HEADS), []
    for row in (HEALTHY, late, late, late | old, old, HEALTHY, old, HEALTHY):
        made.update(1, row)
        found.append(made.newly_failing)
    assert found == [False, True, False, False, False, False, True, False]


def run(folder, save_every="2"):
    """Six iterations of RL by the command."""
    network = Network(ARENA_SPEC, PRESETS["tiny"], 3)
    start = folder / "pi_sup.pt"
    rules = Rules().to_dict()
    sizes = network.config.to_dict()
    save_checkpoint(start, Checkpoint("lms", "imitation", ARENA_SPEC, sizes, network.state_dict(), rules=rules))
    return alphastar_rl.main(
        [
            *("--supervised-checkpoint", str(start), "--output", str(folder / "pi.pt"), "--cpu", "--threads", "1"),
            *("--iterations", "6", "--actor-rollouts", "1", "--learner-updates", "1", "--unroll-length", "8"),
            *("--batch-size", "4", "--replay-size", "16", "--min-replay-sequences", "4", "--matches-per-actor", "2"),
            *("--opponents", "legacy=1", "--eval-every", "0", "--eval-matches", "2", "--save-every", save_every),
        ]
    )


def drift_from(iteration, monkeypatch):
    """Let every report from the one of this iteration on say that the policy has drifted."""
    seen = itertools.count(1)

    def failing(_metrics, _heads, _bounds, _first):
        return {"kl": "it has drifted"} if next(seen) >= iteration else {}

    monkeypatch.setattr(diagnostics, "failing", failing)


def test_rl_names_what_is_flagged_in_its_log_and_keeps_the_checkpoint_from_before(tmp_path, monkeypatch, capsys):
    drift_from(3, monkeypatch)
    assert run(tmp_path) == 0
    good = tmp_path / "pi.good.pt"
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("diagnostic"))
    assert line == f"diagnostic kl in iteration 5, failing since step 3: it has drifted; last good checkpoint: {good}"
    assert load_checkpoint(good, lms()).counters["iteration"] == 2
    rows = [json.loads(line) for line in (tmp_path / "pi.metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "diagnostic/kl" in row] == [5, 6]
    names = metric_names(tmp_path / "pi.metrics.jsonl")
    assert_glossary(names, ["Reinforcement learning", "Diagnostics"], must=[])


def test_before_the_first_commit_the_good_one_is_where_training_began(tmp_path, monkeypatch, capsys):
    drift_from(1, monkeypatch)
    assert run(tmp_path) == 0
    assert f"last good checkpoint: {tmp_path / 'pi_sup.pt'}" in capsys.readouterr().out
    assert not (tmp_path / "pi.good.pt").exists()


def test_a_healthy_run_keeps_nothing_aside_and_says_nothing(tmp_path, capsys):
    assert run(tmp_path) == 0
    assert "diagnostic" not in capsys.readouterr().out
    assert not (tmp_path / "pi.good.pt").exists()
    assert "diagnostic" not in (tmp_path / "pi.metrics.jsonl").read_text()


def test_the_copy_from_before_is_kept_once_and_named_later(tmp_path):
    """As a league does for each player: the checkpoint changes between the first failure and the flag."""
    checkpoint, good = tmp_path / "main1.pt", tmp_path / "good" / "main1.pt"
    checkpoint.write_bytes(b"before")
    files, flags = (checkpoint, good, "pi_sup.pt"), [Flagged("kl", "it has drifted", 6)]
    where = "of main1 in iteration 7"
    assert handle_flagged([], where, *files, newly_failing=True) == []
    checkpoint.write_bytes(b"after")
    line = f"diagnostic kl {where}, failing since step 6: it has drifted; last good checkpoint: "
    assert handle_flagged(flags, where, *files, newly_failing=False) == [f"{line}{good}"]
    assert good.read_bytes() == b"before"
    missing = tmp_path / "main2.pt", tmp_path / "good" / "main2.pt", "pi_sup.pt"
    assert handle_flagged(flags, where, *missing, newly_failing=True) == [f"{line}pi_sup.pt"]


def test_rl_that_diverges_logs_it_and_keeps_its_weights(tmp_path, monkeypatch, capsys):
    update = Learner.update

    def broken(learner, *args, **more):
        if learner.steps >= 3:
            raise Diverged(f"the loss is nan at learner step {learner.steps}; lower --lr")
        return update(learner, *args, **more)

    monkeypatch.setattr(Learner, "update", broken)
    assert run(tmp_path, save_every="1") == 1
    error = capsys.readouterr().err
    assert f"lower --lr; the last good checkpoint is {tmp_path / 'pi.pt'}" in error
    last = json.loads((tmp_path / "pi.metrics.jsonl").read_text().splitlines()[-1])
    assert last == {"step": load_checkpoint(tmp_path / "pi.pt", lms()).counters["iteration"] + 1, "diagnostic/nan": 1.0}
