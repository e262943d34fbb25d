"""ARENA_SPEC: every field that a seat sees and every head it chooses, named once.

Threat geometry, unit vectors, thermometer thresholds and blocked-direction bits are what decided whether a cloned
bot can dodge and aim in the prototypes; they are general geometry, not copies of one bot's thresholds.
"""

from botgame.lms.rules import AIMED, DELAY_TICKS, DIRECTIONS, LEADS, MOVES, SCHOOLS, TARGETED, TICKS_PER_SECOND, VERBS
from botgame.spec import Condition, Head, Reward, Scalar, Spec

MAX_MAGES, MAX_SHOTS, MAX_ITEMS = 4, 4, 4
RASTER_CELLS = 12

_UNIT = tuple(round(k / 10, 2) for k in range(1, 10))
_NEAR = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # distances / 10 cells
_SOON = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)  # times / 1 s
_COOL = (0.01, 0.05, 0.1, 0.2, 0.4)  # cooldowns / 10 s
_MISS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # miss distance / 2 cells
_CLEAR = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7)  # miss distance to expect / 2 cells
_EDGE = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3)  # distance to the zone's edge / 10 cells, inside > 0
_SIDE = (-0.6, -0.3, -0.1, 0.1, 0.3, 0.6)


def _scalars() -> tuple[Scalar, ...]:
    own = [
        Scalar("health", _UNIT), Scalar("mana", _UNIT), Scalar("shield", (0.01, 0.2, 0.5)),
        Scalar("speed_x", _SIDE), Scalar("speed_y", _SIDE),
        Scalar("slowed_left", (0.01, 0.25, 0.5)), Scalar("shield_left", (0.01, 0.25, 0.5)),
        Scalar("rune_left", (0.01, 0.25, 0.5)), Scalar("dash_left", (0.01, 0.5)),
        *(Scalar(f"school_{name}") for name in SCHOOLS),
        *(Scalar(f"cooldown_{verb}", _COOL) for verb in VERBS[1:5]),
        *(Scalar(f"castable_{verb}") for verb in VERBS[1:]),
    ]  # fmt: skip
    world = [
        Scalar("time", _UNIT), Scalar("zone_edge", _EDGE), Scalar("zone_radius", _UNIT),
        Scalar("zone_shrinking"),
        Scalar("zone_damage"), Scalar("enemies_alive"), Scalar("kills"),
    ]  # fmt: skip
    memory = [
        *(Scalar(f"last_verb_{verb}") for verb in VERBS),
        *(Scalar(f"last_move_{k}") for k in range(len(MOVES))),
        Scalar("last_delay"), Scalar("since_decision"),
        Scalar("budget", (0.05, 0.15, 0.3, 0.5)), Scalar("spacing_left"),
    ]  # fmt: skip
    enemy = [
        Scalar("enemy_visible"), Scalar("enemy_distance", _NEAR),
        Scalar("enemy_health", _UNIT), Scalar("enemy_shield", (0.01, 0.2)),
        Scalar("enemy_slowed"), Scalar("enemy_rune"),
        Scalar("enemy_speed_x", _SIDE), Scalar("enemy_speed_y", _SIDE),
        *(Scalar(f"enemy_school_{name}") for name in SCHOOLS),
        Scalar("enemy_closing", _SIDE), Scalar("enemies_visible"),
        Scalar("seen_ever"), Scalar("seen_age", (0.1, 0.3, 0.6)), Scalar("seen_distance", _NEAR),
    ]  # fmt: skip
    threat = [
        *(
            Scalar(f"threat{k}_{name}", thresholds)
            for k in (1, 2)
            for name, thresholds in (("flag", ()), ("time", _SOON), ("miss", _MISS), ("damage", ()))
        )
    ]
    items = [
        scalar
        for kind in ("health", "mana", "rune", "chest")
        for scalar in (Scalar(f"item_{kind}"), Scalar(f"item_{kind}_distance", _NEAR))
    ]
    walls = [
        *(Scalar(f"range_{k}", (0.1, 0.2, 0.4)) for k in range(16)),
        *(Scalar(f"blocked_{k}") for k in range(1, 9)),
    ]
    outlook = [
        *(Scalar(f"clear_{k}", _CLEAR) for k in range(len(MOVES))),
        Scalar("held_across", _SIDE), Scalar("held_toward", _SIDE),
    ]  # fmt: skip
    return (*own, *world, *memory, *enemy, *threat, *items, *walls, *outlook)


