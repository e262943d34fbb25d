"""`python -m botgame.lms.observing.page` prints docs/observation.md, which a test compares with the file."""

from __future__ import annotations

import sys

from botgame.lms.fields import (
    ENTITIES,
    MAX_ITEMS,
    MAX_MAGES,
    MAX_SHOTS,
    PRIVILEGED,
    RASTER,
    RASTER_CELLS,
    SCALARS,
    VECTORS,
    Field,
)
from botgame.lms.observing.columns import LIMIT
from botgame.lms.observing.threats import THREAT_MISS

_INTRODUCTION = f"""# What a seat sees

This page is the output of `python -m botgame.lms.observing.page`.

What a *seat* (one player's place in a match of the arena) sees, number by number. A seat sees the arena as it was
`reaction` ticks ago (bots: 4 ticks of 1/30 s, people: 0), so everything here has that age, except what is called
current (a player knows at once what it has pressed) and the privileged fields. Enemy mages are seen within 10 cells
along a line that no wall crosses, checked every 3 ticks; shots and items are seen within 10 cells, also through walls.
All numbers are cut to +-{LIMIT}; x points right, y down. Arrays and dtypes: `botgame.spec`.

**Threat geometry.** Every enemy shot has a point of its remaining flight that is closest to the seat, as if the seat
stood still. The fields give the time until then, the distance there, and the unit vector from that point to the seat,
which is the shorter way out. The shot is a *threat* if it still comes closer, will pass within {THREAT_MISS} cells (or
its blast radius, if that is larger) and no wall stops it before; a shot with a blast also counts if it bursts near
enough at a wall.

**Entity table.** Up to {MAX_MAGES} enemy mages (nearest first; category k of the target head is row k - 1), then up
to {MAX_SHOTS} shots (threats by time, other enemy shots by distance, own shots), then up to {MAX_ITEMS} items (nearest
first), without gaps.

**Raster.** {RASTER_CELLS} x {RASTER_CELLS} cells of the arena around the cell corner nearest to the seat,
[row = y, column = x].

**Legal actions.** A verb is legal when the seen mana, cooldown or chest in reach allows it, a target when its row holds
a mage; delay, move, aim and lead always are. The arena decides by the true present state, so `legal` can be outdated.
"""


def page() -> str:
    """The whole of docs/observation.md."""
    parts = [
        _INTRODUCTION,
        _table("Scalars", SCALARS),
        _table("Unit vectors", VECTORS, "(0, 0) when there is nothing to point at."),
        _table("Entity columns", ENTITIES),
        _table("Raster channels", RASTER),
        _table("Privileged: for the critic in training only", PRIVILEGED),
    ]
    return "\n".join(parts)


def _table(title: str, fields: tuple[Field, ...], note: str = "") -> str:
    rows = [f"| {index} | `{field.name}` | {field.meaning} |" for index, field in enumerate(fields)]
    head = ["| # | name | meaning |", "|---|---|---|"]
    return "\n".join([f"## {title}", "", *([note, ""] if note else []), *head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
