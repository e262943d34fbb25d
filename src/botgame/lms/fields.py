"""Every number that a seat sees: its name, what it means, and the thresholds of its thermometer.

A new field is a line here and an assignment in the kernel that fills it (`botgame.lms.observing`), which finds its
column by name. ARENA_SPEC is made from these tables, and so is docs/observation.md (`botgame.lms.observing.page`).
"""

from __future__ import annotations

from typing import NamedTuple

from botgame.lms.rules import ITEM_KINDS, MOVE_COUNT, SCHOOLS, SLOTS, VERBS

MAX_MAGES, MAX_SHOTS, MAX_ITEMS = 4, 4, 4  # rows of the entity table
RASTER_CELLS = 12
RAYS = 16  # directions of the range finders
RANGE = 8.0  # cells that they reach
BLOCKED_STEP = 0.4  # cells: three ticks of walking

_UNIT = tuple(round(k / 10, 2) for k in range(1, 10))
_NEAR = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # distances / 10 cells
_SOON = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)  # times / 1 s
_COOL = (0.01, 0.05, 0.1, 0.2, 0.4)  # cooldowns / 10 s
_LEFT = (0.01, 0.25, 0.5)  # shares of a duration
_MISS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # miss distance / 2 cells
_CLEAR = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7)  # miss distance to expect / 2 cells
_EDGE = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3)  # distance to the zone's edge / 10 cells, inside > 0
_SIDE = (-0.6, -0.3, -0.1, 0.1, 0.3, 0.6)


class Field(NamedTuple):
    """One column. `thresholds`: values where small differences decide, see `botgame.spec.Scalar`."""

    name: str
    meaning: str
    thresholds: tuple[float, ...] = ()


_OWN = (
    Field("health", "own health, share of the full 100 hp", _UNIT),
    Field("mana", "own mana, share of the full 100", _UNIT),
    Field("shield", "damage that the own ward still absorbs / 40 hp", (0.01, 0.2, 0.5)),
    Field("speed_x", "own velocity, x / walking speed (a dash is cut)", _SIDE),
    Field("speed_y", "own velocity, y / walking speed (a dash is cut)", _SIDE),
    Field("slowed_left", "time until a slow ends / 2 s", _LEFT),
    Field("shield_left", "time until the ward ends / 2.5 s", _LEFT),
    Field("rune_left", "time until the rune ends / its full duration", _LEFT),
    Field("dash_left", "time until a dash ends / 0.5 s", (0.01, 0.5)),
    *(Field(f"school_{name}", f"1 when the own school is {name}") for name in SCHOOLS),
    *(Field(f"cooldown_{slot}", f"time until {slot} can be cast again / 10 s", _COOL) for slot in SLOTS),
    *(
        Field(f"castable_{slot}", f"1 when mana and cooldown allow {slot} (equals its bit in `legal`)")
        for slot in SLOTS
    ),
    Field("castable_interact", "1 when a closed chest is in reach (equals its bit in `legal`)"),
)

_MATCH = (
    Field("time", "share of the match that has passed", _UNIT),
    Field("zone_edge", "distance to the edge of the zone / 10 cells: inside > 0", _EDGE),
    Field("zone_radius", "radius of the zone / its radius at the start", _UNIT),
    Field("zone_shrinking", "1 while the zone shrinks"),
    Field("zone_damage", "damage outside the zone now / at the end of the match"),
    Field("enemies_alive", "living enemies / 15"),
    Field("kills", "own kills / 15"),
)

_LAST_ACTION = (
    *(Field(f"last_verb_{verb}", f"1 when the last accepted verb was {verb}; current") for verb in VERBS),
    Field("last_move_0", "1 when the last accepted move was to stay; current"),
    *(
        Field(f"last_move_{k}", f"1 when the last accepted move was direction {k}; current")
        for k in range(1, MOVE_COUNT)
    ),
    Field("last_delay", "the delay chosen last / 20 ticks; current"),
    Field("since_decision", "time since the last decision / 20 ticks; current"),
    Field("budget", "share of the action cap that is left in the running window; current", (0.05, 0.15, 0.3, 0.5)),
    Field("spacing_left", "time until a counted action is allowed again / the least spacing; current"),
)

