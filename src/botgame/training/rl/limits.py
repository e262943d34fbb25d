"""What --action-cap and --reaction mean in a game."""

from __future__ import annotations

import argparse

from botgame.errors import UserError
from botgame.game import Game, SeatLimits


def limits_from(options: argparse.Namespace, game: Game) -> SeatLimits:
    """What --action-cap and --reaction say. Raises UserError (code 2) for limits that the game does not know."""
    return SeatLimits(_cap_of(options.action_cap, game), _reaction_of(options.reaction, game))


def _reaction_of(text: str, game: Game) -> int:
    if text == "rules":
        return 0
    if not game.slowest_reaction:
        raise UserError(f"--reaction {text}: in game {game.name} a reaction cannot be chosen; leave the flag out", 2)
    if not game.usual_reaction <= int(text) <= game.slowest_reaction:
        known = f"{game.usual_reaction} to {game.slowest_reaction} ticks"
        raise UserError(f"--reaction {text}: game {game.name} knows {known}", 2)
    return int(text)


def _cap_of(text: str, game: Game) -> int:
    if text == "rules":
        return 0
    if game.action_caps is None:
        raise UserError(f"--action-cap {text}: game {game.name} has no cap on actions; leave the flag out", 2)
    if text == "none":
        return game.action_caps.uncapped
    if int(text) > game.action_caps.most:
        raise UserError(f"--action-cap {text}: game {game.name} knows caps of 1 to {game.action_caps.most}", 2)
    return int(text)
