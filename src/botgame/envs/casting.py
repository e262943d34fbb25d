"""Who holds an opponent's seat: one bot, or one of several, drawn by shares for each match.

A learner from random weights needs several, some of which it can beat (docs/scratch.md).
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

from botgame.envs.number_checks import is_finite
from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Game, Policy, own_factions
from botgame.policies import load_policy
from botgame.seat_limits import limits_of


class Casting(NamedTuple):
    """The numbers of the bots that may hold a seat, and the share of each one's matches."""

    bots: tuple[int, ...]
    shares: tuple[float, ...] = (1.0,)

    def drawn(self, draw: float) -> int:
        """The bot for a random number in [0, 1)."""
        ends = list(accumulate(self.shares))
        return self.bots[bisect(ends, draw * ends[-1], hi=len(ends) - 1)]


def drawable_bots(game: Game, shares: Mapping[str, float]) -> list[Policy]:
    """The bots that `shares` names.

    Raises UserError (code 2) for what are no shares, and for a bot with a faction or limits of its own.
    """
    if not _are_shares(shares):
        raise UserError(
            f"opponent {dict(shares)}: expected names of bots and the share of each one's matches, more than 0 and "
            "finite in sum",
            2,
        )
    bots = [load_policy(game, name) for name in shares]
    for name, bot in zip(shares, bots, strict=True):
        if limits_of(bot) != USUAL_LIMITS or own_factions(game, [bot]):
            raise UserError(f"opponent {name}: it has a faction or limits of its own and cannot be drawn", 2)
    return bots


def _are_shares(shares: Mapping[str, float]) -> bool:
    each = all(isinstance(name, str) and is_finite(one) and one > 0 for name, one in shares.items())
    total = sum(map(float, shares.values())) if each else 0.0
    return total > 0 and math.isfinite(total)
