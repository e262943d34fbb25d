"""The league engine on toy weights and on matrix games: phases, resets, resume, convergence."""

import json

import numpy as np
import pytest

from botgame import ratings
from botgame.training.alphastar.league import league as league_module
from botgame.training.alphastar.league.league import League, LeagueConfig, Review
from botgame.training.alphastar.league.matchmaking import Pairing
from botgame.training.alphastar.league.player_cache import PlayerCache
from botgame.training.alphastar.league.roles import ROLES, Role
from league_rules import BOTH

BEATS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)  # rock, paper, scissors: for the row
START = np.array([1.0, 0.0, 0.0])


def softmax(logits):
    mass = np.exp(logits - logits.max())
    return mass / mass.sum()


class Weights:
    """Logits of every player: a learning one moves, a frozen one does not."""

    def __init__(self):
        self.live, self.frozen = {}, {}

    def freeze(self, player, frozen):
        self.frozen[frozen] = self.live.get(player, START).copy()

    def reset(self, player):
        self.live[player] = START.copy()

    def policy(self, name):
        return softmax(self.live[name] if name in self.live else self.frozen[name])


def start(config, seed=0):
    weights = Weights()
    league = League.start(config, seed, weights)
    for name in league.learners:
        weights.live[name] = START.copy()
    return league, weights


def play_round(league, weights, rate=0.15, entropy=0.01):
    """Each learner asks for a match, plays it by sampling, takes a natural-gradient step and is reviewed."""
    for name, learner in league.learners.items():
        pairing = league.request(name)
        mine, other = weights.policy(pairing.home), weights.policy(pairing.away)
        moves = [min(int(np.searchsorted(p.cumsum(), league.uniform())), 2) for p in (mine, other)]
        league.report(pairing.home, {pairing.away: [int(BEATS[moves[0], moves[1]])]})
        value = BEATS @ other
        weights.live[name] = weights.live[name] + rate * (value - mine @ value - entropy * weights.live[name])
        learner.steps += 1
        league.review(name, weights)


def test_rock_paper_scissors_approaches_the_uniform_mixture():
    league, weights = start(LeagueConfig(exploiters=BOTH, min_phase_steps=200, timeout_steps=400))
    seen = []
    for _ in range(6000):
        play_round(league, weights)
        seen.append(weights.policy("main1"))
    np.testing.assert_allclose(np.mean(seen, axis=0), [1 / 3] * 3, atol=0.12)
    policies = np.array([weights.policy(name) for name in league.past_selves("main1")])
    mixture = ratings.nash(0.5 + 0.5 * policies @ BEATS @ policies.T)
    blend = mixture @ policies
    np.testing.assert_allclose(blend, [1 / 3] * 3, atol=0.02)
    assert (BEATS @ blend).max() < 0.03  # hardly exploitable, though each single agent is
    assert max((BEATS @ policy).max() for policy in policies) > 0.3


def test_a_league_begins_with_a_frozen_copy_of_every_main():
    league, weights = start(
        LeagueConfig(mains=2, exploiters={"main_exploiter": 2, "league_exploiter": 1}, scripted=("lms_re",))
    )
    assert league.mains == ["main1", "main2"]
    assert [player.name for player in league.frozen] == ["lms_re", "main1.v0", "main2.v0"]
    assert list(league.learners) == ["main1", "main2", "main_exploiter1", "main_exploiter2", "league_exploiter1"]
    np.testing.assert_array_equal(weights.frozen["main1.v0"], START)


def test_a_main_agent_for_each_faction_and_their_copies_keep_it():
    config = LeagueConfig(mains=2, factions=("fire", "ice"), exploiters=BOTH, min_phase_steps=1, timeout_steps=1)
    league, weights = start(config)
    assert league.mains == ["main_fire", "main_ice"]
    league.learners["main_ice"].steps = 2
    league.review("main_ice", weights)
    again = League.restore(json.loads(json.dumps(league.snapshot())))
    for one in (league, again):
        names = ("main_fire", "main_ice", "main_fire.v0", "main_ice.v1", "main_exploiter1", "lms_re")
        assert [one.faction(name) for name in names] == ["fire", "ice", "fire", "ice", "", ""]
    drawn = {league.request("main_exploiter1").away for _ in range(50)}
    assert drawn == {"main_fire", "main_ice"}  # picked uniformly: exploiters face every faction


