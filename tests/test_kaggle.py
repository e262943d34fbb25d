"""Kaggle's environments by name, on a stand-in of the same interface: the real package brings more than a gigabyte."""

import importlib.util
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import kaggle_stand_in
from botgame import rng
from botgame.adapters.global_generators import seeded, spared
from botgame.adapters.kaggle_spec import Parts
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Array, Ended, Game, Observation, Policy, Setup
from botgame.games import load_game
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, play, play_batch
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from botgame.training import alphastar_league, alphastar_rl, report_league
from botgame.training.alphastar.engine.portions import Table
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.league.files import EVALUATION, TRAINING, read_matches
from botgame.training.rl.environment import Opponents, make_environment
from botgame.training.runs.origin import scratch_origin
from refusals import refusal
from test_game_contract import batch_of, story

_find_spec = importlib.util.find_spec


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaggle_environments", kaggle_stand_in)
    found = lambda name: True if name == "kaggle_environments" else _find_spec(name)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", found)
    monkeypatch.delitem(sys.modules, "botgame.adapters.kaggle", raising=False)
    yield
    sys.modules.pop("botgame.adapters.kaggle", None)


def test_boards_are_seen_from_ones_own_seat_and_cell() -> None:
    game = load_game("kaggle:geese_lite:3")
    assert (game.seat_numbers, [head.labels for head in game.spec.heads]) == ((3,), [("STAY", "EAST", "SOUTH")])
    simulation = game.simulate(1, 3)
    simulation.reset(0, Setup(5, (0, 0, 0)), [USUAL_LIMITS] * 3)
    due = simulation.advance()
    assert not columns(game, simulation.observe(due), "own last action", 3).any()
    simulation.act(due, np.array([[1], [0], [0]]))
    seen = simulation.observe(simulation.advance())
    agents, _ = seen["raw"][0, 0]
    raw = agents._env.state[0]["observation"]
    assert len(raw["geese"][0]) == 2
    food, geese = columns(game, seen, "food", 12), columns(game, seen, "geese", 36).reshape(3, 3, 12)
    for seat in range(3):
        head = raw["geese"][seat][0]
        for other in range(3):
            cells = [turned(cell, head) for cell in raw["geese"][(seat + other) % 3]]
            np.testing.assert_allclose(geese[seat, other][cells], np.linspace(1, 0.5, len(cells), endpoint=False))
            assert np.count_nonzero(geese[seat, other]) == len(cells)
        assert geese[seat, 0, 6] == 1, "the own head is in the middle, row 1 of 3 and column 2 of 4"
        assert np.flatnonzero(food[seat]).tolist() == sorted(turned(cell, head) for cell in raw["food"])
        assert np.flatnonzero(columns(game, seen, "own first cell", 12)[seat]).tolist() == [head]
    assert columns(game, seen, "own last action", 3).tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]


def columns(game: Game, seen: Observation, name: str, size: int) -> Array:
    """The scalars whose names begin so, `size` of each row."""
    found = [k for k, scalar in enumerate(game.spec.scalars) if scalar.name.startswith(name)]
    assert len(found) == size
    return seen["scalars"][:, found]


def turned(cell: int, head: int) -> int:
    """Where a cell of the board of 3 x 4 is seen by the goose with its head there."""
    (row, column), (own_row, own_column) = divmod(cell, 4), divmod(head, 4)
    return (row - own_row + 1) % 3 * 4 + (column - own_column + 2) % 4


def test_a_board_without_lists_of_seats_stays_as_it_is() -> None:
    parts = Parts({"board": [0, 1, 0, 2, 0, 0], "step": 3}, (2, 3), 2, "kaggle:x")
    assert parts.names == [*(f"board {cell}" for cell in range(6)), "step 0"]
    got = parts.encode({"board": [0, 1, 0, 2, 0, 0], "step": 3}, seat=1)
    np.testing.assert_allclose(got, np.arcsinh([0, 1, 0, 2, 0, 0, 3]))


