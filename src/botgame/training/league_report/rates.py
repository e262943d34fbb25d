"""What one player did against another, as an entry of the summary in plain JSON types.

A duel is one observation. The results of a free-for-all are not independent, nor are those of the turns of its seed, so
in intervals a seed of free-for-alls is a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from botgame.ratings import Interval, clustered, wilson
from botgame.training.league.files import Match

Counts = list[int]  # wins, draws and losses


@dataclass
class Record:
    """The results of one player against another. duels: their counts; crowds: those of free-for-alls, by seed."""

    duels: Counts = field(default_factory=lambda: [0, 0, 0])
    crowds: dict[int, Counts] = field(default_factory=dict)

    @staticmethod
    def of(matches: Iterable[Match]) -> Record:
        """The verdicts of matches against one rival."""
        record = Record()
        for match in matches:
            record.add(match, match.verdict)
        return record

    def add(self, match: Match, result: int) -> None:
        """Count a result (+1, 0, -1) of `match`."""
        counts = self.crowds.setdefault(match.seed, [0, 0, 0]) if match.seats else self.duels
        counts[1 - result] += 1

    @property
    def counts(self) -> tuple[int, int, int]:
        """Wins, draws and losses."""
        wins, draws, losses = (sum(each) for each in zip(self.duels, *self.crowds.values(), strict=True))
        return wins, draws, losses

    @property
    def rate(self) -> Interval:
        """The win rate with its 95 % interval."""
        if not self.crowds:
            return wilson(_points(self.duels), sum(self.duels))
        wins, draws, losses = self.duels
        alone = [(1.0, 1)] * wins + [(0.5, 1)] * draws + [(0.0, 1)] * losses
        return clustered([*alone, *((_points(counts), sum(counts)) for counts in self.crowds.values())])

    def entry(self) -> dict[str, Any]:
        """The counts, and the win rate with its interval."""
        wins, draws, losses = self.counts
        rate = self.rate
        counts = {"wins": wins, "draws": draws, "losses": losses}
        return {**counts, "win_rate": rate.estimate, "low": rate.low, "high": rate.high}


def _points(counts: Counts) -> float:
    wins, draws, _losses = counts
    return wins + 0.5 * draws
