"""The arena with matches of a few seconds, for tests of commands that play matches but do not test how long they are.

Such a command is given `--game short_arena:lms`. A whole match has two minutes, which costs a tiny network a second.
"""

from dataclasses import replace

from botgame.game import Game
from botgame.lms import game
from botgame.lms.rules import TICKS_PER_SECOND

SHORT = ["--game", "short_arena:lms"]


def lms() -> Game:
    return replace(game.lms(), duration_ticks=10 * TICKS_PER_SECOND)
