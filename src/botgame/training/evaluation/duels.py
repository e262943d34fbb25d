"""Two policies against each other over mirrored matches: the one way in which this project measures strength.

Each seed is played twice with the seats, and the factions with them, exchanged, so neither side of the map nor a
faction helps anyone. Win rate = (wins + draws/2)/matches. Used by `evaluate`, by the periodic held-out evaluation of
the trainers and by the league.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from botgame.game import Ended, Game, Policy, own_factions
from botgame.play import play
from botgame.ratings import wilson
from botgame.setups import mirrored_setups
from botgame.standings import order_of

PARALLEL_MATCHES = 256


@dataclass(frozen=True)
class Tally:
    """What A did against B. counts, rival_counts: how often A and B did each of `Game.counted`; seconds: played in all.

    names: `Game.counted`.
    """

    wins: int
    draws: int
    losses: int
    names: tuple[str, ...]
    counts: tuple[int, ...]
    rival_counts: tuple[int, ...]
    seconds: float

    @property
    def matches(self) -> int:
        """Matches played."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        """Wins and half the draws."""
        return self.wins + 0.5 * self.draws

    @property
    def win_rate(self) -> float:
        """(wins + draws/2)/matches; 0.5 where nothing was played."""
        return self.points / self.matches if self.matches else 0.5

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the win rate."""
        interval = wilson(self.points, self.matches)
        return interval.low, interval.high

    @property
    def shares(self) -> dict[str, float]:
        """Share of each counted thing but the first ("nothing") among all that A did."""
        return _shares(self.names, self.counts)

    @property
    def rival_shares(self) -> dict[str, float]:
        """The same for B."""
        return _shares(self.names, self.rival_counts)

    @property
    def mean_seconds(self) -> float:
        """Mean length of a match in game seconds."""
        return self.seconds / max(1, self.matches)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, with the derived figures."""
        return {
            "wins": self.wins,
            "draws": self.draws,
            "losses": self.losses,
            "matches": self.matches,
            "win_rate": self.win_rate,
            "interval": list(self.interval),
            "shares": self.shares,
            "rival_shares": self.rival_shares,
            "mean_seconds": self.mean_seconds,
        }

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.win_rate:.1%} [{low:.1%}, {high:.1%}] ({self.wins} won, {self.draws} drawn, {self.losses} lost)"


def mirrored_results(
    game: Game,
    a: Policy,
    b: Policy,
    matches: int,
    seed: int,
    *,
    duration_ticks: int | None = None,
    parallel: int = PARALLEL_MATCHES,
    any_faction: bool = False,
    on_match: Callable[[], object] = lambda: None,
) -> Tally:
    """Play `matches` duels (rounded up to an even number) of `a` against `b` on the seeds that `seed` gives.

    A policy that was trained in one faction plays that one, unless `any_faction`.

    The result depends on the arguments and the policies alone, not on how matches are batched (a network on
    another batch size may differ in the last bit, and so, rarely, in a sampled action). `on_match` is called after
    each match, for a progress bar.
    """
    pairs = (matches + 1) // 2
    own = {} if any_faction else own_factions(game, [a, b])
    setups = mirrored_setups(game, seed, pairs, duration_ticks=duration_ticks, own=own)
    return tally(game, play(game, [a, b], setups, slots=min(parallel, 2 * pairs), seats=2), on_match)


def tally(game: Game, ended: Iterable[Ended], on_match: Callable[[], object] = lambda: None) -> Tally:
    """Count finished duels from the view of player 0."""
    results = {1: 0, 0: 0, -1: 0}
    counts = np.zeros((2, len(game.counted)), np.int64)
    ticks = 0
    for match in ended:
        seat = match.setup.players.index(0)
        results[order_of(match.outcome.places, seat, 1 - seat)] += 1
        counts += match.outcome.counts[[seat, 1 - seat]]
        ticks += match.outcome.ticks
        on_match()
    own, rival = (tuple(row) for row in counts.tolist())
    seconds = ticks / game.spec.ticks_per_second
    return Tally(results[1], results[0], results[-1], game.counted, own, rival, seconds)


def _shares(names: tuple[str, ...], counts: tuple[int, ...]) -> dict[str, float]:
    total = max(1, sum(counts[1:]))
    return {name: count / total for name, count in zip(names[1:], counts[1:], strict=True)}
