"""Threat geometry: when and where each shot in sight comes closest, and the direction out of its path.

The geometry assumes that the seat stands still. So the miss distance grows while the seat steps aside, the escape
direction stays the same, and a shot that leads a moving seat is on the side that the seat runs to. With the seat's own
velocity a well aimed shot would miss by nothing, its side would be noise, and each dodge would make the threat flicker.
Dodging is a product of position and velocity that a pooled encoder does not learn, hence these fields.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.observing.columns import DAMAGE_SCALE, MISS_SCALE, TIME_SCALE, scalar, vector
from botgame.lms.observing.geometry import cut, write_unit
from botgame.lms.observing.view import View
from botgame.lms.simulation.kernel import phase
from botgame.lms.simulation.ranking import clear, insert
from botgame.lms.simulation.sight import line_is_free

THREATS = 2
SIDELESS = 0.02  # cells: a shot that misses by less has no side; delay and rounding must not choose one
WALL_STEP = 0.25  # ticks of flight between two looks for a wall, finer than the arena's own
THREAT_MISS = 1.5  # cells: a shot that misses by more is no threat, unless its blast is larger
MEASURES = 5
FLAG, TIME_LEFT, MISSES_BY, ESCAPE_X, ESCAPE_Y = range(MEASURES)  # columns of `geometry`
HARMLESS, OWN_SHOT = 1e6, 1e12  # sorting keys: threats by time, other enemy shots by distance, own shots last

_NAMES = ("flag", "time", "miss", "damage")
FIRST = scalar(*(f"threat{k}_{name}" for k in (1, 2) for name in _NAMES))
FIRST_VECTOR = vector(*(f"threat{k}_{name}" for k in (1, 2) for name in ("escape", "direction")))
FIELDS = len(_NAMES)


@phase
def rank_shots(view: View, shots: np.ndarray, walls: np.ndarray, geometry: np.ndarray, ranking: np.ndarray) -> None:
    """Measure the shots (SHOT [S] of the frame) in sight and list them.

    Out: `ranking`, threats soonest first, then other enemy shots, then own ones, nearest first; `geometry` float64
    [S, MEASURES], rows of shots in sight only: flag, ticks, cells, escape direction.
    """
    me, sight = view.me, view.constants.sight
    clear(ranking)
    listed = 0
    for index in range(shots.shape[0]):
        shot = shots[index]
        if shot.active == 0:
            break
        dx, dy = shot.x - me.x, shot.y - me.y
        if dx * dx + dy * dy <= sight * sight:
            key = _measure(view, shot, dx, dy, walls, geometry[index])
            listed = insert(ranking, listed, index, key)


@phase
def _measure(view: View, shot: Any, dx: float, dy: float, walls: np.ndarray, out: np.ndarray) -> float:
    """The closest point of the remaining flight of a shot at (dx, dy) from the seat; returns its sorting key."""
    blast = view.abilities[shot.school, shot.row].blast
    time = _closest(shot, dx, dy, shot.ends - view.tick, out)
    threat = shot.owner != view.seat and time > 0.0 and out[MISSES_BY] < max(THREAT_MISS, blast)
    if threat and not line_is_free(walls, shot.x, shot.y, shot.x + shot.vx * time, shot.y + shot.vy * time):
        threat = False
        if blast > 0.0:
            _closest(shot, dx, dy, _ticks_to_wall(shot, walls, time), out)
            threat = out[MISSES_BY] < blast
    out[FLAG] = 1.0 if threat else 0.0
    if shot.owner == view.seat:
        return OWN_SHOT + dx * dx + dy * dy
    return out[TIME_LEFT] if threat else HARMLESS + dx * dx + dy * dy


@phase
def _closest(shot: Any, dx: float, dy: float, most: float, out: np.ndarray) -> float:
    """Write the ticks to the closest point (at most `most`), the distance and the escape direction; returns ticks."""
    speed_squared = shot.vx * shot.vx + shot.vy * shot.vy
    time = -(dx * shot.vx + dy * shot.vy) / speed_squared if speed_squared > 0.0 else 0.0
    time = max(min(time, most), 0.0)
    away_x, away_y = -dx - shot.vx * time, -dy - shot.vy * time
    out[TIME_LEFT] = time
    out[MISSES_BY] = write_unit(out[ESCAPE_X : ESCAPE_Y + 1], away_x, away_y)
    if out[MISSES_BY] <= SIDELESS:
        write_unit(out[ESCAPE_X : ESCAPE_Y + 1], -shot.vy, shot.vx)
    return time


@phase
def _ticks_to_wall(shot: Any, walls: np.ndarray, most: float) -> float:
    """Ticks after which a shot, which meets a wall within `most` ticks, bursts there."""
    passed = 0.0
    while passed < most and walls[int(shot.y + shot.vy * passed), int(shot.x + shot.vx * passed)] == 0:
        passed += WALL_STEP
    return min(passed, most)


@phase
def observe_threats(
    view: View, shots: np.ndarray, ranking: np.ndarray, geometry: np.ndarray, scalars: np.ndarray, vectors: np.ndarray
) -> None:
    """Fill the scalars and unit vectors of the two soonest threats; zeros where there is none."""
    for k in range(THREATS):
        field, row = FIRST + k * FIELDS, FIRST_VECTOR + 2 * k
        index = ranking[k].index
        if index >= 0 and geometry[index, FLAG] == 1.0:
            shot = shots[index]
            scalars[field] = 1.0
            scalars[field + 1] = cut(geometry[index, TIME_LEFT] * TIME_SCALE)
            scalars[field + 2] = cut(geometry[index, MISSES_BY] * MISS_SCALE)
            scalars[field + 3] = damage_of(shot, view.abilities)
            vectors[row, 0] = geometry[index, ESCAPE_X]
            vectors[row, 1] = geometry[index, ESCAPE_Y]
            write_unit(vectors[row + 1], shot.vx, shot.vy)
        else:
            scalars[field : field + FIELDS] = 0.0
            vectors[row : row + 2] = 0.0


@phase
def damage_of(shot: Any, abilities: np.ndarray) -> float:
    """Scaled damage of a direct hit, with the caster's rune."""
    scaled: float = cut(abilities[shot.school, shot.row].damage * shot.factor * DAMAGE_SCALE)
    return scaled