@pytest.mark.parametrize("name", ["kaggle:geese_lite", "kaggle:geese_lite:4"])
def test_matches_repeat_and_are_saved(name: str) -> None:
    game = load_game(name)
    state = random.getstate()
    told = [story(game, batch_of(game, game.seats, slots, 6), SeatMemory(slots, game.seats)) for slots in (1, 4)]
    assert told[0] == told[1]
    assert random.getstate() == state
    batch = batch_of(game, game.seats, 2, 6)
    step = batch.next()
    batch.act(step.due, np.ones((len(step.slot), 1), np.int64))
    saved = batch.snapshot()
    again = batch_of(game, game.seats, 2, 6, taken=saved["taken"])
    again.restore(saved)
    first, second = batch.next(), again.next()
    assert np.array_equal(batch.observe(first.due)["scalars"], again.observe(second.due)["scalars"])


def test_the_environments_agents_are_bots() -> None:
    game = load_game("kaggle:geese_lite")
    others = {"silent", "stubborn", "failing", "array", "method", "decorated"}
    assert set(game.bots) == {"random", "greedy", "turning", *others}
    ended = list(play(game, [game.bots["greedy"](), game.bots["random"]()], mirrored_setups(game, 1, 20)))
    points = [match.outcome.rewards["return"].max() * game.reward_points["return"] for match in ended]
    assert len(ended) == 40
    assert max(points) > 40


def test_an_agent_remembers_its_own_match_and_seat_alone() -> None:
    """Its memory is a global variable; matches side by side, and one that is restored, must not notice."""
    game = load_game("kaggle:geese_lite:3")
    bots = [game.bots["turning"]() for _ in range(3)]
    setups = [Setup(rng.derive(1, number), (0, 1, 2), tag=number) for number in range(12)]

    def outcomes(slots: int) -> list[list[float]]:
        ended = sorted(play(game, bots, iter(setups), slots=slots), key=lambda match: match.episode)
        return [match.outcome.rewards["return"].tolist() for match in ended]

    assert outcomes(1) == outcomes(5)
    assert kaggle_stand_in._asked == {}
    first, second = (MatchBatch(game.simulate(2, 3), iter(setups[start:])) for start in (0, 2))
    for _ in range(3):
        turned = turn(first, bots, game)
    second.restore(first.snapshot())
    assert turn(first, bots, game) == turn(second, bots, game) != turned


def test_an_agent_is_asked_where_it_acts_at_random_too() -> None:
    """`turning` answers by how often it was asked; with a gap it would not know the turn."""
    game = load_game("kaggle:geese_lite")
    batch = MatchBatch(game.simulate(8, 2), iter([Setup(seed, (0, 0)) for seed in range(8)]))
    memory, bot, asked = SeatMemory(8, 2), load_policy(game, "turning~0.5"), 0
    for tick in range(4):
        step = batch.next()
        batch.act(step.due, decide(batch, step, memory, [bot], 1))
        for agents, seat in batch.observe(batch.simulation.advance())["raw"][:, 0]:
            assert kaggle_stand_in.times_asked(agents._made["turning", seat], seat) == tick + 1
            asked += 1
    assert asked > 20


def test_an_agent_that_is_no_function_plays_each_seat_by_itself() -> None:
    game = load_game("kaggle:geese_lite:3")
    bots = [game.bots["stubborn"]() for _ in range(3)]
    batch = MatchBatch(game.simulate(2, 3), iter([Setup(seed, (0, 1, 2)) for seed in (1, 2)]))
    first, second = turn(batch, bots, game), turn(batch, bots, game)
    assert {action for (action,) in first + second} == {0}
    assert kaggle_stand_in._STUBBORN.answer == ""


@pytest.mark.parametrize("name", ["method", "decorated"])
def test_an_agent_may_be_anything_that_can_be_called(name: str) -> None:
    game = load_game("kaggle:geese_lite")
    batch = MatchBatch(game.simulate(2, 2), iter([Setup(seed, (0, 1)) for seed in (1, 2)]))
    step = batch.next()
    assert step is not None
    actions = decide(batch, step, SeatMemory(2, 2), [game.bots[name](), game.bots[name]()], len(game.spec.heads))
    assert actions.tolist() == [[1]] * 4


