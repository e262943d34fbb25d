"""`benchmarks/openspiel_nash.py`: exact exploitability of a network's policy."""

import numpy as np
import pytest
import torch
from open_spiel.python import policy as openspiel_policy

import openspiel_nash
from botgame import rng
from botgame.errors import UserError
from botgame.games import load_game
from botgame.play import play
from botgame.setups import mirrored_setups
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.alphastar.policy import NetworkPolicy

KUHN = load_game("openspiel:kuhn_poker")


def network(seed: int) -> NetworkPolicy:
    """One with preferences of its own: fresh ones have none."""
    made = Network(KUHN.spec, SIZES["tiny"], seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weights in made.parameters():
            weights.add_(torch.randn_like(weights), alpha=0.3)
    return NetworkPolicy(made, "tiny", temperature=0.5)


def test_published_figures_of_uniform_play() -> None:
    leduc = load_game("openspiel:leduc_poker")
    for game, expected in ((KUHN, 11 / 12), (leduc, 4.747222)):
        uniform = openspiel_policy.TabularPolicy(openspiel_nash.tree_of(game))
        assert openspiel_nash.nash_conv(game, uniform) == pytest.approx(expected, abs=1e-6)


def test_the_table_is_what_the_network_plays() -> None:
    """Its value over the game tree is what matches against another network come to."""
    a, b = network(1), network(2)
    tables = [openspiel_nash.tabular(KUHN, policy) for policy in (a, b)]
    exact = openspiel_nash.wins(KUHN, *tables)
    ended = play(KUHN, [a, b], mirrored_setups(KUHN, rng.derive(4), 3000))
    gains = [2 * float(match.outcome.rewards["return"][match.setup.players.index(0)]) for match in ended]
    assert np.mean(gains) == pytest.approx(exact, abs=4 * np.std(gains) / np.sqrt(len(gains)))
    assert exact > 0.02 or exact < -0.02


def test_nothing_wins_more_than_the_best_response() -> None:
    target = openspiel_nash.tabular(KUHN, network(1))
    best = openspiel_nash.best_wins(KUHN, target)
    assert best > 0
    assert openspiel_nash.nash_conv(KUHN, target) == pytest.approx(2 * best)
    for seed in range(2, 6):
        assert openspiel_nash.wins(KUHN, openspiel_nash.tabular(KUHN, network(seed)), target) <= best


def test_a_game_of_three_is_an_error() -> None:
    game = load_game("openspiel:kuhn_poker(players=3)")
    with pytest.raises(UserError, match="two players"):
        openspiel_nash.tabular(game, network(1))
