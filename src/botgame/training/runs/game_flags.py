"""What every command asks of a game: which one, how long its matches are, and what its rules are. Needs no torch."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from botgame import cli
from botgame.errors import UserError
from botgame.games import DEFAULT

if TYPE_CHECKING:
    from botgame.game import Game


def add_game_flag(parser: cli.Parser) -> None:
    """Add --game."""
    parser.flag("--game", default=DEFAULT, metavar="NAME|MODULE:FACTORY", help="the game; your own as module:factory")


def chosen_duration(game: Game, seconds: float | None) -> int | None:
    """`--episode-duration` in ticks, None where it was not given. Raises UserError where a game has no duration."""
    if seconds is None:
        return None
    if not game.duration_ticks:
        raise UserError(f"--episode-duration: matches of game {game.name} have no duration to choose; leave it out", 2)
    return max(1, round(seconds * game.spec.ticks_per_second))


def rules_digest(game: Game) -> str:
    """16 hex digits that change with any rule of the game."""
    return hashlib.sha256(json.dumps(dict(game.rules), sort_keys=True).encode()).hexdigest()[:16]
