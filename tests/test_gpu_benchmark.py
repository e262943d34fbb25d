"""The GPU benchmark: it ends quietly without a card, and its comparisons run on a CPU."""

import numpy as np
import pytest
import torch

import gpu


def test_without_a_card_it_says_so_and_ends(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out == "skipped: no CUDA device\n"


def test_parity_and_speeds_of_a_small_network_on_a_cpu(capsys, monkeypatch):
    monkeypatch.setattr(gpu, "ACTING", (8,))
    monkeypatch.setattr(gpu, "LEARNING", (4,))
    code = gpu.main(["--device", "cpu", "--presets", "tiny", "--parts", "parity,acting,learning", "--seconds", "0.01"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    for line in lines[1:3]:
        assert line.endswith("float32: losses within 0.0e+00, gradient within 0.0e+00 of its norm")
    assert [line.split(":")[0] for line in lines[3:]] == ["parity", "parity", "acting", "learning"]


def test_a_difference_is_the_worst_term_and_the_norm_of_the_gradients():
    expected = {"policy": 0.5, "value": 4.0}, torch.tensor([3.0, 4.0])
    line = gpu.difference("x", ({"policy": 0.6, "value": 4.8}, torch.tensor([3.0, 4.5])), expected)
    assert line == "x: losses within 2.0e-01, gradient within 1.0e-01 of its norm"


def test_sequences_to_learn_from_are_partly_short():
    network = gpu.Network(gpu.ARENA_SPEC, gpu.PRESETS["tiny"])
    lengths = gpu.filled(network, gpu.RLConfig(), 8).columns["length"]
    assert (lengths[[1, 2, 3, 5, 6, 7]] == 64).all()
    assert np.all(lengths >= 1)
    assert lengths[0] < 64


def test_the_loop_is_read_from_the_log_after_the_first_line():
    lines = [
        {"decisions": 100, "time_acting": 9.0, "time_learning": 9.0},
        {"decisions": 500, "time_acting": 1.0, "time_learning": 0.5},
        {"decisions": 700, "time_acting": 2.0, "time_learning": 0.5},
    ]
    line = gpu.loop_line("tiny", lines)
    assert line == "tiny: 150 decisions/s; acting 200, which takes 75% of the time, learning 600"


def test_a_run_is_read_from_its_log():
    trained = {"time_acting": 2.0, "time_learning": 3.0}
    judged = {"eval/lms_re": 0.9, "eval_low/lms_re": 0.85, "eval_high/lms_re": 0.95}
    line = gpu.run_line([trained, {**trained, "decisions": 1200, "learner_steps": 7, **judged}], 20.0)
    assert line == "1,200 decisions in 10 s of training (20 s in all), 7 updates; 90.0% [85.0%, 95.0%] against lms_re"


@pytest.mark.usefixtures("quick_children")
def test_a_loop_of_a_small_network_on_a_cpu(monkeypatch, capsys):
    few = ("--matches-per-actor", "2", "--actor-rollouts", "1", "--unroll-length", "4", "--batch-size", "2")
    monkeypatch.setattr(gpu, "LOOP", (*few, "--min-replay-sequences", "1", "--opponents", "self=1"))
    assert gpu.main(["--device", "cpu", "--presets", "tiny", "--parts", "loop"]) == 0
    assert "loop: tiny: " in capsys.readouterr().out


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_parity_on_a_card(capsys):
    assert gpu.main(["--presets", "tiny", "--parts", "parity"]) == 0
    for line in capsys.readouterr().out.splitlines()[1:3]:
        away = float(line.split("gradient within ")[1].split()[0])
        assert away < 1e-3
