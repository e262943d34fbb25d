"""Kaggle's environments by name, on a stand-in of the same interface: the real package brings more than a gigabyte."""

import importlib.util
import random
import sys

import numpy as np
import pytest

import kaggle_stand_in
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Setup
from botgame.games import load_game
from botgame.play import SeatMemory, play
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


def test_lists_of_cells_are_seen_from_ones_own_seat() -> None:
    game = load_game("kaggle:geese_lite:3")
    assert (game.seat_numbers, [head.labels for head in game.spec.heads]) == ((3,), [("STAY", "EAST", "SOUTH")])
    simulation = game.simulate(1, 3)
    simulation.reset(0, Setup(5, (0, 0, 0)), [USUAL_LIMITS] * 3)
    due = simulation.advance()
    simulation.act(due, np.array([[1], [0], [0]]))
    due = simulation.advance()
    seen = simulation.observe(due)
    names = [scalar.name for scalar in game.spec.scalars]
    food, geese = (slice(names.index(f"{name} 0"), names.index(f"{name} 0") + size) for name, size in
                   (("food", 12), ("geese", 36)))  # fmt: skip
    raw = seen["raw"][0, 0]["geese"]
    assert len(raw[0]) == 2
    own = seen["scalars"][:, geese].reshape(3, 3, 12)
    for seat in range(3):
        for other in range(3):
            assert np.flatnonzero(own[seat, other]).tolist() == sorted(raw[(seat + other) % 3])
    assert own[0, 0, raw[0][0]] == 1
    assert own[0, 0, raw[0][1]] == 0.5
    assert np.flatnonzero(seen["scalars"][0, food]).tolist() == sorted(seen["raw"][0, 0]["food"])


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
    assert set(game.bots) == {"random", "greedy"}
    ended = list(play(game, [game.bots["greedy"](), game.bots["random"]()], mirrored_setups(game, 1, 20)))
    points = [match.outcome.rewards["return"].max() * game.reward_points["return"] for match in ended]
    assert len(ended) == 40
    assert max(points) > 40


@pytest.mark.parametrize(
    ("name", "says"),
    [("kaggle:nothing", "Unknown Environment"), ("kaggle:geese_lite:9", "1, 2, 3, 4 seats"), ("kaggle:words", "enum")],
)
def test_what_cannot_be_played_is_one_line(name: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        load_game(name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