VECTORS = (
    "enemy", "lead_bolt", "lead_offence", "seen", "zone_centre",
    "threat1_escape", "threat1_direction", "threat2_escape", "threat2_direction",
    "item_health", "item_mana", "item_rune", "item_chest",
    "velocity", "enemy_velocity", "open_space",
)  # fmt: skip

ENTITY_COLUMNS = (
    "is_mage", "is_shot", "is_health", "is_mana", "is_rune", "is_chest",
    "x", "y", "distance", "direction_x", "direction_y", "speed_x", "speed_y",
    "health", "shield", "slowed", "rune", *(f"school_{name}" for name in SCHOOLS),
    "own", "threat", "time", "miss", "escape_x", "escape_y", "damage", "radius",
)  # fmt: skip

PRIVILEGED = (
    "x", "y", "distance", "speed_x", "speed_y", "health", "mana", "shield", "slowed", "rune",
    "cooldown_bolt", "cooldown_offence", "cooldown_mobility", "cooldown_defence",
    *(f"school_{name}" for name in SCHOOLS),
    "sees_me", "budget", "enemies_alive", "enemies_health", "own_health", "own_mana", "shots_in_flight",
)  # fmt: skip

HEADS = (
    Head("verb", len(VERBS), "categorical", "verb", labels=VERBS),
    Head("delay", len(DELAY_TICKS), "categorical", "delay", labels=tuple(str(t) for t in DELAY_TICKS)),
    Head(
        "move", len(MOVES), "direction", "arguments",
        directions=tuple((float(x), float(y)) for x, y in MOVES),
        category_scalars=(
            tuple(f"last_move_{k}" for k in range(len(MOVES))),
            ("", *(f"blocked_{k}" for k in range(1, len(MOVES)))),
            ("", *(f"range_{2 * k}" for k in range(len(MOVES) - 1))),
            tuple(f"clear_{k}" for k in range(len(MOVES))),
        ),
    ),
    Head("target", 1 + MAX_MAGES, "pointer", "arguments", used_when=(Condition("verb", TARGETED),)),
    Head(
        "aim", len(DIRECTIONS), "direction", "arguments",
        directions=tuple((float(x), float(y)) for x, y in DIRECTIONS),
        used_when=(Condition("verb", AIMED), Condition("target", (0,))),
    ),
    Head(
        "lead", len(LEADS), "categorical", "arguments", labels=tuple(str(v) for v in LEADS),
        used_when=(Condition("target", tuple(range(1, 1 + MAX_MAGES))),),
    ),
)  # fmt: skip

ARENA_SPEC = Spec(
    name="lms-arena",
    version=1,
    ticks_per_second=TICKS_PER_SECOND,
    scalars=_scalars(),
    vectors=VECTORS,
    entity_columns=ENTITY_COLUMNS,
    entity_position=(ENTITY_COLUMNS.index("x"), ENTITY_COLUMNS.index("y")),
    entity_position_scale=10.0,
    max_entities=MAX_MAGES + MAX_SHOTS + MAX_ITEMS,
    raster_channels=("wall", "outside_zone", "item", "shot"),
    raster_size=RASTER_CELLS,
    raster_cell=1.0,
    privileged=PRIVILEGED,
    heads=HEADS,
    rewards=(Reward("result", dense=False), Reward("damage", dense=True)),
)
