"""Alarms: each begins on what it is made for, once; a healthy run is silent; the last good checkpoint is kept."""

import json
import math

import pytest

from botgame.training.alphastar.alarms import Bounds, Watch
from botgame.training.alphastar.trainer import Trainer
from botgame.training.run import RunPaths, keep_good
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


def begun(rows, watch=None, first=1):
    """(step, name) of every alarm that begins over the rows."""
    watch = watch or Watch(HEADS)
    return [(step, alarm.name) for step, row in enumerate(rows, first) for alarm in watch.update(step, row)]


@pytest.mark.parametrize("row", [HEALTHY, CLONING], ids=["RL", "imitation"])
def test_a_healthy_run_is_silent(row):
    watch = Watch(HEADS)
    assert begun([row] * 60, watch) == []
    assert watch.figures == {}


@pytest.mark.parametrize(
    ("change", "name", "waits"),
    [
        ({"entropy/aim": 0.998}, "uniform/aim", 20),
        ({"entropy/verb": 0.001}, "collapse/verb", 3),
        ({"kl": 14.0}, "kl", 3),
        ({"staleness": 400.0}, "staleness", 3),
        ({"loss/value": math.nan}, "nan", 1),
        ({"explained_variance/result": -math.inf}, "nan", 1),
    ],
)
def test_each_begins_once_and_stays_in_the_metrics_while_it_holds(change, name, waits):
    watch, bad = Watch(HEADS), HEALTHY | change
    assert begun([HEALTHY] * 5 + [bad] * 40, watch) == [(5 + waits, name)]
    assert watch.figures == {f"alarm/{name}": 1.0}
    assert begun([HEALTHY], watch) == []
    assert watch.figures == {}
    assert begun([bad] * 40, watch, first=51) == [(50 + waits, name)]


def test_it_says_what_is_wrong_in_one_line_and_since_when():
    watch = Watch(HEADS)
    alarms = [
        alarm
        for step, row in enumerate([HEALTHY] * 5 + [HEALTHY | {"kl": 14.0}] * 3)
        for alarm in watch.update(step, row)
    ]
    assert [(alarm.name, alarm.since) for alarm in alarms] == [("kl", 5)]
    assert "14 nats" in alarms[0].text
    assert "\n" not in alarms[0].text


def test_a_loss_at_ln_of_the_size_is_found_in_imitation():
    """mini-AlphaStar's issue 11: the place head's loss stuck at 11.090355 = ln(65536)."""
    stuck = {"loss/place": 11.090355, "uniform/place": math.log(65536), "uses/place": 0.2}
    watch = Watch(["place"], Bounds(patience_uniform=3))
    assert begun([stuck] * 10, watch) == [(3, "uniform/place")]
    assert begun([stuck | {"loss/place": 10.9}] * 10) == []


def test_single_reports_and_heads_that_are_hardly_used_do_not_count():
    bad = HEALTHY | {"kl": 14.0}
    assert begun([HEALTHY, bad, bad, HEALTHY, bad, bad] * 5) == []
    rare = HEALTHY | {"entropy/aim": 0.0, "uses/aim": 0.001}
    assert begun([HEALTHY] * 3 + [rare] * 30) == []
    assert begun([HEALTHY | {"kl": 14.0}] * 10, Watch(HEADS, Bounds(kl=math.inf))) == []


def test_a_head_that_was_certain_from_the_start_has_not_collapsed():
    certain = HEALTHY | {"entropy/verb": 0.0005}
    assert begun([certain] * 10) == []


def test_state_goes_on_in_the_middle_of_a_wait():
    whole, cut = Watch(HEADS), Watch(HEADS)
    rows = [HEALTHY] + [HEALTHY | {"entropy/verb": 0.001, "entropy/aim": 0.999}] * 25
    expected = begun(rows, whole)
    found = begun(rows[:3], cut)
    other = Watch(HEADS)
    other.load(json.loads(json.dumps(cut.state())))
    assert found + begun(rows[3:], other, first=4) == expected == [(4, "collapse/verb"), (21, "uniform/aim")]
    assert other.state() == whole.state()
    other.load({})
    assert other.figures == {}


def test_a_trainer_that_learns_is_silent_and_one_whose_policy_blows_up_is_not():
    made = trainer()
    for _ in range(12):
        done = made.iterate()
        assert done.alarms == []
        assert not any(name.startswith("alarm/") for name in done.metrics)
    assert 0 < done.metrics["uniform/choice"] <= 1.0
    assert done.metrics["uses/choice"] == 1.0
    for parameter in made.learner.network.heads.parameters():
        parameter.data *= 100.0  # a policy that is certain of anything
    names = {alarm.name for _ in range(4) for alarm in made.iterate().alarms}
    assert "kl" in names
    other = trainer()
    state = made.state()
    other.load(state)
    assert other.iterate().metrics["alarm/kl"] == 1.0
    del state["watch"]  # a run of an earlier release
    other.load(state)
    assert "alarm/kl" not in other.iterate().metrics
    assert isinstance(other, Trainer)


def test_the_newest_checkpoint_from_before_is_kept(tmp_path):
    paths = RunPaths.beside(tmp_path / "pi_rl.pt")
    assert keep_good(paths, "iter", 25) is None
    for number in (10, 20, 30):
        paths.periodic("iter", number).write_bytes(b"%d" % number)
    assert keep_good(paths, "iter", 10) is None
    assert keep_good(paths, "iter", 30) == paths.good == tmp_path / "pi_rl.good.pt"
    assert paths.good.read_bytes() == b"20"
    paths.prune("iter", 1)
    assert paths.good.exists()
