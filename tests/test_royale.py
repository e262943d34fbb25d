"""Free-for-alls: what a finishing order is worth, and one seat of a policy among many of another."""

import argparse
import json

import numpy as np
import pytest

from botgame.errors import UserError
from botgame.game import Ended, Outcome, ScriptedPolicy, Setup, own_factions
from botgame.lms.game import lms
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.standings import order_of, standings_of
from botgame.training import evaluate
from botgame.training.alphastar.engine.portions import Table
from botgame.training.alphastar.learner.trainer import learning_results
from botgame.training.evaluation.command import faction_lines
from botgame.training.evaluation.duels import mirrored_results
from botgame.training.evaluation.placings import Placing, placing, royale_results
from botgame.training.league.evaluation import against_each
from botgame.training.rl.free_for_alls import RoyaleShare, seat_counts


@pytest.mark.parametrize(
    ("places", "standings"),
    [
        ([1, 2], [1, -1]),
        ([1, 1], [0, 0]),
        ([3, 1, 2], [-1, 1, 0]),
        ([1, 1, 3], [0.5, 0.5, -1]),
        ([2, 1, 2, 4], [0, 1, 0, -1]),
        ([1, 2, 3, 4, 5, 6, 7, 8], [1, 5 / 7, 3 / 7, 1 / 7, -1 / 7, -3 / 7, -5 / 7, -1]),
        ([1, 1, 1, 1], [0, 0, 0, 0]),
    ],
)
def test_a_standing_is_the_mean_order_against_the_others(places: list[int], standings: list[float]) -> None:
    got = standings_of(np.array(places))
    np.testing.assert_allclose(got, standings, rtol=1e-6)
    assert got.sum() == pytest.approx(0, abs=1e-6)
    for seat in range(len(places)):
        orders = [order_of(places, seat, other) for other in range(len(places)) if other != seat]
        assert np.mean(orders) == pytest.approx(got[seat])


def ended(players: tuple[int, ...], places: list[int], ticks: int = 300) -> Ended:
    rewards = {"result": standings_of(places), "place": np.array(places, np.float32)}
    outcome = Outcome(ticks, np.array(places), rewards, np.zeros((len(players), 0), np.int64))
    return Ended(0, 0, Setup(0, players), outcome)


def test_training_figures_of_a_free_for_all() -> None:
    matches = [ended((0, 5, 0, 5), [1, 2, 3, 4]), ended((0, 5, 5, 5), [1, 1, 3, 4]), ended((0, 5), [2, 1])]
    figures = learning_results(matches)
    orders = [1, -1 / 3, 2 / 3]
    assert figures["royale/first"] == pytest.approx(1 / 3)  # a shared first place is none
    assert figures["royale/above"] == pytest.approx(0.5 + 0.5 * np.mean(orders))
    assert figures["training/win_rate"] == pytest.approx(0.5 + 0.5 * np.mean([*orders, -1]))
    assert figures["training/reward/result"] == pytest.approx(np.mean([*orders, -1]))
    assert figures["training/reward/place"] == pytest.approx(np.mean([1, 3, 1, 2]))
    assert "royale/first" not in learning_results(matches[2:])


def test_a_placing_shares_places_among_level_seats() -> None:
    result = placing(lms(), [ended((1, 0, 1), [2, 1, 3]), ended((0, 1, 1), [1, 1, 3]), ended((1, 1, 0), [1, 2, 2])], 3)
    assert (result.matches, result.firsts, result.places) == (3, 1.5, 1 + 1.5 + 2.5)
    assert (result.par, result.first_share, result.mean_seconds) == (1 / 3, 0.5, 10)
    assert result.to_dict()["above"] == pytest.approx((3 - 5 / 3) / 2)
    assert result.interval[0] < 0.5 < result.interval[1]
    assert Placing(8, (), 0.0, 0).first_share == 0.125


def test_the_turns_of_a_seed_are_one_observation_of_a_placing() -> None:
    """Twenty seeds of which half win all four turns say no more than twenty matches; Wilson's of 80 is 39 to 61 %."""
    low, high = Placing(4, ((4.0, 4), (0.0, 4)) * 10, 0.0, 0).interval
    assert low < 0.3
    assert high > 0.7


def test_who_wins_a_free_for_all_is_paid_best() -> None:
    """Result and damage together, at the game's weights: for each opponent, damage counts as it does in a duel."""
    game, bot = lms(), load_policy(lms(), "rusher")
    matches = list(play(game, [bot], mirrored_setups(game, 5, 3, (0,) * 8), slots=24, seats=8))
    assert len(matches) == 24
    for match in matches:
        rewards = match.outcome.rewards
        paid = rewards["result"] + game.reward_weights["damage"] * rewards["damage"]
        assert match.outcome.places[int(np.argmax(paid))] == 1
        assert np.abs(rewards["damage"]).max() < 1.5