def test_a_free_for_all_counts_each_pair_and_one_game_of_the_asker():
    league, _ = start(LeagueConfig(mains=2, exploiters=BOTH))
    league.report("main1", {"main2": [1], "main_exploiter1": [-1, 1], "main1.v0": [0]})
    assert league.learners["main1"].games == 1
    rates = [league.payoff.win_rate("main1", name) for name in ("main2", "main_exploiter1", "main1.v0")]
    assert rates == [1.0, 0.5, 0.5]
    assert league.payoff.counts("main_exploiter1", "main1") == (0.5, 0.0, 0.5)
    assert league.payoff.games("main2", "main_exploiter1") == 0  # nobody asked how these two did


def due(role, **changes):
    """A one-main league whose learner of `role` has moved, has played out its phase and beats everyone."""
    league, weights = start(LeagueConfig(exploiters=BOTH, min_phase_steps=100, timeout_steps=200, **changes))
    name = f"{role}1"
    weights.live[name] = np.array([0.0, 5.0, 0.0])
    league.learners[name].steps = 100
    opponents = ["main1"] if role == "main_exploiter" else [player.name for player in league.frozen]
    for away in opponents:
        for _ in range(20):
            league.report(name, {away: [1]})
    return league, weights, name


@pytest.mark.parametrize("role", ["main", "main_exploiter"])
def test_beating_all_freezes_before_any_reset(role):
    league, weights, name = due(role)
    got = league.review(name, weights)
    frozen = got.frozen
    assert got == Review(name, frozen, reset=role != "main", beat_all=True)
    np.testing.assert_array_equal(weights.frozen[frozen], [0.0, 5.0, 0.0])  # the copy is of the trained weights
    np.testing.assert_array_equal(weights.live[name], START if role != "main" else [0.0, 5.0, 0.0])
    learner = league.learners[name]
    assert (learner.steps, learner.mark) == (100, 100)
    assert league.frozen[-1]._asdict() == {"name": frozen, "role": role, "parent": name, "faction": ""}


def test_no_snapshot_before_the_phase_ends():
    league, weights, name = due("main")
    league.learners[name].steps = 99
    assert league.review(name, weights) is None


def test_a_player_that_does_not_beat_all_waits_for_the_timeout():
    league, weights, name = due("main")
    for _ in range(30):
        league.report(name, {"main1.v0": [-1]})
    league.learners[name].steps = 200
    assert league.review(name, weights) is None
    league.learners[name].steps = 201
    assert league.review(name, weights) == Review(name, "main1.v1", reset=False, beat_all=False)


def test_a_few_lucky_games_are_not_trusted():
    league, weights = start(LeagueConfig(exploiters=BOTH, min_phase_steps=100, timeout_steps=200))
    league.learners["main1"].steps = 150
    for _ in range(7):
        league.report("main1", {"main1.v0": [1]})
    assert league.review("main1", weights) is None
    for _ in range(2):
        league.report("main1", {"main1.v0": [1]})
    assert league.review("main1", weights) is not None


@pytest.mark.parametrize("forget", [True, False])
def test_a_player_that_starts_anew_has_no_record_unless_asked(forget):
    league, weights, name = due("main_exploiter", forget_on_reset=forget)
    league.review(name, weights)
    assert league.payoff.games(name, "main1") == (0 if forget else pytest.approx(18.2, abs=0.1))
    assert league.payoff.win_rate("main1", name) == (0.5 if forget else 0.0)


def test_exploiters_may_have_shorter_phases():
    league, weights, name = due("main_exploiter", exploiter_phase=0.5)
    league.learners[name].steps = 49
    assert league.review(name, weights) is None
    league.learners[name].steps = 50
    assert league.review(name, weights).frozen == f"{name}.v0"


def test_league_exploiters_start_anew_a_quarter_of_the_time():
    resets = 0
    league, weights = start(LeagueConfig(exploiters=BOTH, min_phase_steps=1, timeout_steps=1))
    for _ in range(2000):
        league.learners["league_exploiter1"].steps += 2
        resets += league.review("league_exploiter1", weights).reset
    assert resets / 2000 == pytest.approx(0.25, abs=0.03)
    assert league.learners["league_exploiter1"].resets == resets


