"""What every observed field means, in one place: the source of docs/observation.md.

`python -m botgame.lms.observing.fields` prints the page; a test compares it with the file, and another one asks
that every name of ARENA_SPEC has a description.
"""

from __future__ import annotations

import sys

from botgame.lms.observing.columns import LIMIT
from botgame.lms.observing.range_finder import RANGE, RAYS
from botgame.lms.observing.threats import THREAT_MISS
from botgame.lms.observing.walls import STEP
from botgame.lms.rules import ITEM_KINDS, MOVES, SCHOOLS, VERBS
from botgame.lms.spec import ARENA_SPEC, MAX_ITEMS, MAX_MAGES, MAX_SHOTS, RASTER_CELLS

_ABILITIES = VERBS[1:5]
_THREAT_KINDS = {1: "the soonest threat", 2: "the second soonest threat"}

SCALARS: dict[str, str] = {
    "health": "own health, share of the full 100 hp",
    "mana": "own mana, share of the full 100",
    "shield": "damage that the own ward still absorbs / 40 hp",
    "speed_x": "own velocity, x / walking speed (a dash is cut)",
    "speed_y": "own velocity, y / walking speed (a dash is cut)",
    "slowed_left": "time until a slow ends / 2 s",
    "shield_left": "time until the ward ends / 2.5 s",
    "rune_left": "time until the rune ends / its full duration",
    "dash_left": "time until a dash ends / 0.5 s",
    **{f"school_{name}": f"1 when the own school is {name}" for name in SCHOOLS},
    **{f"cooldown_{verb}": f"time until {verb} can be cast again / 10 s" for verb in _ABILITIES},
    **{f"castable_{verb}": f"1 when mana and cooldown allow {verb} (equals its bit in `legal`)" for verb in _ABILITIES},
    "castable_interact": "1 when a closed chest is in reach (equals its bit in `legal`)",
    "time": "share of the match that has passed",
    "zone_edge": "distance to the edge of the zone / 10 cells: inside > 0",
    "zone_radius": "radius of the zone / its radius at the start",
    "zone_shrinking": "1 while the zone shrinks",
    "zone_damage": "damage outside the zone now / at the end of the match",
    "enemies_alive": "living enemies / 15",
    "kills": "own kills / 15",
    **{f"last_verb_{verb}": f"1 when the last accepted verb was {verb}; current" for verb in VERBS},
    **{
        f"last_move_{k}": f"1 when the last accepted move was {'to stay' if k == 0 else f'direction {k}'}; current"
        for k in range(len(MOVES))
    },
    "last_delay": "the delay chosen last / 20 ticks; current",
    "since_decision": "time since the last decision / 20 ticks; current",
    "budget": "share of the action cap that is left in the running window; current",
    "spacing_left": "time until a counted action is allowed again / the least spacing; current",
    "enemy_visible": "1 when an enemy is in sight; the `enemy_*` fields are about the nearest one, else 0",
    "enemy_distance": "distance to it / 10 cells",
    "enemy_health": "its health, share of the full 100 hp",
    "enemy_shield": "damage that its ward still absorbs / 40 hp",
    "enemy_slowed": "share of its speed that it loses to slows",
    "enemy_rune": "1 while it has a rune",
    "enemy_speed_x": "its velocity, x / walking speed",
    "enemy_speed_y": "its velocity, y / walking speed",
    **{f"enemy_school_{name}": f"1 when it is a {name}" for name in SCHOOLS},
    "enemy_closing": "its speed towards the seat / walking speed; the own speed is left out",
    "enemies_visible": f"rows of enemy mages in the table / {MAX_MAGES}",
    "seen_ever": "1 when an enemy has ever been seen",
    "seen_age": "time since one was last seen / 10 s, at most 1; 1 when never",
    "seen_distance": "distance to the place where the nearest one was last seen / 10 cells",
    **{
        f"threat{k}_{name}": text
        for k, which in _THREAT_KINDS.items()
        for name, text in {
            "flag": f"1 when there is such a shot (see below); the others are about {which}, else 0",
            "time": "time until it is closest / 1 s",
            "miss": "distance by which it misses / 2 cells",
            "damage": "damage of a direct hit / 50 hp",
        }.items()
    },
    **{
        name: text
        for kind in ITEM_KINDS
        for name, text in {
            f"item_{kind}": f"1 when a {kind} item is within sight"
            if kind != "chest"
            else "1 when a closed chest is within sight",
            f"item_{kind}_distance": "distance to the nearest one / 10 cells",
        }.items()
    },
    **{f"range_{k}": f"free distance to a wall at {k}/{RAYS} turn / {RANGE:g} cells" for k in range(RAYS)},
    **{
        f"blocked_{k}": f"1 when a step of {STEP} cells in move direction {k} meets a wall"
        for k in range(1, len(MOVES))
    },
    **{
        f"clear_{k}": "miss distance / 2 cells to expect from the two soonest threats when walking with move "
        f"{k} from now on; 1 when nothing threatens"
        for k in range(len(MOVES))
    },
    "held_across": "how far the held move leads across the line to the enemy (or to where it was seen last), by side",
    "held_toward": "how far the held move leads towards the enemy, -1 away from it",
}

