"""The numbers of one tick as plain Python lists: copied once from the arrays, read by views and seats.

Reading single numbers from records costs more than simulating a tick, so the records are viewed as tables of float64
and int32, and their columns are copied together.
"""

from __future__ import annotations

import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.readiness import CHEST, LEGAL, WITHIN_CAP
from botgame.lms.simulation.state import MAGE, SHOT

_FLOATS = ("x", "y", "vx", "vy", "face_x", "face_y", "health", "mana", "shield", "slow", "self_slow")
_INTS = ("rune_until", "dash_until", "visible", "alive", "kills", "illegal", "capped", "move")
X, Y, VX, VY, FACE_X, FACE_Y, HEALTH, MANA, SHIELD, SLOW, SELF_SLOW = range(len(_FLOATS))
RUNE, DASH, VISIBLE, ALIVE, KILLS, ILLEGAL, CAPPED, MOVE = range(len(_INTS))
_SHOT_FLOATS, _SHOT_INTS = ("x", "y", "vx", "vy"), ("owner", "row", "school")


def _table(records: np.ndarray, dtype: str) -> np.ndarray:
    """A view of records [N] as numbers [N, size of a record]."""
    plain = records.view(np.ndarray).reshape(-1)
    return plain.view(np.uint8).reshape(len(plain), -1).view(dtype)


def _columns(record: np.dtype, names: tuple[str, ...], size: int) -> list[int]:
    assert record.fields is not None
    return [record.fields[name][1] // size for name in names]


class Frame:
    """One tick of one match; `read` refills it.

    mages: floats[seat][X], ints[seat][ALIVE] ... by the constants of this module; readiness[seat][...] by those of
    `botgame.lms.readiness`.
    shots: (slot, x, y, vx, vy, owner, row, school) of those in flight; items: (kind, x, y) by index,
    and available: 1 or 0.
    """

    def __init__(self, arena: Arena) -> None:
        self._arena, state = arena, arena.state
        self._match = state.matches[:1]
        self._mage_floats, self._mage_ints = _table(state.mages[0], "f8"), _table(state.mages[0], "i4")
        self._shot_floats, self._shot_ints = _table(state.shots[0], "f8"), _table(state.shots[0], "i4")
        self._available = state.items["available"][0]
        self._float_columns = np.array(_columns(MAGE, _FLOATS, 8))
        self._int_columns = np.array(_columns(MAGE, _INTS, 4))
        self._shot_float_columns = np.array(_columns(SHOT, _SHOT_FLOATS, 8))
        self._shot_int_columns = np.array(_columns(SHOT, _SHOT_INTS, 4))
        self._active = self._shot_ints[:, _columns(SHOT, ("active",), 4)[0]]
        items = state.items[0]
        self.items = list(zip(items["kind"].tolist(), items["x"].tolist(), items["y"].tolist(), strict=True))
        self.read()

    def read(self) -> None:
        """Copy the current state."""
        match = self._match
        self.tick = int(match["tick"][0])
        self.zone = (float(match["zone_x"][0]), float(match["zone_y"][0]), float(match["zone_r"][0]))
        self.zone_damage = float(match["zone_damage"][0])
        self.floats: list[list[float]] = self._mage_floats.take(self._float_columns, 1).tolist()
        self.ints: list[list[int]] = self._mage_ints.take(self._int_columns, 1).tolist()
        self.readiness: list[list[int]] = self._arena.readiness(0).tolist()
        self.available: list[int] = self._available.tolist()
        self.shots = self._read_shots()

    def is_within_cap(self, seat: int) -> bool:
        """Whether one more counted action of `seat` is accepted now."""
        return self.readiness[seat][WITHIN_CAP] != 0

    def can_cast(self, seat: int, verb: int) -> bool:
        """Whether `verb` of `seat` is accepted now: mana, cooldown, cap, and a chest in reach."""
        return self.is_within_cap(seat) and (self.readiness[seat][LEGAL] >> verb) & 1 != 0

    def has_chest_in_reach(self, seat: int) -> bool:
        """Whether `seat` could open a chest where it stands."""
        return self.readiness[seat][CHEST] >= 0

    def _read_shots(self) -> list[tuple[int, float, float, float, float, int, int, int]]:
        rows = self._active.nonzero()[0]
        if not len(rows):
            return []
        floats = self._shot_floats[rows].take(self._shot_float_columns, 1).tolist()
        ints = self._shot_ints[rows].take(self._shot_int_columns, 1).tolist()
        return [(slot, *places, *kinds) for slot, places, kinds in zip(rows.tolist(), floats, ints, strict=True)]