def test_frozen_weights_never_change():
    league, weights = start(LeagueConfig(exploiters=BOTH, min_phase_steps=50, timeout_steps=100))
    first = {}
    for _ in range(1500):
        play_round(league, weights)
        for name, logits in weights.frozen.items():
            first.setdefault(name, logits.copy())
    assert len(first) > 20
    assert all(np.array_equal(first[name], weights.frozen[name]) for name in first)


def test_a_saved_league_goes_on_to_the_bit():
    config = LeagueConfig(mains=2, exploiters=BOTH, min_phase_steps=40, timeout_steps=80)
    league, weights = start(config, seed=7)
    for _ in range(200):
        play_round(league, weights)
    copy = League.restore(json.loads(json.dumps(league.snapshot())))
    other = Weights()
    other.live = {name: logits.copy() for name, logits in weights.live.items()}
    other.frozen = dict(weights.frozen)
    for _ in range(200):
        play_round(league, weights)
        play_round(copy, other)
    assert copy.snapshot() == league.snapshot()
    assert all(np.array_equal(other.live[name], weights.live[name]) for name in weights.live)


def test_seeds_differ_and_repeat():
    runs = [[start(LeagueConfig(), seed)[0].request("main1") for _ in range(1)] for seed in range(40)]
    again = [[start(LeagueConfig(), seed)[0].request("main1") for _ in range(1)] for seed in range(40)]
    assert runs == again
    assert len({run[0].away for run in runs}) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"mains": 0},
        {"mains": 2, "factions": ("fire",)},
        {"mains": 2, "factions": ("fire", "fire")},
        {"exploiters": {"league_exploiter": -1}},
        {"exploiters": {"unknown": 1}},
        {"min_phase_steps": 0},
        {"min_phase_steps": 5, "timeout_steps": 4},
        {"exploiter_phase": 0.0},
        {"decay": 0.0},
    ],
)
def test_a_league_that_cannot_run_is_refused(changes):
    with pytest.raises(ValueError, match=r"expected|needs|must"):
        LeagueConfig(**changes)


def test_a_league_of_before_a_rule_has_its_default():
    league, _ = start(LeagueConfig(mains=1))
    saved = json.loads(json.dumps(league.snapshot()))
    del saved["config"]["rules"]["beaten_share"]
    assert League.restore(saved).config == league.config


def test_the_cache_holds_a_bounded_number_and_drops_the_least_recent():
    loads = []
    cache = PlayerCache(lambda name: loads.append(name) or name.upper(), capacity=2)
    assert [cache.get(name) for name in ("a", "b", "a", "c", "a")] == ["A", "B", "A", "C", "A"]
    assert loads == ["a", "b", "c"]
    cache.get("b")
    cache.get("a")
    cache.get("c")
    assert loads == ["a", "b", "c", "b", "c"]


def test_a_player_that_cannot_be_loaded_is_not_kept():
    files = {"here": 1}
    cache = PlayerCache(files.__getitem__, capacity=1)
    assert cache.get("here") == 1
    with pytest.raises(KeyError):
        cache.get("gone")
    files.clear()
    assert cache.get("here") == 1  # still in the cache
    files["gone"] = 2
    assert cache.get("gone") == 2


def test_a_new_role_is_one_row_of_the_table(monkeypatch):
    def opponent(asker, view, rules, uniform):
        return Pairing(asker, view.mains[0])

    prober = Role(opponent, targets=lambda view: list(view.mains), reset=1.0)
    monkeypatch.setitem(ROLES, "prober", prober)
    monkeypatch.setattr(league_module, "EXPLOITERS", ("prober",))
    league, weights = start(LeagueConfig(exploiters={"prober": 2}, min_phase_steps=1, timeout_steps=1))
    assert list(league.learners) == ["main1", "prober1", "prober2"]
    assert league.request("prober2") == Pairing("prober2", "main1")
    league.learners["prober1"].steps = 2
    review = league.review("prober1", weights)
    assert (review.frozen, review.reset) == ("prober1.v0", True)
