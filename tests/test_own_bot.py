"""A user's own bot that returns something wrong is named in one line, before it is recorded or learned from."""

from collections.abc import Callable

import numpy as np
import pytest

from botgame.game import Policy, ScriptedPolicy
from botgame.games import load_game
from botgame.play import play
from botgame.policies import load_policy
from botgame.setups import mirrored_setups
from matches import LMS
from refusals import refusal


def constant(*actions: object) -> Callable[[], Policy]:
    return lambda: ScriptedPolicy("own", lambda _seen, _memory, keys: np.array([actions] * len(keys)))


first, beyond, below, half, word = (constant(action) for action in (0, 9, -1, 0.5, "a"))
toy, toy_unused, extreme = constant(1, 1), constant(0, 1), constant(9, -9, 9, 9, 9, 9)


def ragged() -> Policy:
    return ScriptedPolicy("own", lambda _seen, _memory, keys: [[0], [0, 1]])  # type: ignore[arg-type, return-value]


def play_two(game: str, bot: str) -> None:
    loaded = load_game(game)
    policies = [load_policy(loaded, f"test_own_bot:{bot}"), load_policy(loaded, "random")]
    list(play(loaded, policies, mirrored_setups(loaded, 1, 1)))


def play_in_tictactoe(bot: str) -> None:
    play_two("pettingzoo:tictactoe_v3", bot)


@pytest.mark.parametrize(
    ("bot", "says"),
    [
        ("beyond", "bot 'own' returned 9 for the head action, expected a category from 0 to 8"),
        ("below", "bot 'own' returned -1 for the head action, expected a category from 0 to 8"),
        ("half", "bot 'own' returned 0.5 for the head action, expected a category"),
        ("first", "bot 'own' returned 0 for the head action, which is not legal"),
        ("first~0.5", "bot 'own' returned 0 for the head action, which is not legal"),
        ("word", "bot 'own' returned actions of dtype <U1, expected numbers"),
        ("ragged", "bot 'own' returned actions with rows of several lengths, expected shape"),
    ],
)
def test_a_wrong_action_names_its_bot(bot: str, says: str) -> None:
    assert refusal(play_in_tictactoe, bot).startswith(says)


def choose_in_toy(bot: str) -> list[list[int]]:
    """What it chooses where the second category of the second head is not legal."""
    loaded = load_policy(load_game("toy_game:toy"), f"test_own_bot:{bot}")
    seen = {"legal": np.array([[True, True, True, True, False]])}
    return loaded.act(seen, loaded.initial_memory(1), np.zeros(1, np.uint64))[0].tolist()


def test_a_head_that_is_not_used_may_hold_what_is_not_legal() -> None:
    assert "returned 1 for the head detail, which is not legal" in refusal(choose_in_toy, "toy")
    assert choose_in_toy("toy_unused") == [[0, 1]]


def test_the_arena_corrects_what_a_bot_returns() -> None:
    play_two("lms", "extreme")
    assert type(load_policy(LMS, "test_own_bot:extreme")) is ScriptedPolicy
