"""The leaderboard: ratings with uncertainty of all players of live matches, people and bots.

Rated with the Plackett-Luce model of openskill (Weng and Lin, "A Bayesian approximation method for online ranking",
2011; Joshy, "OpenSkill", 2024), which takes a match of any number of seats. Shown on the scale of the reports:
`lms_re` is 0 and 400 points are odds of 10 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from openskill.models import PlackettLuce, PlackettLuceRating

from botgame.feedback import MatchRecord, file_name, is_rated
from botgame.lms.replay.header import PERSON
from botgame.server.protocol import RatingChange, Standing

ANCHOR = "lms_re"
_MAX_SIGMA = 150.0  # points: ratings with a larger sigma are not written into records
_MODEL = PlackettLuce()
# For two ratings without uncertainty: P = 1 / (1 + exp(-(mu1 - mu2) / (sqrt(2) beta))), and 400 points are odds of 10.
_POINTS = 400 / math.log(10) / (math.sqrt(2) * _MODEL.beta)


class RatedMatch(NamedTuple):
    """A match in the history of a person: the person's seat, and what the match made of the rating."""

    record: MatchRecord
    seat: int
    change: RatingChange


class Leaderboard:
    """Ratings by policy name. A person's policy is `human:<name>`."""

    def __init__(self, records: Iterable[MatchRecord] = ()) -> None:
        self._ratings: dict[str, PlackettLuceRating] = {}
        self._matches: dict[str, int] = {}
        self._known: set[str] = set()
        self._standings: list[Standing] | None = None
        self._histories: dict[str, list[RatedMatch]] = {}
        for record in records:
            self.add(record)

    def add(self, record: MatchRecord) -> list[RatingChange]:
        """Rate a match, once: the server and a collector may both have recorded it.

        Returns what it made of each seat's rating; nothing for a match that is not rated.
        """
        name = file_name(record)
        places = [seat.place for seat in record.seats]
        if name in self._known or not is_rated(record):
            return []
        self._known.add(name)
        policies = [seat.policy for seat in record.seats]
        before = [self._standing(policy).rating if policy in self._ratings else None for policy in policies]
        teams = [[self._ratings.get(policy) or _MODEL.rating()] for policy in policies]
        rated = _MODEL.rate(teams, ranks=[float(place or 0) for place in places])
        for policy in dict.fromkeys(policies):
            own = [team[0] for team, owner in zip(rated, policies, strict=True) if owner == policy]
            self._ratings[policy] = _MODEL.rating(mu=_mean(r.mu for r in own), sigma=_mean(r.sigma for r in own))
            self._matches[policy] = self._matches.get(policy, 0) + 1
        self._standings = None
        after = [self._standing(policy) for policy in policies]
        changes = [RatingChange(old, new.rating, new.sigma) for old, new in zip(before, after, strict=True)]
        self._keep(record, policies, changes)
        return changes

    def _keep(self, record: MatchRecord, policies: Sequence[str], changes: Sequence[RatingChange]) -> None:
        """Add the match to the histories of its people."""
        for seat, (policy, change) in enumerate(zip(policies, changes, strict=True)):
            if policy.startswith(PERSON):
                self._histories.setdefault(policy, []).append(RatedMatch(record, seat, change))

    def history(self, policy: str) -> list[RatedMatch]:
        """The rated matches of a person, in the order in which they were rated."""
        return list(self._histories.get(policy, ()))

    def standings(self, most: int = 50) -> list[Standing]:
        """The best players, by rating less one sigma, so that one lucky match does not lead the list."""
        if self._standings is None:
            rows = [self._standing(policy) for policy in self._ratings]
            self._standings = sorted(rows, key=lambda row: (row.sigma - row.rating, row.name))
        return self._standings[:most]

    def standing(self, policy: str) -> Standing | None:
        """The line of one player, None for one without a rated match."""
        return self._standing(policy) if policy in self._ratings else None

    def rating(self, policy: str) -> float | None:
        """The rating for records, None while its sigma is too large."""
        if policy not in self._ratings:
            return None
        row = self._standing(policy)
        return row.rating if row.sigma <= _MAX_SIGMA else None

    def _standing(self, policy: str) -> Standing:
        rating = self._ratings[policy]
        anchor = self._ratings[ANCHOR].mu if ANCHOR in self._ratings else _MODEL.mu
        points, sigma = (rating.mu - anchor) * _POINTS, rating.sigma * _POINTS
        return Standing(policy, round(points, 1), round(sigma, 1), self._matches[policy])


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)
