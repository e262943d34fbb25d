"""Mirrored matches are counted right, and `evaluate` prints and writes what it counted."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from botgame import ratings
from botgame.game import ScriptedPolicy
from botgame.games import load_game
from botgame.lms.game import lms
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training import evaluate
from botgame.training.evaluation import figures as evaluate_figures
from botgame.training.evaluation.command import make_plan
from botgame.training.evaluation.duels import Tally, mirrored_results
from botgame.training.evaluation.round_robin import rate
from botgame.training.evaluation.tables import short_names


def test_a_policy_against_itself_is_even_up_to_draws() -> None:
    """Both turns of a pair are the same match seen from either side."""
    bot = load_policy(lms(), "lms_re")
    result = mirrored_results(lms(), bot, bot, 20, 3, duration_ticks=900)
    assert (result.matches, result.wins) == (20, result.losses)
    assert result.win_rate == 0.5
    assert result.counts == result.rival_counts


def test_exchanging_the_policies_exchanges_the_result() -> None:
    a, b = load_policy(lms(), "legacy"), load_policy(lms(), "random")
    one, other = mirrored_results(lms(), a, b, 12, 5), mirrored_results(lms(), b, a, 12, 5)
    assert (one.wins, one.draws, one.losses) == (other.losses, other.draws, other.wins)
    assert (one.counts, one.seconds) == (other.rival_counts, other.seconds)
    assert one.wins > one.losses


def test_results_do_not_depend_on_the_batch() -> None:
    a, b = load_policy(lms(), "legacy"), load_policy(lms(), "random")
    assert mirrored_results(lms(), a, b, 7, 5, parallel=3) == mirrored_results(lms(), a, b, 8, 5, parallel=8)


def test_in_a_race_no_match_is_played_twice() -> None:
    """On one seed both turns of bots that draw nothing are the same match, and intervals would be too narrow."""
    game = load_game("gymnasium:CartPole-v1")
    bots = [ScriptedPolicy("", leaning(weights)) for weights in ((0, 0, 1, 0), (0, 0, 1, -0.05))]
    ended = list(play(game, bots, mirrored_setups(game, 3, 3)))
    assert len({float(match.outcome.rewards["return"][match.setup.players.index(0)]) for match in ended}) > 3


def leaning(weights: tuple[float, ...]):
    """Pushes the cart to where a weighted sum of what it sees points."""
    return lambda seen, _memory, _keys: (seen["scalars"][:, :4] @ np.array(weights) > 0).astype(np.int64)[:, None]


GOOFSPIEL = "openspiel:goofspiel(players=3,num_cards=4,points_order=random)"
"""Three bid for prizes in an order that the seed draws: who bids from the top wins all turns of some seeds."""


def test_the_turns_of_a_seed_are_one_observation_of_a_rating() -> None:
    """Simulated with 20 seeds: ratings vary by 37.6 points, their error with matches as clusters is 32.4."""
    game = load_game(GOOFSPIEL)
    players = [from_the_top(), game.bots["random"]()]
    rated, points, matches = rate(game, players, 1, 300, 1), np.zeros((2, 2)), []
    for match in play(game, players, mirrored_setups(game, 1, 100, (0, 1, 1)), seats=3):
        matches.append(ratings.ranking(match.setup.players, match.outcome.places.tolist()))
        ratings.add_pairs(points, matches[-1])
    by_match = ratings.bradley_terry(points, 1, clusters=matches)
    assert rated.elo[0] == pytest.approx(by_match.elo[0])
    assert rated.error[0] > 1.1 * by_match.error[0]


def test_the_turns_of_a_seed_are_one_observation_of_a_win_rate_and_a_return() -> None:
    """Simulated with 20 seeds: 88 % of Wilson's intervals hold the truth."""
    game = load_game(GOOFSPIEL)
    players = [from_the_top(), game.bots["random"]()]
    found = mirrored_results(game, *players, 300, 1)
    ended = play(game, players, mirrored_setups(game, 1, 100, (0, 1, 1)), seats=3)
    gains = [float(match.outcome.rewards["return"][match.setup.players.index(0)]) for match in ended]
    plain = ratings.wilson(found.points, found.matches)
    assert found.interval == ratings.clustered(found.seeds)[1:]
    assert found.interval[1] - found.interval[0] > 1.15 * (plain.high - plain.low)
    assert found.earned["return"].mean == pytest.approx(np.mean(gains))
    assert found.earned["return"].error > 1.1 * np.std(gains, ddof=1) / math.sqrt(len(gains))
    assert [matches for _, matches in found.seeds] == [3] * 100
    assert math.fsum(points for points, _ in found.seeds) == found.points
    assert found.to_dict()["seeds"] == [list(seed) for seed in found.seeds]


