"""One seat of a policy among many of another: first places and finishing order over rotated free-for-alls.

Each seed is played once for every seat, with the policy in it; factions belong to the seats, so the policy meets every
situation of the seed and no seat or faction helps it. Equal policies finish first in one of N matches: that is par.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from botgame.game import Ended, Game, Policy
from botgame.ratings import by_seed, clustered
from botgame.training.evaluation.one_among_others import MatchOptions, one_among_others


@dataclass(frozen=True)
class Placing:
    """What A did among `seats` - 1 of B.

    seeds: of each seed the matches that A won, where a first place that k seats share counts 1/k, and the matches.
    places: sum of A's places, where level seats share the mean of theirs. seconds: played in all.
    """

    seats: int
    seeds: tuple[tuple[float, int], ...]
    places: float
    seconds: float

    @property
    def matches(self) -> int:
        """Matches played."""
        return sum(matches for _, matches in self.seeds)

    @property
    def firsts(self) -> float:
        """Matches that A won."""
        return sum(firsts for firsts, _ in self.seeds)

    @property
    def first_share(self) -> float:
        """Share of matches that A won; par where nothing was played."""
        return self.firsts / self.matches if self.matches else self.par

    @property
    def par(self) -> float:
        """What that share is between equals."""
        return 1 / self.seats

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share; the turns of one seed are a cluster."""
        interval = clustered(self.seeds)
        return interval.low, interval.high

    @property
    def mean_place(self) -> float:
        """Mean place of A; (seats + 1) / 2 between equals."""
        return self.places / self.matches if self.matches else (self.seats + 1) / 2

    @property
    def mean_seconds(self) -> float:
        """Mean length of a match in game seconds."""
        return self.seconds / max(1, self.matches)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, with the derived figures."""
        return {
            "seats": self.seats,
            "matches": self.matches,
            "firsts": self.firsts,
            "first_share": self.first_share,
            "interval": list(self.interval),
            "par": self.par,
            "mean_place": self.mean_place,
            "above": (self.seats - self.mean_place) / (self.seats - 1),
            "mean_seconds": self.mean_seconds,
        }


def royale_results(
    game: Game,
    a: Policy,
    b: Policy,
    matches: int,
    seed: int,
    seats: int,
    on_match: Callable[[], object] = lambda: None,
    **options: Unpack[MatchOptions],
) -> Placing:
    """Play `matches` (rounded up to a multiple of `seats`) free-for-alls of one `a` and `seats` - 1 times `b`.

    A policy that was trained in one faction plays that one, unless `any_faction`. Depends on the arguments and the
    policies alone, not on `parallel`. `on_match` is called after each match.
    """
    return placing(game, one_among_others(game, a, b, matches, seed, seats, **options), seats, on_match)


def placing(game: Game, ended: Iterable[Ended], seats: int, on_match: Callable[[], object] = lambda: None) -> Placing:
    """Count finished free-for-alls from the view of player 0, who holds one seat."""
    scored: list[tuple[int, float]] = []
    places, ticks = 0.0, 0
    for match in ended:
        order = np.asarray(match.outcome.places)
        place = order[match.setup.players.index(0)]
        level = int((order == place).sum())
        scored.append((match.setup.seed, 1 / level if place == 1 else 0.0))
        places += int((order < place).sum()) + (level + 1) / 2
        ticks += match.outcome.ticks
        on_match()
    return Placing(seats, by_seed(scored), places, ticks / game.spec.ticks_per_second)
