"""The columns of the fields of ARENA_SPEC by name, and the factors that scale them, for constants of the kernels.

Kernels look columns up by name at import, so they follow a changed spec or fail to import. They write runs of columns
(four cooldowns, three schools) from the first one on; `first` checks that a run has no gap.
"""

from __future__ import annotations

from botgame.lms.rules import DELAY_TICKS, TICKS_PER_SECOND
from botgame.lms.spec import ARENA_SPEC

DISTANCE_SCALE = 1.0 / 10.0  # of cells
MISS_SCALE = 1.0 / 2.0  # of cells: miss distances and radii
DAMAGE_SCALE = 1.0 / 50.0  # of hp
SHIELD_SCALE = 1.0 / 40.0  # of hp that a ward absorbs
SHOT_SPEED_SCALE = TICKS_PER_SECOND / 20.0  # of cells a tick: 20 cells/s make 1
TIME_SCALE = 1.0 / TICKS_PER_SECOND  # of ticks, as the next ones: 1 s
SEEN_SECONDS = 10.0  # age of a last-seen place that makes 1
COOLDOWN_SCALE, SEEN_SCALE = TIME_SCALE / 10.0, TIME_SCALE / SEEN_SECONDS
SLOWED_SCALE, SHIELDED_SCALE, DASHING_SCALE = TIME_SCALE / 2.0, TIME_SCALE / 2.5, TIME_SCALE / 0.5
DELAY_SCALE = 1.0 / max(DELAY_TICKS)  # of ticks
LIMIT = 1.5  # every field is cut to +-LIMIT, so that a blink or a far corner does not dominate the input of a network
NEARLY_ZERO = 1e-9  # cells: below it a vector has no direction


def first(names: tuple[str, ...], *run: str) -> int:
    """Index in `names` of the first of `run`. Raises ValueError unless the rest of `run` follows it there."""
    start = names.index(run[0])
    if names[start : start + len(run)] != run:
        raise ValueError(f"{run} are not neighbours in the spec: {names[start : start + len(run)]}")
    return start


def scalar(*run: str) -> int:
    """Column of the first scalar of a run."""
    return first(tuple(s.name for s in ARENA_SPEC.scalars), *run)


def vector(*run: str) -> int:
    """Row of the first vector of a run."""
    return first(ARENA_SPEC.vectors, *run)


def entity(*run: str) -> int:
    """Column of the first entity field of a run."""
    return first(ARENA_SPEC.entity_columns, *run)


def privileged(*run: str) -> int:
    """Column of the first privileged field of a run."""
    return first(ARENA_SPEC.privileged, *run)


def channel(name: str) -> int:
    """Index of a raster channel."""
    return ARENA_SPEC.raster_channels.index(name)
