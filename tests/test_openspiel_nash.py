"""`benchmarks/openspiel_nash.py`: exact exploitability of a network's policy."""

import numpy as np
import pytest
import torch
from open_spiel.python import policy as openspiel_policy

import openspiel_nash
from botgame import rng
from botgame.errors import UserError
from botgame.game import Game
from botgame.games import load_game
from botgame.play import play
from botgame.setups import mirrored_setups
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.alphastar.policy import NetworkPolicy

KUHN = load_game("openspiel:kuhn_poker")


GOOFSPIEL = load_game("openspiel:goofspiel(num_cards=3,imp_info=True,points_order=descending)")


def network(seed: int, game: Game = KUHN) -> NetworkPolicy:
    """One with preferences of its own: fresh ones have none."""
    made = Network(game.spec, SIZES["tiny"], seed)
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


@pytest.mark.parametrize("game", [KUHN, GOOFSPIEL], ids=["turns", "simultaneous"])
def test_the_table_is_what_the_network_plays(game: Game) -> None:
    """Its value over the game tree is what matches against another network come to."""
    a, b = network(1, game), network(2, game)
    tables = [openspiel_nash.tabular(game, policy) for policy in (a, b)]
    exact = openspiel_nash.wins(game, *tables)
    points = game.reward_points["return"]
    ended = play(game, [a, b], mirrored_setups(game, rng.derive(4), 3000))
    gains = [points * float(match.outcome.rewards["return"][match.setup.players.index(0)]) for match in ended]
    assert np.mean(gains) == pytest.approx(exact, abs=4 * np.std(gains) / np.sqrt(len(gains)))
    assert abs(exact) > 0.01


@pytest.mark.parametrize("game", [KUHN, GOOFSPIEL], ids=["turns", "simultaneous"])
def test_a_mixture_wins_what_its_policies_win_in_the_mean(game: Game) -> None:
    one, other, rival = (openspiel_nash.tabular(game, network(seed, game)) for seed in (1, 2, 3))
    mixed = openspiel_nash.mixture(game, [one, other], [0.3, 0.7])
    parts = 0.3 * openspiel_nash.wins(game, one, rival) + 0.7 * openspiel_nash.wins(game, other, rival)
    assert openspiel_nash.wins(game, mixed, rival) == pytest.approx(parts, abs=1e-9)


def test_no_policy_beats_the_nash_mixture_of_all() -> None:
    tables = [openspiel_nash.tabular(KUHN, network(seed)) for seed in range(1, 6)]
    shares = openspiel_nash.nash_shares(KUHN, tables)
    assert shares.sum() == pytest.approx(1)
    mixed = openspiel_nash.mixture(KUHN, tables, shares)
    assert max(openspiel_nash.wins(KUHN, table, mixed) for table in tables) < 1e-6


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
