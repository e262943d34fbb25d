"""Two policies against each other over mirrored matches: the one way in which this project measures strength.

Each seed is played twice with the seats, and the schools with them, exchanged, so neither side of the map nor a
school helps anyone. Win rate = (wins + draws/2)/matches. Used by `evaluate`, by the periodic held-out evaluation of
the trainers and by the league.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from botgame.game import Policy, own_schools
from botgame.lms.match_batch import Ended, mirrored_setups, play
from botgame.lms.rules import TICKS_PER_SECOND, VERBS, Rules
from botgame.ratings import wilson

PARALLEL_MATCHES = 256


@dataclass(frozen=True)
class Tally:
    """What A did against B. `verbs`, `rival_verbs`: how often A and B did each verb of `VERBS`; `ticks`: in sum."""

    wins: int
    draws: int
    losses: int
    verbs: tuple[int, ...]
    rival_verbs: tuple[int, ...]
    ticks: int

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
    def verb_shares(self) -> dict[str, float]:
        """Share of each verb other than none among all that A did."""
        return _shares(self.verbs)

    @property
    def rival_verb_shares(self) -> dict[str, float]:
        """The same for B."""
        return _shares(self.rival_verbs)

    @property
    def mean_seconds(self) -> float:
        """Mean length of a match in game seconds."""
        return self.ticks / TICKS_PER_SECOND / max(1, self.matches)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, with the derived figures."""
        return {
            "wins": self.wins,
            "draws": self.draws,
            "losses": self.losses,
            "matches": self.matches,
            "win_rate": self.win_rate,
            "interval": list(self.interval),
            "verb_shares": self.verb_shares,
            "rival_verb_shares": self.rival_verb_shares,
            "mean_seconds": self.mean_seconds,
        }

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.win_rate:.1%} [{low:.1%}, {high:.1%}] ({self.wins} won, {self.draws} drawn, {self.losses} lost)"


def mirrored_results(
    a: Policy,
    b: Policy,
    matches: int,
    seed: int,
    *,
    rules: Rules | None = None,
    duration_ticks: int = 3600,
    parallel: int = PARALLEL_MATCHES,
    any_school: bool = False,
    on_match: Callable[[], object] = lambda: None,
) -> Tally:
    """Play `matches` duels (rounded up to an even number) of `a` against `b` on the seeds that `seed` gives.

    A policy that was trained in one school plays that one, unless `any_school`.

    The result depends on the arguments and the policies alone, not on how matches are batched (a network on
    another batch size may differ in the last bit, and so, rarely, in a sampled action). `on_match` is called after
    each match, for a progress bar.
    """
    pairs = (matches + 1) // 2
    own = {} if any_school else own_schools([a, b])
    setups = mirrored_setups(seed, pairs, duration_ticks=duration_ticks, own=own)
    ended = play([a, b], setups, matches=min(parallel, 2 * pairs), seats=2, rules=rules or Rules())
    return tally(ended, on_match)


def tally(ended: Iterable[Ended], on_match: Callable[[], object] = lambda: None) -> Tally:
    """Count finished duels from the view of player 0."""
    results = {1: 0, 0: 0, -1: 0}
    verbs, rival_verbs = np.zeros(len(VERBS), np.int64), np.zeros(len(VERBS), np.int64)
    ticks = 0
    for match in ended:
        seat = match.setup.players.index(0)
        results[round(float(match.results[seat]))] += 1
        verbs += match.outcome.casts[seat]
        rival_verbs += match.outcome.casts[1 - seat]
        ticks += int(match.outcome.ticks)
        on_match()
    return Tally(results[1], results[0], results[-1], tuple(verbs.tolist()), tuple(rival_verbs.tolist()), ticks)


def _shares(verbs: tuple[int, ...]) -> dict[str, float]:
    total = max(1, sum(verbs[1:]))
    return {name: count / total for name, count in zip(VERBS[1:], verbs[1:], strict=True)}
