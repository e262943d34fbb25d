"""Kaggle's environments by name, on a stand-in of the same interface: the real package brings more than a gigabyte."""

import importlib.util
import random
import sys

import numpy as np
import pytest

import kaggle_stand_in
from botgame import rng
from botgame.adapters.kaggle_spec import Parts
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Array, Game, Observation, Policy, Setup
from botgame.games import load_game
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide, play
from botgame.setups import mirrored_setups
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
            np.testing.assert_allclose(geese[seat, other][cells], np.linspace(1, 0, len(cells), endpoint=False))
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
    assert set(game.bots) == {"random", "greedy", "turning", "silent"}
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


def test_an_agent_without_an_answer_is_one_line() -> None:
    game = load_game("kaggle:geese_lite")
    with pytest.raises(UserError, match="bot 'silent' answered None, which is no action"):
        list(play(game, [game.bots["silent"](), game.bots["random"]()], mirrored_setups(game, 1, 1)))


def turn(batch: MatchBatch, bots: list[Policy], game: Game) -> list[list[int]]:
    """One round of decisions."""
    step = batch.next()
    actions = decide(batch, step, SeatMemory(2, 3), bots, len(game.spec.heads))
    return batch.act(step.due, actions).tolist()


@pytest.mark.parametrize(
    ("name", "says"),
    [("kaggle:nothing", "Unknown Environment"), ("kaggle:geese_lite:9", "1, 2, 3, 4 seats"), ("kaggle:words", "enum")],
)
def test_what_cannot_be_played_is_one_line(name: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        load_game(name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
