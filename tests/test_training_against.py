"""The command that trains a policy against bots which beat it."""

import shlex

import pytest

from botgame.games import load_game
from botgame.training import alphastar_rl
from botgame.training.alphastar.actor.opponents import parse_shares
from botgame.training.rl.training_against import SHARE, mixture_with, training_against

GAME = load_game("lms")


def test_the_new_opponents_share_their_part_in_proportion() -> None:
    mixture = mixture_with(GAME, {"a": 5, "b": 4})
    assert sum(mixture.values()) == pytest.approx(1)
    assert mixture["a"] + mixture["b"] == pytest.approx(SHARE)
    assert mixture["a"] / mixture["b"] == pytest.approx(5 / 4)
    usual = {name: share for name, share in mixture.items() if name not in ("a", "b")}
    assert usual == {name: pytest.approx((1 - SHARE) * share) for name, share in GAME.opponents.items()}


def test_the_command_is_one_that_rl_takes() -> None:
    found = "reports/exploit/lms/champion/scripted/best_response.bot.json"
    words = shlex.split(training_against(GAME, "lms", "champion", {found: 1}))
    options = alphastar_rl.build_parser().parse_args(words[3:])
    assert options.supervised_checkpoint == GAME.checkpoints["champion"]
    assert parse_shares(options.opponents)[found] == pytest.approx(SHARE, rel=0.01)


def test_a_scripted_bot_learns_nothing() -> None:
    assert training_against(GAME, "lms", "lms_re", {"rusher": 1}) == ""
    assert training_against(GAME, "lms", "pi.pt", {}) == ""