VECTORS: dict[str, str] = {
    "enemy": "to the nearest visible enemy",
    "lead_bolt": "direction in which a bolt meets that enemy if both keep their velocity; counts the reaction delay",
    "lead_offence": "the same for the shot of the own offence ability",
    "seen": "to the place where the nearest enemy was last seen",
    "zone_centre": "to the centre of the zone",
    **{
        name: text
        for k, which in _THREAT_KINDS.items()
        for name, text in {
            f"threat{k}_escape": f"away from the flight of {which}, by the shorter way",
            f"threat{k}_direction": f"in which {which} flies",
        }.items()
    },
    **{
        f"item_{kind}": f"to the nearest {kind} {'item' if kind != 'chest' else 'that is closed'} within sight"
        for kind in ITEM_KINDS
    },
    "velocity": "own velocity",
    "enemy_velocity": "velocity of the nearest visible enemy",
    "open_space": "away from near walls",
}

ENTITIES: dict[str, str] = {
    "is_mage": "1 for an enemy mage in sight",
    "is_shot": "1 for a shot",
    **{f"is_{kind}": f"1 for a {kind} item" if kind != "chest" else "1 for a closed chest" for kind in ITEM_KINDS},
    "x": "position relative to the seat, x / 10 cells",
    "y": "position relative to the seat, y / 10 cells",
    "distance": "distance / 10 cells",
    "direction_x": "unit vector to it, x",
    "direction_y": "unit vector to it, y",
    "speed_x": "velocity, x: of a mage / walking speed, of a shot / 20 cells/s",
    "speed_y": "velocity, y",
    "health": "mage: share of the full 100 hp",
    "shield": "mage: damage that its ward still absorbs / 40 hp",
    "slowed": "mage: share of its speed that it loses",
    "rune": "mage: 1 while it has a rune",
    **{f"school_{name}": f"mage, shot: 1 for (one of) a {name}" for name in SCHOOLS},
    "own": "shot: 1 when the seat itself cast it; the threat columns are 0 then",
    "threat": "shot: 1 when it is a threat (see below)",
    "time": "shot: time until it is closest / 1 s, 0 when it flies away",
    "miss": "shot: distance to the seat then / 2 cells",
    "escape_x": "shot: unit vector out of its way, x",
    "escape_y": "shot: unit vector out of its way, y",
    "damage": "shot: damage of a direct hit / 50 hp",
    "radius": "/ 2 cells. shot: distance at which it hurts (hit or blast); item: distance to use it; mage: its radius",
}