_ENEMY = (
    Field("enemy_visible", "1 when an enemy is in sight; the `enemy_*` fields are about the nearest one, else 0"),
    Field("enemy_distance", "distance to it / 10 cells", _NEAR),
    Field("enemy_health", "its health, share of the full 100 hp", _UNIT),
    Field("enemy_shield", "damage that its ward still absorbs / 40 hp", (0.01, 0.2)),
    Field("enemy_slowed", "share of its speed that it loses to slows"),
    Field("enemy_rune", "1 while it has a rune"),
    Field("enemy_speed_x", "its velocity, x / walking speed", _SIDE),
    Field("enemy_speed_y", "its velocity, y / walking speed", _SIDE),
    *(Field(f"enemy_school_{name}", f"1 when it is a {name}") for name in SCHOOLS),
    Field("enemy_closing", "its speed towards the seat / walking speed; the own speed is left out", _SIDE),
    Field("enemies_visible", f"rows of enemy mages in the table / {MAX_MAGES}"),
    Field("seen_ever", "1 when an enemy has ever been seen"),
    Field("seen_age", "time since one was last seen / 10 s, at most 1; 1 when never", (0.1, 0.3, 0.6)),
    Field("seen_distance", "distance to the place where the nearest one was last seen / 10 cells", _NEAR),
)

_THREAT_KINDS = {1: "the soonest threat", 2: "the second soonest threat"}
_THREATS = tuple(
    field
    for k, which in _THREAT_KINDS.items()
    for field in (
        Field(f"threat{k}_flag", f"1 when there is {which} (see Threat geometry); the others are about it, else 0"),
        Field(f"threat{k}_time", "time until it is closest / 1 s", _SOON),
        Field(f"threat{k}_miss", "distance by which it misses / 2 cells", _MISS),
        Field(f"threat{k}_damage", "damage of a direct hit / 50 hp"),
    )
)

_ITEM_NAMES = {kind: f"{kind} item" for kind in ITEM_KINDS} | {"chest": "closed chest"}
_ITEMS = tuple(
    field
    for kind, name in _ITEM_NAMES.items()
    for field in (
        Field(f"item_{kind}", f"1 when a {name} is within sight"),
        Field(f"item_{kind}_distance", "distance to the nearest one / 10 cells", _NEAR),
    )
)

_WALLS = (
    *(
        Field(f"range_{k}", f"free distance to a wall at {k}/{RAYS} turn / {RANGE:g} cells", (0.1, 0.2, 0.4))
        for k in range(RAYS)
    ),
    *(
        Field(f"blocked_{k}", f"1 when a step of {BLOCKED_STEP} cells in move direction {k} meets a wall")
        for k in range(1, MOVE_COUNT)
    ),
)

_OUTLOOK = (
    *(
        Field(
            f"clear_{k}",
            "miss distance / 2 cells to expect from the two soonest threats when walking with move "
            f"{k} from now on; 1 when nothing threatens",
            _CLEAR,
        )
        for k in range(MOVE_COUNT)
    ),
    Field(
        "held_across",
        "how far the held move leads across the line to the enemy (or to where it was seen last), by side",
        _SIDE,
    ),
    Field("held_toward", "how far the held move leads towards the enemy, -1 away from it", _SIDE),
)

SCALARS = (*_OWN, *_MATCH, *_LAST_ACTION, *_ENEMY, *_THREATS, *_ITEMS, *_WALLS, *_OUTLOOK)

