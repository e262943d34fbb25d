"""ARENA_Z_SPEC: what is measured of how a seat played the arena. `measuring` measures it.

An opening is made of abilities and items; the only use of interacting is to open a chest, so the chest stands for it.
Each scale is about what the busiest of twenty seats does in matches of the scripted bots.
"""

from collections.abc import Sequence
from itertools import pairwise

from botgame.lms.rules import ITEM_KINDS, SCHOOLS, SLOTS
from botgame.statistic_z import Statistic, ZSpec

NEAR_CELLS = (3.0, 5.0, 7.0, 10.0)  # bounds of the bands of distance to the nearest enemy; beyond the last: no band
EDGE_CELLS = 2.0  # this close inside the zone's edge counts as at its edge

_USES = {"bolt": 0.8, "offence": 0.22, "mobility": 0.1, "defence": 0.1}
_DAMAGE = {"bolt": 1.6, "offence": 1.6, "defence": 0.4}
_ITEMS = {"health": 0.055, "mana": 0.05, "rune": 0.025, "chest": 0.025}


def _bands() -> tuple[Statistic, ...]:
    """`near_3`: up to 3 cells, `near_5`: beyond that and up to 5, and so on."""
    ranges = [f"up to {NEAR_CELLS[0]:g}", *(f"{below:g} to {cells:g}" for below, cells in pairwise(NEAR_CELLS))]
    return tuple(
        Statistic(f"near_{cells:g}", f"share of time, nearest enemy {band} cells away", 1.0)
        for cells, band in zip(NEAR_CELLS, ranges, strict=True)
    )


ARENA_Z_SPEC = ZSpec(
    events=(*SLOTS, *ITEM_KINDS),
    opening=12,
    totals=(
        *(Statistic(f"use_{slot}", "uses/s", _USES.get(slot, 0.1)) for slot in SLOTS),
        *(Statistic(f"damage_{kind}", "hp/s dealt to enemies", scale) for kind, scale in _DAMAGE.items()),
        *(Statistic(f"take_{kind}", "items/s", _ITEMS[kind]) for kind in ITEM_KINDS),
        *_bands(),
        Statistic("still", "share of time without moving", 0.5),
        Statistic("outside_zone", "share of time", 0.1),
        Statistic("zone_edge", "share of time, inside and near the edge", 0.5),
    ),
    settle_seconds=5.0,
    head="verb",
)


def situation_of(schools: Sequence[int], seat: int) -> int:
    """A number for the situation of a seat: its own school and, in a duel, the opponent's."""
    rival = schools[1 - seat] if len(schools) == 2 else len(SCHOOLS)
    return schools[seat] * (len(SCHOOLS) + 1) + rival