@pytest.mark.parametrize(("name", "answer"), [("silent", "None"), ("array", r"array\(\[1, 2\]\)")])
def test_an_agent_without_an_answer_is_one_line(name: str, answer: str) -> None:
    game = load_game("kaggle:geese_lite")
    with pytest.raises(UserError, match=f"^bot '{name}' answered {answer}, which is no action of its game; [^\n]*$"):
        list(play(game, [game.bots[name](), game.bots["random"]()], mirrored_setups(game, 1, 1)))


def test_an_agent_that_fails_is_one_line() -> None:
    game = load_game("kaggle:geese_lite")
    with pytest.raises(UserError, match=r"^bot 'failing' failed \(ValueError: no idea in step 0\); play another one$"):
        list(play(game, [game.bots["failing"](), game.bots["random"]()], mirrored_setups(game, 1, 1)))


def test_the_finishing_order_is_a_reward_beside_the_return() -> None:
    game = load_game("kaggle:geese_lite:3")
    assert [reward.name for reward in game.spec.rewards] == ["result", "return"]
    bots = [game.bots[name]() for name in ("greedy", "random", "turning")]
    for match in play(game, bots, mirrored_setups(game, 1, 4, (0, 1, 2))):
        returns, result = match.outcome.rewards["return"], match.outcome.rewards["result"]
        expected = [np.sign(own - returns).sum() / 2 for own in returns]
        np.testing.assert_allclose(result, expected)


def test_a_match_without_the_learner_is_not_played_on() -> None:
    """Its outcome for the learner is the one that the whole match has."""
    game = load_game("kaggle:geese_lite:4")
    bots = [game.bots["random"](), game.bots["turning"]()]
    setups = list(mirrored_setups(game, 3, 12, (0, 1, 1, 1)))
    assert game.out is not None
    whole, cut = ({match.episode: match for match in ended(game, bots, setups, out)} for out in (None, game.out))
    shorter = 0
    for episode, match in cut.items():
        seat, full = match.setup.players.index(0), whole[episode].outcome
        assert match.outcome.places[seat] == full.places[seat]
        for name, reward in match.outcome.rewards.items():
            assert reward[seat] == full.rewards[name][seat]
        shorter += match.outcome.ticks < full.ticks
    assert len(cut) == 48
    assert shorter > 5


@pytest.mark.parametrize("name", ["pensions", "unpaid"])
def test_matches_are_played_on_unless_random_ones_show_that_who_is_out_keeps_return_and_place(name: str) -> None:
    assert load_game(f"kaggle:{name}:4").out is None


def test_a_return_of_one_is_what_a_match_of_the_longest_duration_pays() -> None:
    """Each of 8 steps pays 10, and the trail's length; random matches are shorter."""
    game = load_game("kaggle:geese_lite:4")
    assert 80 < game.reward_points["return"] <= 8 * 10 + 8 * 5


def test_the_packages_deep_copy_is_replaced_by_an_equal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Struct(dict):
        def __init__(self, **entries: object) -> None:
            super().__init__(entries)
            self.__dict__.update(entries)

    utils = ModuleType("kaggle_environments.utils")
    utils.Struct, utils.structify = Struct, lambda value: value
    monkeypatch.setitem(sys.modules, "kaggle_environments.utils", utils)
    load_game("kaggle:geese_lite")
    given = {"geese": [[1, 2], []], "state": {"step": 3, "names": ["a", None]}, "mixed": [1, [2], {"x": 0.5}]}
    made = utils.structify(given)
    assert made == given
    assert (made.state.step, made.mixed[2].x) == (3, 0.5)
    made["geese"][0].append(7)
    made["mixed"][1].append(7)
    made.state["names"].clear()
    assert given == {"geese": [[1, 2], []], "state": {"step": 3, "names": ["a", None]}, "mixed": [1, [2], {"x": 0.5}]}


def test_generators_go_on_as_if_nothing_had_been() -> None:
    """Also where blocks lie within each other, and where two threads want them."""
    random.seed(3)
    expected = random.random()
    random.seed(3)

    def drawn(key: int) -> list[float]:
        with seeded(key):
            first = random.random()
            time.sleep(0.001)
            return [first, random.random()]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(drawn, range(16)))
    with spared():
        alone = [drawn(key) for key in range(16)]
    assert together == alone
    assert random.random() == expected