RASTER: dict[str, str] = {
    "wall": "255 on walls and off the arena",
    "outside_zone": "255 where the middle of the cell is outside the zone",
    "item": "63 health, 127 mana, 191 rune, 255 closed chest",
    "shot": "128 for own shots, 255 for those of enemies",
}

PRIVILEGED: dict[str, str] = {
    "x": "nearest living enemy: position relative to the seat, x / 10 cells",
    "y": "its relative position, y",
    "distance": "its distance / 10 cells",
    "speed_x": "its velocity, x / walking speed",
    "speed_y": "its velocity, y",
    "health": "its health, share of the full",
    "mana": "its mana, share of the full",
    "shield": "damage that its ward still absorbs / 40 hp",
    "slowed": "share of its speed that it loses",
    "rune": "1 while it has a rune",
    **{f"cooldown_{verb}": f"time until it can cast {verb} again / 10 s" for verb in _ABILITIES},
    **{f"school_{name}": f"1 when it is a {name}" for name in SCHOOLS},
    "sees_me": "1 when it sees the seat",
    "budget": "share of its action cap that is left",
    "enemies_alive": "living enemies / 15",
    "enemies_health": "mean health of all enemies, the dead as 0",
    "own_health": "own present health",
    "own_mana": "own present mana",
    "shots_in_flight": "shots of enemies / the most there can be",
}

_INTRODUCTION = f"""# What a seat sees

This page is the output of `python -m botgame.lms.observing.fields`.

A seat sees the frame of `reaction` ticks ago (bots: 4 ticks, people: 0), so everything here has that age, except what
is called current (a player knows at once what it has pressed) and the privileged fields. Enemy mages are seen within
10 cells along a line that no wall crosses, looked at every 3 ticks; shots and items glow and are seen within 10 cells
through walls. All numbers are cut to +-{LIMIT}; x points right, y down. Arrays and dtypes: `botgame.spec`.

**Threat geometry.** For every enemy shot the point of its remaining flight that is closest to the seat, as if the seat
stood still: the time until then, the distance there, and the unit vector from that point to the seat, which is the
shorter way out. It is a *threat* when it still comes closer, will pass within {THREAT_MISS} cells (or its blast, if
that is larger) and no wall stops it before; a blast shot that a wall stops counts if it bursts near enough.

**Entity table.** Up to {MAX_MAGES} enemy mages (nearest first; category k of the target head is row k - 1), then up
to {MAX_SHOTS} shots (threats by time, other enemy shots by distance, own shots), then up to {MAX_ITEMS} items (nearest
first), without gaps.

**Raster.** {RASTER_CELLS} x {RASTER_CELLS} cells of the arena around the cell corner nearest to the seat,
[row = y, column = x].

**Legal actions.** A verb is legal when the seen mana, cooldown or chest in reach allows it, a target when its row holds
a mage; delay, move, aim and lead always are. The arena decides by the true present state, so a mask can be stale.
"""


def page() -> str:
    """The whole of docs/observation.md."""
    spec = ARENA_SPEC
    parts = [
        _INTRODUCTION,
        _table("Scalars", tuple(scalar.name for scalar in spec.scalars), SCALARS),
        _table("Unit vectors", spec.vectors, VECTORS, "(0, 0) when there is nothing to point at."),
        _table("Entity columns", spec.entity_columns, ENTITIES),
        _table("Raster channels", spec.raster_channels, RASTER),
        _table("Privileged: for the critic in training only", spec.privileged, PRIVILEGED),
    ]
    return "\n".join(parts)


def _table(title: str, names: tuple[str, ...], texts: dict[str, str], note: str = "") -> str:
    rows = [f"| {index} | `{name}` | {texts[name]} |" for index, name in enumerate(names)]
    head = ["| # | name | meaning |", "|---|---|---|"]
    return "\n".join([f"## {title}", "", *([note, ""] if note else []), *head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
