"""How a seat played as numbers: AlphaStar's statistic z, as types beside `botgame.spec`. Types only.

A game that can measure how a seat played offers a `ZSpec`: the events that make an opening, and the statistics of a
whole match. How one seat played is a row of numbers, float32 [ZSpec.width]:

| columns            | meaning                                                                                     |
|--------------------|---------------------------------------------------------------------------------------------|
| `kinds`  [K]       | the first K events in order: 0 where there is none yet, else 1 + the index in `events`       |
| `along`  [K]       | where each happened, along the line from the own start (0) to the opponents' side (1)       |
| `aside`  [K]       | how far off that line it was, on either side, in the same unit                              |
| `totals` [A]       | each statistic over its `scale`, in [0, 1]: 1 is as much as any seat does                    |

Places are relative to where the seat began, so openings on different maps compare. Totals are shares of time or rates,
so a row of half a match compares with one of a whole match (`settle_seconds` keeps the first seconds from dominating).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

FARTHEST = 2.0  # `along` and `aside` are cut to +-FARTHEST


@dataclass(frozen=True)
class Statistic:
    """One number about a whole match: its name, the unit of what it counts, and the value that is 1.0 in a row."""

    name: str
    unit: str
    scale: float


@dataclass(frozen=True)
class ZSpec:
    """What a game measures of how a seat plays.

    events: names of what can happen in an opening. opening: K, how many events are kept. totals: statistics of the
    whole match. settle_seconds: rates and shares are over the seat's time plus this. head: the action head that makes
    the difference between openings (AlphaStar's action type).
    """

    events: tuple[str, ...]
    opening: int
    totals: tuple[Statistic, ...]
    settle_seconds: float
    head: str

    @property
    def width(self) -> int:
        """Number of columns of a row."""
        return 3 * self.opening + len(self.totals)

    @property
    def parts(self) -> dict[str, slice]:
        """The columns of `kinds`, `along`, `aside` and `totals` in a row."""
        k = self.opening
        return {
            "kinds": slice(0, k),
            "along": slice(k, 2 * k),
            "aside": slice(2 * k, 3 * k),
            "totals": slice(3 * k, self.width),
        }

    def to_dict(self) -> dict[str, Any]:
        """The description as plain JSON types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @staticmethod
    def from_dict(data: dict[str, Any]) -> ZSpec:
        """Inverse of `to_dict`. Raises KeyError or TypeError for foreign data."""
        totals = tuple(Statistic(**entry) for entry in data["totals"])
        plain = {**data, "events": tuple(data["events"]), "totals": totals}
        return ZSpec(**plain)


NOTHING_MEASURED = ZSpec((), 0, (), 0.0, "")  # of a game that has no statistic z