def from_the_top() -> ScriptedPolicy:
    """The last legal category."""

    def last(seen, _memory, _keys):
        return seen["legal"].shape[1] - 1 - seen["legal"][:, ::-1].argmax(1)[:, None]

    return ScriptedPolicy("", last)


def test_equals_are_not_ahead_of_each_other_though_one_of_three_takes_all() -> None:
    game = load_game("openspiel:kuhn_poker(players=3)")
    bot = game.bots["random"]()
    result = mirrored_results(game, bot, bot, 30, 1)
    assert result.win_rate < 0.4
    assert (result.above, result.is_ahead) == (0, False)
    assert mirrored_results(game, bot, idle_poker(), 30, 1).is_ahead
    assert not mirrored_results(game, idle_poker(), bot, 30, 1).is_ahead


def idle_poker() -> ScriptedPolicy:
    return ScriptedPolicy("", lambda _seen, _memory, keys: np.zeros((len(keys), 1), np.int64))


def first_legal() -> ScriptedPolicy:
    return ScriptedPolicy("", lambda seen, _memory, _keys: seen["legal"].argmax(1)[:, None])


def test_matches_that_are_all_alike_count_once(capsys: pytest.CaptureFixture[str]) -> None:
    game = load_game("openspiel:tic_tac_toe")
    alike = mirrored_results(game, first_legal(), first_legal(), 40, 1)
    assert (alike.matches, alike.distinct, alike.independent) == (40, 2, 2)
    assert alike.interval == mirrored_results(game, first_legal(), first_legal(), 2, 1).interval
    assert alike.earned["return"].error == pytest.approx(1.0)  # of +1 and -1
    differing = mirrored_results(game, first_legal(), game.bots["random"](), 40, 1)
    assert (differing.distinct, differing.independent) == (0, 40)
    first = "test_evaluate:first_legal"
    assert evaluate.main([first, first, "--game", "openspiel:tic_tac_toe", "--matches", "8"]) == 0
    assert f"{first} and {first}: all 8 matches went alike" in capsys.readouterr().out.replace("\n", " ")


def test_figures_of_a_tally() -> None:
    tally = Tally(6, 2, 2, lms().counted, counts=(90, 3, 1, 0, 0, 0), rival_counts=(5, 0, 0, 0, 0, 0), seconds=300.0)
    assert (tally.matches, tally.win_rate, tally.mean_seconds) == (10, 0.7, 30.0)
    assert tally.interval == pytest.approx((0.3968, 0.8922), abs=1e-4)
    assert tally.shares == {"bolt": 0.75, "offence": 0.25, "mobility": 0, "defence": 0, "interact": 0}
    assert set(tally.rival_shares.values()) == {0.0}


def run(tmp_path: Path, *words: str) -> dict:
    """The JSON of a small evaluation."""
    path = tmp_path / "deep" / "figures.json"
    small = ("--matches", "4", "--seed", "3", "--episode-duration", "20", "--json", str(path))
    assert evaluate.main([*words, *small]) == 0
    return json.loads(path.read_text())


def test_the_command_prints_tables_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path, "legacy", "random", "idle")
    said = capsys.readouterr().out
    assert "win rate" in said
    assert "bolt" in said
    assert [(pair["a"], pair["b"]) for pair in report["pairs"]] == [("legacy", "random"), ("legacy", "idle")]
    first = report["pairs"][0]
    assert first["wins"] + first["draws"] + first["losses"] == first["matches"] == 4
    assert first["win_rate"] == (first["wins"] + first["draws"] / 2) / 4
    assert "ratings" not in report


def test_a_round_robin_adds_the_anchor_ratings_and_nash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path, "legacy", "random", "idle", "--round-robin")
    said = capsys.readouterr()
    assert "Nash share" in said.out
    assert "lms_re takes part" in said.err
    assert len(report["pairs"]) == 6
    ratings = {one["name"]: one for one in report["ratings"]}
    assert set(ratings) == {"legacy", "random", "idle", "lms_re"}
    anchor = ratings["lms_re"]
    assert (anchor["rating"], anchor["rating_low"], anchor["rating_high"]) == (0, 0, 0)
    assert ratings["random"]["rating"] < 0
    assert ratings["random"]["rating_low"] < ratings["random"]["rating"] < ratings["random"]["rating_high"]
    assert sum(one["nash"] for one in report["ratings"]) == pytest.approx(1)


