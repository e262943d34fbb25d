"""Games that others wrote: translation of spaces, chance, agents that come and go, search, and what goes wrong."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pyspiel
import pytest

from botgame import rng
from botgame.adapters.alpha_beta import best_actions
from botgame.adapters.copies import places_of
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Due, Game, ScriptedPolicy, Setup
from botgame.games import load_game
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, play
from botgame.setups import mirrored_setups
from botgame.training import alphastar_rl, evaluate
from refusals import refusal

FLAKY = "gymnasium:outside_games:Flaky-v0"


def endless(game: Game, count: int) -> list[Setup]:
    return [Setup(rng.derive(9, number), (0,) * game.seats, tag=number) for number in range(count)]


def first_look(game: Game) -> tuple[object, Due, dict]:
    simulation = game.simulate(1, game.seats)
    simulation.reset(0, endless(game, 1)[0], [USUAL_LIMITS] * game.seats)
    due = simulation.advance()
    return simulation, due, simulation.observe(due)


def test_spaces_become_scalars_a_raster_and_heads() -> None:
    game = load_game("gymnasium:outside_games:Steps-v0")
    assert [scalar.name for scalar in game.spec.scalars] == [
        "pair.0 0", "pair.0 1", *(f"pair.1 {k}" for k in range(5)), *(f"place {k}" for k in range(3)), "speed 0"
    ]  # fmt: skip
    assert [(head.name, head.size) for head in game.spec.heads] == [
        ("action.much 0", 9), ("action.which 0", 2), ("action.which 1", 3)
    ]  # fmt: skip
    assert (len(game.spec.raster_channels), game.spec.raster_size) == (2, 9)
    simulation, due, seen = first_look(game)
    expected = [1, 0, 0, 1, 0, 0, 1, 1, 0, 0, np.arcsinh(-1e9)]
    np.testing.assert_allclose(seen["scalars"], [expected] * 2, rtol=1e-6)
    assert np.argwhere(seen["raster"][0]).tolist() == [[1, 0, 1]]
    assert seen["raster"].max() == 255
    actions = np.array([[8, 1, 2], [4, 0, 0]])
    for _ in range(3):
        simulation.act(due, actions)
        simulation.advance()
    assert simulation.done.all()
    outcome = simulation.outcome(0)
    np.testing.assert_allclose(outcome.rewards["return"] * game.reward_points["return"], [3, 0])
    assert outcome.places.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gymnasium:outside_games:Words-v0", "Text("),
        ("gymnasium:outside_games:Endless-v0", "Box(-inf, inf"),
        ("gymnasium:NoSuchThing-v3", "NoSuchThing"),
        ("pettingzoo:no_such_thing_v0", "no_such_thing_v0"),
        ("pettingzoo:unlike_agents", "Discrete(2)"),
        ("pettingzoo:json", "parallel_env"),
        ("openspiel:no_such_game", "no such game"),
        ("openspiel:kuhn_poker(players=99)", "players"),
        ("openspiel:mfg_garnet", "mean field"),
    ],
)
def test_what_cannot_be_played_is_one_line_that_names_it(name: str, says: str) -> None:
    said = refusal(load_game, name)
    assert name.split(":")[-1] in said
    assert says in said


@pytest.mark.parametrize("name", ["openspiel:kuhn_poker", "pettingzoo:connect_four_v3", "gymnasium:CartPole-v1"])
def test_a_missing_package_is_one_line_with_the_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"pip install \"[a-z-]+") as caught:
        load_game(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "choice", "says"),
    [
        ("openspiel:kuhn_poker", 2, "actions: 2 for the head action, expected a category from 0 to 1"),
        ("gymnasium:CartPole-v1", -1, "actions: -1 for the head action, expected a category from 0 to 1"),
        ("openspiel:leduc_poker", 0, "game openspiel:leduc_poker: action 0 of seat 0 is not legal; choose one"),
        ("openspiel:tic_tac_toe", 0, "game openspiel:tic_tac_toe: action 0 of seat 1 is not legal; choose one"),
    ],
)
def test_an_action_that_the_rules_forbid_is_named(name: str, choice: int, says: str) -> None:
    bot = ScriptedPolicy("stubborn", lambda _seen, _memory, keys: np.full((len(keys), 1), choice))
    game = load_game(name)
    with pytest.raises(UserError, match=f"^{says}"):
        list(play(game, [bot], iter(endless(game, 1))))


def test_limits_in_a_game_without_them_are_named() -> None:
    game = load_game("openspiel:kuhn_poker")
    bot = game.bots["random"]()
    bot.action_cap = 5  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="action_cap is 5, game openspiel:kuhn_poker allows none"):
        list(play(game, [bot], iter(endless(game, 1))))


def test_agents_die_and_come_later() -> None:
    game = load_game("pettingzoo:outside_games")
    simulation, due, seen = first_look(game)
    seats, masks = [], []
    while not simulation.done.all():
        seats.append(due.seat.tolist())
        masks.append(seen["legal"][0].tolist())
        simulation.act(due, np.ones((len(due.seat), 1), np.int64))
        due = simulation.advance()
        seen = simulation.observe(due)
    assert seats == [[0, 1], [0, 1], [1, 2], [1, 2], [1, 2]]
    assert masks == [[True, True, False]] * 4 + [[False, True, False]]
    assert (simulation.outcome(0).rewards["return"] * game.reward_points["return"]).tolist() == [2, 5, 3]


def test_equal_returns_share_a_place() -> None:
    assert places_of(np.array([0.5, 2.0, 0.5, -1.0])).tolist() == [2, 1, 2, 4]


def test_chance_is_fair_and_follows_from_the_seed() -> None:
    game = load_game("openspiel:kuhn_poker")
    simulation = game.simulate(600, 2)
    for slot in range(600):
        simulation.reset(slot, Setup(rng.derive(3, slot), (0, 0)), [USUAL_LIMITS] * 2)
    cards = simulation.observe(simulation.advance())["scalars"][:, 2:5]
    counts = cards.sum(0)
    assert (cards.sum(1) == 1).all()
    assert counts.min() > 160
    deals = {tuple(state) for state in np.concatenate([cards], 1).tolist()}
    assert len(deals) == 3


def test_the_critic_sees_the_cards_of_the_others() -> None:
    game = load_game("openspiel:kuhn_poker")
    simulation, due, seen = first_look(game)
    simulation.act(due, np.zeros((1, 1), np.int64))
    theirs = simulation.observe(simulation.advance())
    own = theirs["scalars"][0, 2:5]
    assert not np.array_equal(own, seen["scalars"][0, 2:5])
    assert np.array_equal(seen["privileged"][0, 2:5], own)


def minimax(state: object, player: int, depth: int) -> float:
    if state.is_terminal():
        return state.player_return(player)
    if not depth:
        return 0.0
    values = [0.99 * minimax(state.child(action), player, depth - 1) for action in state.legal_actions()]
    return max(values) if state.current_player() == player else min(values)


@pytest.mark.parametrize("seed", range(12))
def test_alpha_beta_finds_exactly_the_best_moves(seed: int) -> None:
    state = pyspiel.load_game("tic_tac_toe").new_initial_state()
    draws = np.random.default_rng(seed)
    for _ in range(int(draws.integers(2, 6))):
        if not state.is_terminal():
            state.apply_action(int(draws.choice(state.legal_actions())))
    if state.is_terminal():
        return
    player = state.current_player()
    values = {action: minimax(state.child(action), player, 3) for action in state.legal_actions()}
    best = max(values.values())
    assert best_actions(state, 4) == [action for action, value in values.items() if value > best - 1e-9]


def test_search_beats_chance_and_its_decisions_repeat() -> None:
    game = load_game("openspiel:tic_tac_toe")
    assert {"random", "search-2", "search-4", "mcts"} == set(game.bots)
    for name in ("search-2", "search-4", "mcts"):
        told = [
            [(match.episode, match.outcome.places.tolist()) for match in sorted(ended, key=lambda m: m.episode)]
            for ended in (
                play(game, [game.bots[name](), game.bots["random"]()], mirrored_setups(game, 1, 10), slots=slots)
                for slots in (3, 8)
            )
        ]
        assert told[0] == told[1]
        lost = [places for episode, places in told[0] if places[episode % 2] > places[1 - episode % 2]]
        assert len(lost) <= 2


@pytest.mark.parametrize("name", ["openspiel:kuhn_poker", "openspiel:backgammon", "openspiel:matrix_rps"])
def test_search_is_offered_only_where_it_means_something(name: str) -> None:
    assert set(load_game(name).bots) == {"random"}


def test_racers_do_not_touch_each_other() -> None:
    game = load_game("gymnasium:CartPole-v1")
    seen = []
    for other in (0, 1):
        simulation, due, _ = first_look(game)
        for _ in range(5):
            simulation.act(due, np.array([[1], [other]]))
            due = simulation.advance()
        seen.append(simulation.observe(due.rows(np.array([0])))["scalars"])
    assert np.array_equal(*seen)


def test_what_does_not_repeat_itself_says_so_and_begins_again(capsys: pytest.CaptureFixture[str]) -> None:
    game = load_game(FLAKY)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "does not repeat" in said
    assert "--resume" in said
    setups = endless(game, 6)
    batch, memory = MatchBatch(game.simulate(2, 2), iter(setups)), SeatMemory(2, 2)
    for _ in range(6):
        step = batch.next()
        batch.act(step.due, decide(batch, step, memory, [game.bots["random"]()], 1))
    with pytest.raises(UserError, match="cannot be saved"):
        batch.simulation.snapshot()
    saved = batch.snapshot()
    again = MatchBatch(game.simulate(2, 2), iter(setups[saved["taken"] :]))
    again.restore(saved)
    step = again.next()
    assert again.simulation.ticks.tolist() == [0, 0]
    assert not set(step.episode.tolist()) & set(range(6))  # memories of the first part are dropped


def test_training_on_what_cannot_be_saved_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--game", FLAKY, "--scratch", "tiny", "--output", str(tmp_path / "pi.pt"), "--eval-matches", "4"]
    words += ["--matches-per-actor", "4", "--actor-rollouts", "2", "--unroll-length", "3", "--batch-size", "4"]
    words += ["--replay-size", "32", "--min-replay-sequences", "2", "--cpu", "--threads", "1", "--save-every", "1"]
    assert alphastar_rl.main([*words, "--iterations", "2"]) == 0
    capsys.readouterr()
    assert alphastar_rl.main([*words, "--iterations", "4", "--resume"]) == 0
    said = capsys.readouterr()
    assert "begins the running ones again" in said.err
    assert "resuming after iteration 2" in said.out
    lines = [json.loads(line) for line in (tmp_path / "pi.metrics.jsonl").read_text().splitlines()]
    assert "training/reward/return" in lines[-1]  # though the learner met nobody else


def test_games_of_three_seats_are_judged_by_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--game", "openspiel:kuhn_poker(players=3)", "--scratch", "tiny", "--output", str(tmp_path / "pi.pt")]
    words += ["--matches-per-actor", "4", "--actor-rollouts", "2", "--unroll-length", "3", "--batch-size", "4"]
    words += ["--eval-matches", "6", "--iterations", "1", "--cpu", "--threads", "1", "--replay-size", "32"]
    assert alphastar_rl.main(words) == 0
    assert "against random" in capsys.readouterr().out
    figures = tmp_path / "out.json"
    assert evaluate.main([*words[:2], str(tmp_path / "pi.pt"), "random", "--matches", "6", "--json", str(figures)]) == 0
    assert json.loads(figures.read_text())["pairs"][0]["seats"] == 3


def test_an_evaluation_shows_returns_in_the_games_own_points(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    words = ["--game", "openspiel:leduc_poker", "random", "random", "--matches", "200", "--json", str(path)]
    assert evaluate.main(words) == 0
    (pair,) = json.loads(path.read_text())["pairs"]
    mean, error = pair["earned"]["return"]
    assert mean == pytest.approx(-pair["rival_earned"]["return"][0])
    assert 0.1 < error < 1  # a match is about some chips, not about 1
