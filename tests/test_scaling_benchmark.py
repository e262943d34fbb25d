"""The scaling benchmark: its figures from made-up logs, and what it says of a command that fails."""

import pytest

import scaling


def row(prefix: str = "", acting: float = 2.0, learning: float = 4.0) -> dict[str, float]:
    """An iteration in which 100 decisions were acted and 400 learned from."""
    return {
        f"{prefix}time_acting": acting,
        f"{prefix}time_acting_decisions_per_second": 100 / acting,
        f"{prefix}time_learning": learning,
        f"{prefix}time_learning_decisions_per_second": 400 / learning,
    }


def test_figures_are_medians_over_iterations_and_sums_over_players() -> None:
    assert scaling._times(row()) == {"acting": 2, "learning": 4, "acted": 100, "learned": 400}
    both = scaling._times({**row("main1/"), **row("main_exploiter1/", 1.0, 1.0), "step": 3})
    assert both == {"acting": 3, "learning": 5, "acted": 200, "learned": 800}
    rows = [scaling._times(row(acting=acting)) for acting in (2.0, 1.0, 60.0)]
    assert scaling.summary(rows) == {"seconds": 6, "acting": 50, "learning": 100, "whole": pytest.approx(100 / 6)}


def test_a_line_says_how_much_faster_than_the_first_arm() -> None:
    found = {"seconds": 1.5, "acting": 1000.0, "learning": 2000.0, "whole": 600.0}
    line = scaling.line_of(scaling.Arm("rl", 2, None), found, 1.25, 7, 400.0)
    assert line.startswith("rl, --threads 2: acting 1,000, learning 2,000, whole 600 decisions/s (1.50 x); ")
    assert line.endswith("1.50 s an iteration, busiest 1.25, 7 iterations")


def test_a_command_that_fails_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "START", ("--no-such-flag",))
    with pytest.raises(RuntimeError, match="has failed"):
        scaling.measured(scaling.Arm("rl", 1, None), 0.1)
