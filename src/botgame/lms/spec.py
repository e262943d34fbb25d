"""ARENA_SPEC: what the arena looks like to a learner: the fields of `botgame.lms.fields` and the heads of an action."""

from botgame.lms import fields
from botgame.lms.rules import (
    AIMED,
    DELAY_TICKS,
    DIRECTIONS,
    LEADS,
    MOVE_COUNT,
    MOVES,
    TARGETED,
    TICKS_PER_SECOND,
    VERBS,
)
from botgame.spec import Condition, Head, Reward, Scalar, Spec

HEADS = (
    Head("verb", len(VERBS), "categorical", "verb", labels=VERBS),
    Head("delay", len(DELAY_TICKS), "categorical", "delay", labels=tuple(str(t) for t in DELAY_TICKS)),
    Head(
        "move", MOVE_COUNT, "direction", "arguments",
        directions=tuple((float(x), float(y)) for x, y in MOVES),
        category_scalars=(
            tuple(f"last_move_{k}" for k in range(MOVE_COUNT)),
            ("", *(f"blocked_{k}" for k in range(1, MOVE_COUNT))),
            ("", *(f"range_{2 * k}" for k in range(MOVE_COUNT - 1))),
            tuple(f"clear_{k}" for k in range(MOVE_COUNT)),
        ),
    ),
    Head("target", 1 + fields.MAX_MAGES, "pointer", "arguments", used_when=(Condition("verb", TARGETED),)),
    Head(
        "aim", len(DIRECTIONS), "direction", "arguments",
        directions=tuple((float(x), float(y)) for x, y in DIRECTIONS),
        used_when=(Condition("verb", AIMED), Condition("target", (0,))),
    ),
    Head(
        "lead", len(LEADS), "categorical", "arguments", labels=tuple(str(v) for v in LEADS),
        used_when=(Condition("target", tuple(range(1, 1 + fields.MAX_MAGES))),),
    ),
)  # fmt: skip


def _names(table: tuple[fields.Field, ...]) -> tuple[str, ...]:
    return tuple(field.name for field in table)


_ENTITY_COLUMNS = _names(fields.ENTITIES)

ARENA_SPEC = Spec(
    name="lms-arena",
    version=1,
    ticks_per_second=TICKS_PER_SECOND,
    scalars=tuple(Scalar(field.name, field.thresholds) for field in fields.SCALARS),
    vectors=_names(fields.VECTORS),
    entity_columns=_ENTITY_COLUMNS,
    entity_position=(_ENTITY_COLUMNS.index("x"), _ENTITY_COLUMNS.index("y")),
    entity_position_scale=10.0,
    max_entities=fields.MAX_MAGES + fields.MAX_SHOTS + fields.MAX_ITEMS,
    raster_channels=_names(fields.RASTER),
    raster_size=fields.RASTER_CELLS,
    raster_cell=1.0,
    privileged=_names(fields.PRIVILEGED),
    heads=HEADS,
    rewards=(Reward("result", dense=False), Reward("damage", dense=True)),
)
