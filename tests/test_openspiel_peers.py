"""`benchmarks/openspiel_peers.py`: OpenSpiel's own learners, counted and measured."""

import numpy as np
import pytest

import openspiel_peers
from botgame.games import load_game
from openspiel_nash import nash_conv, tree_of

KUHN = load_game("openspiel:kuhn_poker")


@pytest.mark.parametrize("learner", openspiel_peers.LEARNERS)
@pytest.mark.parametrize("name", ["kuhn_poker", "goofspiel(num_cards=3,imp_info=True,points_order=descending)"])
def test_a_learner_is_measured_at_even_distances(learner: str, name: str, capsys) -> None:
    openspiel_peers.measure(learner, load_game(f"openspiel:{name}"), 60, 3, seed=0)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == [learner] * 3
    for row, expected in zip(rows, (20, 40, 60), strict=True):
        assert expected <= int(row[1].replace(",", "")) < expected + 16  # the match is played to its end
        assert float(row[2]) > 0


def test_regret_minimisation_comes_near_an_equilibrium_and_its_decisions_are_counted() -> None:
    from open_spiel.python.policy import tabular_policy_from_callable

    curve = openspiel_peers.mccfr(tree_of(KUHN), 0, seed=1)
    first, _ = next(curve)
    assert 4 <= first <= 6  # two matches of 2 or 3 decisions
    decisions, policy = next(point for point in curve if point[0] > 10_000)
    table = tabular_policy_from_callable(tree_of(KUHN), policy.action_probabilities)
    assert nash_conv(KUHN, table) < 0.3 < 11 / 12
    assert np.isclose(decisions, 10_000, atol=6)
