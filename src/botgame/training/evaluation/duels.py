"""Two policies against each other over mirrored matches: how this project usually measures strength.

Free-for-alls are in `placings`. Each seed is played twice with the seats, and the factions with them, exchanged, so
neither side of the map nor a faction helps anyone. Win rate = (wins + draws/2)/matches. In a game without duels the
first policy has one seat among others of the second, each seed once for every seat, and wins when it finishes above
more of them than below; equals need not win half of such matches, as where one of three takes all (`Tally.is_ahead`).
Used by `evaluate`, by the periodic held-out evaluation of the trainers and by the league.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Unpack

import numpy as np

from botgame.game import Ended, Game, Policy, Simulation
from botgame.ratings import by_seed, clustered, mean_of, wilson
from botgame.standings import order_of
from botgame.training.evaluation.one_among_others import MatchOptions, one_among_others
from botgame.training.evaluation.repeats import Repeats

DUEL = 2


class Earned(NamedTuple):
    """A reward in the game's own points: its mean over the matches, and the standard error of that."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:+.4g} ± {1.96 * self.error:.2g}"


@dataclass(frozen=True)
class Tally:
    """What A did against B. counts, rival_counts: how often A and B did each of `Game.counted`; seconds: played in all.

    names: `Game.counted`. earned, rival_earned: the rewards of `Game.reward_points`, by name. above: seats of B that
    finished below A less those that finished above, over all matches; None: one a match, as in duels. distinct: how
    many of the matches all the others repeat (`Repeats`), 0 where they differ; then they count as so many.
    seeds: points and matches of each seed, by rising seed; () where they are not known.
    """

    wins: int
    draws: int
    losses: int
    names: tuple[str, ...]
    counts: tuple[int, ...]
    rival_counts: tuple[int, ...]
    seconds: float
    earned: Mapping[str, Earned] = field(default_factory=dict)
    rival_earned: Mapping[str, Earned] = field(default_factory=dict)
    above: int | None = None
    distinct: int = 0
    seeds: tuple[tuple[float, int], ...] = ()

    @property
    def matches(self) -> int:
        """Matches played."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        """Wins and half the draws."""
        return self.wins + 0.5 * self.draws

    @property
    def independent(self) -> int:
        """As how many matches they count."""
        return self.distinct or self.matches

    @property
    def independent_points(self) -> float:
        """The points of so many."""
        return self.points * self.independent / max(1, self.matches)

    @property
    def win_rate(self) -> float:
        """(wins + draws/2)/matches; 0.5 where nothing was played."""
        return self.points / self.matches if self.matches else 0.5

    @property
    def is_ahead(self) -> bool:
        """Whether A finished above more seats of B than below; of equals that is exactly not so."""
        return (self.wins - self.losses if self.above is None else self.above) > 0

    @property
    def strength(self) -> float:
        """What a best response is after: the mean of the first reward that the game shows, else the win rate."""
        return next((earned.mean for earned in self.earned.values()), self.win_rate)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the win rate: Wilson's; in a game without duels the turns of one seed are a cluster."""
        crowded = not self.distinct and any(matches > DUEL for _, matches in self.seeds)
        interval = clustered(self.seeds) if crowded else wilson(self.independent_points, self.independent)
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
            "independent": self.independent,
            "seeds": [list(seed) for seed in self.seeds],
            "win_rate": self.win_rate,
            "interval": list(self.interval),
            "shares": self.shares,
            "rival_shares": self.rival_shares,
            "mean_seconds": self.mean_seconds,
            "earned": {name: list(earned) for name, earned in self.earned.items()},
            "rival_earned": {name: list(earned) for name, earned in self.rival_earned.items()},
        }

    def __str__(self) -> str:
        low, high = self.interval
        record = f"({self.wins} won, {self.draws} drawn, {self.losses} lost)"
        earned = "".join(f", {name} {each}" for name, each in self.earned.items())
        return f"{self.win_rate:.1%} [{low:.1%}, {high:.1%}] {record}{earned}"