VECTORS = (
    Field("enemy", "to the nearest visible enemy"),
    Field(
        "lead_bolt", "direction in which a bolt meets that enemy if both keep their velocity; counts the reaction delay"
    ),
    Field("lead_offence", "the same for the shot of the own offence ability"),
    Field("seen", "to the place where the nearest enemy was last seen"),
    Field("zone_centre", "to the centre of the zone"),
    *(
        field
        for k, which in _THREAT_KINDS.items()
        for field in (
            Field(f"threat{k}_escape", f"away from the flight of {which}, by the shorter way"),
            Field(f"threat{k}_direction", f"in which {which} flies"),
        )
    ),
    *(Field(f"item_{kind}", f"to the nearest {name} within sight") for kind, name in _ITEM_NAMES.items()),
    Field("velocity", "own velocity"),
    Field("enemy_velocity", "velocity of the nearest visible enemy"),
    Field("open_space", "away from near walls"),
)

ENTITIES = (
    Field("is_mage", "1 for an enemy mage in sight"),
    Field("is_shot", "1 for a shot"),
    *(Field(f"is_{kind}", f"1 for a {name}") for kind, name in _ITEM_NAMES.items()),
    Field("x", "position relative to the seat, x / 10 cells"),
    Field("y", "position relative to the seat, y / 10 cells"),
    Field("distance", "distance / 10 cells"),
    Field("direction_x", "unit vector to it, x"),
    Field("direction_y", "unit vector to it, y"),
    Field("speed_x", "velocity, x: of a mage / walking speed, of a shot / 20 cells/s"),
    Field("speed_y", "velocity, y"),
    Field("health", "mage: share of the full 100 hp"),
    Field("shield", "mage: damage that its ward still absorbs / 40 hp"),
    Field("slowed", "mage: share of its speed that it loses"),
    Field("rune", "mage: 1 while it has a rune"),
    *(Field(f"school_{name}", f"mage, shot: 1 for (one of) a {name}") for name in SCHOOLS),
    Field("own", "shot: 1 when the seat itself cast it; the threat columns are 0 then"),
    Field("threat", "shot: 1 when it is a threat (see Threat geometry)"),
    Field("time", "shot: time until it is closest / 1 s, 0 when it flies away"),
    Field("miss", "shot: distance to the seat then / 2 cells"),
    Field("escape_x", "shot: unit vector out of its way, x"),
    Field("escape_y", "shot: unit vector out of its way, y"),
    Field("damage", "shot: damage of a direct hit / 50 hp"),
    Field(
        "radius",
        "/ 2 cells. shot: distance at which it hurts (hit or blast); item: distance to use it; mage: its radius",
    ),
)

RASTER = (
    Field("wall", "255 on walls and off the arena"),
    Field("outside_zone", "255 where the middle of the cell is outside the zone"),
    Field("item", "63 health, 127 mana, 191 rune, 255 closed chest"),
    Field("shot", "128 for own shots, 255 for those of enemies"),
)

PRIVILEGED = (
    Field("x", "nearest living enemy: position relative to the seat, x / 10 cells"),
    Field("y", "its relative position, y"),
    Field("distance", "its distance / 10 cells"),
    Field("speed_x", "its velocity, x / walking speed"),
    Field("speed_y", "its velocity, y"),
    Field("health", "its health, share of the full"),
    Field("mana", "its mana, share of the full"),
    Field("shield", "damage that its ward still absorbs / 40 hp"),
    Field("slowed", "share of its speed that it loses"),
    Field("rune", "1 while it has a rune"),
    *(Field(f"cooldown_{slot}", f"time until it can cast {slot} again / 10 s") for slot in SLOTS),
    *(Field(f"school_{name}", f"1 when it is a {name}") for name in SCHOOLS),
    Field("sees_me", "1 when it sees the seat"),
    Field("budget", "share of its action cap that is left"),
    Field("enemies_alive", "living enemies / 15"),
    Field("enemies_health", "mean health of all enemies, the dead as 0"),
    Field("own_health", "own present health"),
    Field("own_mana", "own present mana"),
    Field("shots_in_flight", "shots of enemies / the most there can be"),
)