def test_versus_plays_the_pairs_of_the_two_sets_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path, "lms_re", "idle", "--versus", "idle", "random")
    assert "relative population performance" in capsys.readouterr().out
    pairs = {(pair["a"], pair["b"]) for pair in report["pairs"]}
    assert pairs == {("lms_re", "idle"), ("lms_re", "random"), ("idle", "random")}
    result = report["relative_population_performance"]
    assert result["low"] <= result["value"] <= result["high"] <= 1
    assert result["value"] > 0.5
    assert set(result["a"]) == {"lms_re", "idle"}
    assert sum(result["b"].values()) == pytest.approx(1)


def test_a_round_robin_with_versus_plays_every_pair() -> None:
    plan = make_plan(["a", "b"], ["b", "c"], "lms_re", round_robin=True)
    assert plan.names == ["a", "b", "c", "lms_re"]
    assert len(plan.pairs) == 6
    assert (plan.a, plan.b) == ([0, 1], [1, 2])


def record(wins: int, losses: int) -> Tally:
    return Tally(wins, 0, losses, (), (), (), 0.0)


NAMES = ["rock", "paper", "scissors", "lms_re"]
CIRCLE = {
    **{(0, 1): record(10, 90), (0, 2): record(90, 10), (1, 2): record(10, 90)},
    **{(player, 3): record(75, 25) for player in range(3)},
}


def test_standings_of_a_circle() -> None:
    """Three that beat each other in a circle, and the anchor below them all."""
    standings = {one.name: one for one in evaluate_figures.standings(NAMES, CIRCLE, "lms_re")}
    for name, beaten_by in (("rock", "paper"), ("paper", "scissors"), ("scissors", "rock")):
        one = standings[name]
        assert one.rating.estimate == pytest.approx(400 * math.log10(3), abs=4)  # the prior of one game a pair
        assert one.nash == pytest.approx(1 / 3, abs=1e-6)
        assert (one.worst, one.worst_rate) == (beaten_by, 0.1)
        assert one.win_rate == pytest.approx((0.1 + 0.9 + 0.75) / 3)
    assert standings["lms_re"].nash == 0
    assert standings["lms_re"].rating == (0, 0, 0)


def test_versus_of_parts_of_a_circle() -> None:
    one = evaluate_figures.versus(NAMES, [0], [1], CIRCLE)
    assert one.value.estimate == pytest.approx(0.1)
    assert one.value.low < 0.1 < one.value.high < 0.2
    whole = evaluate_figures.versus(NAMES, [0, 1, 2], [0, 1, 2], CIRCLE)
    assert whole.value.estimate == pytest.approx(0.5)
    assert whole.a == pytest.approx(dict.fromkeys(NAMES[:3], 1 / 3))
    assert evaluate_figures.versus(NAMES, [1], [0], CIRCLE).value.estimate == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["lms_re"], 2, "two or more"),
        (["lms_re", "--round-robin"], 2, "nobody to meet"),
        (["lms_re", "--versus", "lms_re"], 2, "nobody to meet"),
        (["idle", "idle", "--round-robin"], 2, "named twice"),
        (["idle", "--versus", "legacy", "legacy"], 2, "named twice"),
        (["lms_re", "wizard"], 1, "wizard"),
        (["lms_re", "gone.pt"], 1, "gone.pt"),
    ],
)
def test_mistakes_are_one_line(words: list[str], code: int, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(words) == code
    assert expected in capsys.readouterr().err


def test_numbers_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        evaluate.main(["lms_re", "random", "--matches", "0"])
    assert stopped.value.code == 2
    assert "--matches" in capsys.readouterr().err


def test_tables_call_a_policy_by_as_much_of_its_path_as_tells_it_apart() -> None:
    names = ["runs/a/pi_rl.pt", "runs/b/pi_rl.pt", "runs/b/pi_sup.pt", "lms_re", "pi_sup.pt@kiter", "my_bot:make"]
    assert list(short_names(names).values()) == [
        "a/pi_rl.pt", "b/pi_rl.pt", "pi_sup.pt", "lms_re", "pi_sup.pt@kiter", "my_bot:make"
    ]  # fmt: skip
    assert short_names(["pi.pt", "other/pi.pt"]) == {"pi.pt": "pi.pt", "other/pi.pt": "other/pi.pt"}
