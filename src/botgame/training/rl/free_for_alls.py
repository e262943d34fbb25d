"""How much of a learner's training is free-for-alls, and of how many seats: the flags and what follows from them."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botgame import cli
from botgame.errors import UserError
from botgame.training.alphastar.engine.portions import Table

if TYPE_CHECKING:
    from botgame.game import Game

MOST_SEATS = 99


@dataclass(frozen=True)
class RoyaleShare:
    """`share` of the learner's sequences comes from free-for-alls, in equal parts from each number of seats."""

    share: float = 0.0
    seats: tuple[int, ...] = (8,)

    def tables(self, matches: int, usual: int) -> list[Table]:
        """How `matches` parallel matches are split up: the usual number of seats first, at least one match of each."""
        crowded = self.share * matches
        duels = [Table(usual, max(1, matches - round(crowded)), 1.0 - self.share)] if self.share < 1 else []
        slots = max(1, round(crowded / len(self.seats)))
        return duels + [Table(seats, slots, self.share / len(self.seats)) for seats in self.seats if self.share]


def seat_counts(text: str) -> tuple[int, ...]:
    """`8`, `3,5,8` or `3-8` as numbers of seats of free-for-alls, ascending."""
    counts: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        numbers = range(int(found[1]), int(found[2] or found[1]) + 1) if found and len(part) < 9 else range(0)
        if not numbers or not 3 <= numbers[0] <= numbers[-1] <= MOST_SEATS:
            expected = f"numbers from 3 to {MOST_SEATS}, as in 8 or 3,5,8 or 3-8"
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        counts |= set(numbers)
    return tuple(sorted(counts))


def add_royale_flags(parser: cli.Parser) -> None:
    """Add --royale-share and --royale-seats."""
    parser.section("advanced: opponents and matches")
    text = "share of the learner's data from free-for-alls; the rest is from duels"
    parser.flag("--royale-share", type=cli.probability, default=0.0, help=text)
    text = "seats of the free-for-alls: 8, or several numbers in equal parts, 3,5,8 or 3-8"
    parser.flag("--royale-seats", type=seat_counts, default="8", help=text)


def royale_share(options: argparse.Namespace, game: Game) -> RoyaleShare:
    """What parsed flags say. Raises UserError (code 2) for numbers of seats that the game does not have."""
    share = RoyaleShare(options.royale_share, tuple(options.royale_seats))
    strange = [seats for seats in share.seats if seats not in game.seat_numbers]
    if share.share and strange:
        known = ", ".join(map(str, game.seat_numbers))
        raise UserError(f"--royale-seats: game {game.name} has matches of {known} seats, not of {strange[0]}", 2)
    return share