def test_equals_finish_first_at_par_whatever_the_batch() -> None:
    """All turns of a seed are one match seen from each seat, so par is met exactly (unless a first place is shared)."""
    bot = load_policy(lms(), "lms_re")
    results = [royale_results(lms(), bot, bot, 10, 3, seats=8, duration_ticks=450, parallel=n) for n in (3, 16)]
    assert results[0] == results[1]
    assert results[0].matches == 16
    assert results[0].firsts == pytest.approx(2)
    assert results[0].mean_place == 4.5


def test_a_stronger_policy_finishes_first_more_often() -> None:
    result = royale_results(lms(), load_policy(lms(), "lms_re"), load_policy(lms(), "idle"), 8, 5, seats=4)
    assert result.first_share > 0.5
    assert result.mean_place < 2


def of_faction(name: str, faction: str) -> ScriptedPolicy:
    policy = load_policy(lms(), name)
    policy.faction = faction
    return policy


def test_a_policy_of_one_faction_goes_round_the_seats_with_its_faction() -> None:
    plain = list(mirrored_setups(lms(), 4, 6))
    turns = list(mirrored_setups(lms(), 4, 6, own={0: 2}))
    for first, second, drawn in zip(turns[::2], turns[1::2], plain[::2], strict=True):
        assert first.seed == second.seed == drawn.seed
        assert first.factions == (2, drawn.factions[1])
        assert (second.players, second.factions) == ((1, 0), first.factions[::-1])
    assert {setup.factions[1] for setup in turns[::2]} == {0, 1, 2}
    assert list(mirrored_setups(lms(), 4, 6, own={7: 2})) == plain
    for setup in mirrored_setups(lms(), 4, 2, (0, 1, 1), own={1: 0}):
        assert all(faction == 0 for player, faction in zip(setup.players, setup.factions, strict=True) if player == 1)


def test_evaluations_seat_a_policy_of_one_faction_in_it() -> None:
    a, b = of_faction("legacy", "stormcaller"), load_policy(lms(), "random")
    assert own_factions(lms(), [b, a]) == {1: 2}
    for match in against_each(lms(), a, {"b": b}, {"b": 4}, seed=1, duration_ticks=60)["b"]:
        assert match.setup.factions[match.setup.players.index(0)] == 2
    assert mirrored_results(lms(), a, b, 6, 1, duration_ticks=600) != mirrored_results(
        lms(), a, b, 6, 1, duration_ticks=600, any_faction=True
    )
    assert mirrored_results(lms(), load_policy(lms(), "legacy"), b, 6, 1, duration_ticks=600) == mirrored_results(
        lms(), a, b, 6, 1, duration_ticks=600, any_faction=True
    )
    with pytest.raises(UserError, match="necromancer"):
        own_factions(lms(), [of_faction("legacy", "necromancer")])
    assert "plays that one here" in faction_lines([a, b], any_faction=False)[0]
    assert "never learned" in faction_lines([a], any_faction=True)[0]


def test_the_command_judges_free_for_alls(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "royale.json"
    small = ["--matches", "5", "--seed", "3", "--episode-duration", "10", "--json", str(path)]
    assert evaluate.main(["legacy", "random", "idle", "--seats", "3", *small]) == 0
    assert "par 33.3%" in capsys.readouterr().out
    report = json.loads(path.read_text())
    assert [(pair["a"], pair["b"], pair["seats"], pair["matches"]) for pair in report["pairs"]] == [
        ("legacy", "random", 3, 6),
        ("legacy", "idle", 3, 6),
    ]
    assert all(0 <= pair["interval"][0] <= pair["first_share"] <= pair["interval"][1] <= 1 for pair in report["pairs"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--seats", "17"], "--seats is 17, game lms has matches of 2, 3, 4,"),
        (["--seats", "1"], "--seats is 1, game lms has matches of 2, 3, 4,"),
        (["--seats", "8", "--round-robin"], "--round-robin"),
        (["--seats", "8", "--versus", "random"], "--versus"),
    ],
)
def test_seats_that_cannot_be_judged(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["lms_re", "idle", *words]) == 2
    assert expected in capsys.readouterr().err


def test_seats_are_numbers_lists_and_ranges() -> None:
    assert seat_counts("8") == (8,)
    assert seat_counts("5, 3,8") == (3, 5, 8)
    assert seat_counts("3-5,4-6") == (3, 4, 5, 6)


@pytest.mark.parametrize("text", ["", "2", "100", "x", "8-3", "3-100", "3,,4", "-4", "3-4-5", "1000000-2000000"])
def test_bad_seats_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="3 to 99"):
        seat_counts(text)


def test_parallel_matches_are_split_by_share() -> None:
    assert RoyaleShare().tables(16, 2) == [Table(2, 16, 1.0)]
    assert RoyaleShare(0.25, (8,)).tables(16, 2) == [Table(2, 12, 0.75), Table(8, 4, 0.25)]
    assert RoyaleShare(1.0, (3, 8)).tables(16, 2) == [Table(3, 8, 0.5), Table(8, 8, 0.5)]
    assert RoyaleShare(0.01, (3, 4)).tables(2, 2) == [Table(2, 2, 0.99), Table(3, 1, 0.005), Table(4, 1, 0.005)]
