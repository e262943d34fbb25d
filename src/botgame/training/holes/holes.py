"""The holes of a bot: groups of matches that people won against it, each with what is special about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from botgame.ratings import Interval, wilson
from botgame.statistic_z import ZSpec
from botgame.training.holes.groups import Trait, grouped, traits
from botgame.training.holes.meetings import Meeting

FORMAT = "botgame-holes-1"
_TRAITS = 6


class Hole(NamedTuple):
    """One way in which people beat the bot: the matches, and how they were played there and in all others."""

    number: int
    matches: list[Meeting]
    traits: list[Trait]

    @property
    def people(self) -> Counter[str]:
        """How many of the matches each person won."""
        return Counter(meeting.person for meeting in self.matches)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "number": self.number,
            "people": dict(self.people),
            "matches": [
                {"file": m.path.name, "person": m.person, "faction": m.faction, "bot_faction": m.bot_faction}
                for m in self.matches
            ],
            "traits": [{**t._asdict(), "statistic": t.statistic.name, "unit": t.statistic.unit} for t in self.traits],
        }


class Opponent(NamedTuple):
    """A bot that was trained to play like a hole's matches: its name, and its win rate against the bot."""

    name: str
    points: float
    matches: int

    @property
    def win_rate(self) -> Interval:
        """With its 95 % interval."""
        return wilson(self.points, self.matches)


def find_holes(meetings: Sequence[Meeting], spec: ZSpec) -> list[Hole]:
    """Group the matches that people won, and compare each group with everything else that people tried."""
    won = [meeting for meeting in meetings if meeting.won]
    if not won:
        return []
    part = spec.parts["totals"]
    holes = []
    for number, group in enumerate(grouped(np.stack([meeting.row[part] for meeting in won])), 1):
        here = [won[index] for index in group]
        chosen = {id(meeting) for meeting in here}
        elsewhere = [meeting for meeting in meetings if id(meeting) not in chosen]
        mine, others = (np.array([meeting.row[part] for meeting in each]) for each in (here, elsewhere))
        holes.append(Hole(number, here, traits(spec.totals, mine, others, _TRAITS)))
    return holes