def usual_seats(game: Game) -> int:
    """Seats of a match that compares two policies: two, or the game's usual number in a game without duels."""
    return DUEL if DUEL in game.seat_numbers else game.seats


def mirrored_results(
    game: Game,
    a: Policy,
    b: Policy,
    matches: int,
    seed: int,
    on_match: Callable[[], object] = lambda: None,
    **options: Unpack[MatchOptions],
) -> Tally:
    """Play `matches` (rounded up to a multiple of the seats) of `a` against `b` on the seeds that `seed` gives.

    A policy that was trained in one faction plays that one, unless `any_faction`.

    The result depends on the arguments and the policies alone, not on how matches are batched (a network on
    another batch size may differ in the last bit, and so, rarely, in a sampled action). `on_match` is called after
    each match, for a progress bar.
    """
    watching: list[Repeats] = []

    def watch(simulation: Simulation) -> Repeats:
        watching.append(Repeats(simulation))
        return watching[0]

    result = tally(game, one_among_others(game, a, b, matches, seed, usual_seats(game), watch, **options), on_match)
    return _counted_once(result, watching[0].distinct)


def tally(game: Game, ended: Iterable[Ended], on_match: Callable[[], object] = lambda: None) -> Tally:
    """Count finished matches from the view of player 0, who holds one seat."""
    seeds: list[int] = []
    points: list[float] = []
    counts = np.zeros((2, len(game.counted)), np.int64)
    earned: dict[str, list[tuple[float, float]]] = {name: [] for name in game.reward_points}
    ticks = total = 0
    for match in ended:
        seat, over = match.setup.players.index(0), match.outcome
        above = sum(order_of(over.places, seat, other) for other in range(len(over.places)))
        seeds.append(match.setup.seed)
        points.append(0.5 + 0.5 * ((above > 0) - (above < 0)))
        total += above
        counts += np.stack([over.counts[seat], over.counts.sum(0) - over.counts[seat]])
        for name, gains in earned.items():
            gains.append((float(over.rewards[name][seat]), float(np.delete(over.rewards[name], seat).mean())))
        ticks += over.ticks
        on_match()
    own, rival = (tuple(row) for row in counts.tolist())
    seconds = ticks / game.spec.ticks_per_second
    own_earned, rival_earned = (
        {
            name: _earned(seeds, [gain[side] * factor for gain in earned[name]])
            for name, factor in game.reward_points.items()
        }
        for side in (0, 1)
    )
    scored = by_seed(zip(seeds, points, strict=True))
    won, drawn, lost = (points.count(each) for each in (1.0, 0.5, 0.0))
    return Tally(won, drawn, lost, game.counted, own, rival, seconds, own_earned, rival_earned, total, seeds=scored)


def _counted_once(result: Tally, distinct: int) -> Tally:
    """The same, with errors of so many matches where all others repeat them."""
    if not distinct:
        return result
    wider = math.sqrt((result.matches - 1) / max(1, distinct - 1))
    own, rival = (
        {name: each._replace(error=wider * each.error) for name, each in side.items()}
        for side in (result.earned, result.rival_earned)
    )
    return replace(result, earned=own, rival_earned=rival, distinct=distinct)


def _earned(seeds: Sequence[int], gains: Sequence[float]) -> Earned:
    """Mean and standard error, exactly the same in any order of the matches.

    In a game without duels the turns of one seed are a cluster, where that makes the error larger.
    """
    alone, clusters = [(gain, 1) for gain in gains], by_seed(zip(seeds, gains, strict=True))
    crowded = any(matches > DUEL for _, matches in clusters)
    variances = [mean_of(each)[1] for each in (alone, clusters if crowded else ()) if len(each) > 1]
    return Earned(math.fsum(gains) / max(1, len(gains)), math.sqrt(max(variances, default=0.0)))


def _shares(names: tuple[str, ...], counts: tuple[int, ...]) -> dict[str, float]:
    total = max(1, sum(counts[1:]))
    return {name: count / total for name, count in zip(names[1:], counts[1:], strict=True)}