def test_training_leaves_matches_without_the_learner() -> None:
    """All seats that are in are due at once here, so the learner is among the due seats of every match."""
    game = load_game("kaggle:geese_lite:4")
    setups = (Setup(seed, (1, 0, 1, 1)) for seed in itertools.count())
    bots = Opponents(lambda _player: game.bots["turning"](), lambda _player: False)
    origin = scratch_origin("tiny", 0, game)
    table = Table(4, 6, 1.0)
    made = make_environment(game, table, lambda _: setups, bots, origin=origin, styles=StyleConfig(), seed=0)
    matches, memory, players = made.matches, SeatMemory(6, 4), [game.bots["random"](), game.bots["turning"]()]
    over = 0
    for _ in range(30):
        step = matches.next()
        over += len(step.ended)
        assert set(step.slot[step.player == 0].tolist()) == set(range(6))
        matches.act(step.due, decide(matches, step, memory, players, 1))
    assert over > 10


def ended(game: Game, bots: list[Policy], setups: list[Setup], out: Callable[[Any], Array] | None) -> list[Ended]:
    """All matches, cut by `out`."""
    batch = MatchBatch(game.simulate(5, 4), iter(setups), out=out)
    return list(play_batch(batch, bots, SeatMemory(5, 4), 1))


def turn(batch: MatchBatch, bots: list[Policy], game: Game) -> list[list[int]]:
    """One round of decisions."""
    step = batch.next()
    actions = decide(batch, step, SeatMemory(2, 3), bots, len(game.spec.heads))
    return batch.act(step.due, actions).tolist()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("kaggle:pictures", "observation 'picture', [['a', 'b', 'c', 'd', 'e', 'f', ...]], cannot"),
        ("kaggle:nothing", "Unknown Environment"),
        ("kaggle:geese_lite:9", "1, 2, 3, 4 seats"),
        ("kaggle:words", "enum"),
    ],
)
def test_what_cannot_be_played_is_one_line(name: str, says: str) -> None:
    assert says in refusal(load_game, name)


LEAGUE = (
    *("--game", "kaggle:geese_lite:3", "--rounds", "2", "--rl-iterations-per-round", "2", "--actor-rollouts", "1"),
    *("--learner-updates", "1", "--unroll-length", "8", "--matches-per-actor", "4", "--batch-size", "8"),
    *("--replay-size", "64", "--min-replay-sequences", "4", "--eval-matches", "7", "--past-selves", "1"),
    *("--cross-play-players", "4", "--cross-play-matches", "3", "--min-phase-steps", "20", "--value-iterations", "1"),
    *("--scripted-players", "greedy", "--cpu", "--threads", "1"),
)


def test_a_league_of_a_game_without_duels(tmp_path: Path) -> None:
    """Evaluations give one player a seat among others of its rival: whole sets of three."""
    words = ["--game", "kaggle:geese_lite:3", "--scratch", "tiny", "--iterations", "1", "--matches-per-actor", "4"]
    start, folder = tmp_path / "pi.pt", tmp_path / "league"
    assert alphastar_rl.main([*words, "--output", str(start), "--eval-every", "0", "--threads", "1", "--cpu"]) == 0
    words = ["--supervised-checkpoint", str(start), "--output-dir", str(folder)]
    assert alphastar_league.main([*words, *LEAGUE]) == 0
    matches, _ = read_matches(folder / "matches.jsonl")
    against = [match for match in matches if (match.kind, match.rival, match.round) == (EVALUATION, "random", 1)]
    assert len(against) == 9
    assert {(match.kind, len(match.seats)) for match in matches} == {(EVALUATION, 3), (TRAINING, 3)}
    words = ["--league-state", str(folder / "league_state.json"), "--matches", str(folder / "matches.jsonl")]
    assert report_league.main([*words, "--output", str(tmp_path / "summary.json")]) == 0
    assert json.loads((tmp_path / "summary.json").read_text())["game"] == "kaggle:geese_lite:3"
