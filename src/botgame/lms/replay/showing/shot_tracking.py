"""Tracks shots from their caster to the place where they end, and finds what ended them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from botgame.lms.rules import DEFENCE, Rules
from botgame.lms.simulation.state import SHOTS_PER_SEAT

Columns = Mapping[str, np.ndarray] | np.ndarray  # mages by field: a copy, or the records themselves


class EndedShot(NamedTuple):
    """A shot that is over. It flew from (x0, y0) at tick `start` to (x, y) at `tick`; `end`: what stopped it."""

    id: int
    owner: int
    row: int  # 0 bolt, 1 offence
    school: int
    start: int
    x0: float
    y0: float
    tick: int
    x: float
    y: float
    end: str  # `mage`, `wall`, `range` or `swept`; `flying` when the match ended first
    victim: int  # seat that it hit, -1: none


class _FlyingShot(NamedTuple):
    id: int
    start: int
    x0: float
    y0: float
    ends: int


class ShotTracker:
    """Numbers the shots of one match in the order in which they appear. Call `look` once a tick."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._flying: dict[int, _FlyingShot] = {}
        self._ends = np.zeros(0, np.int64)
        self._places = np.zeros((0, 2))  # of all slots, one tick ago
        self._next = 0
        self.ended: list[EndedShot] = []  # all so far

    def id_of(self, slot: int) -> int:
        """The number of the shot that flies in `slot`. Raises KeyError when there is none."""
        return self._flying[slot].id

    def look(
        self, shots: np.ndarray, mages: np.ndarray, before: Columns, tick: int, wards: Sequence[int]
    ) -> list[EndedShot]:
        """The shots that ended in this tick. `before`: the mages one tick ago; `wards`: seats that cast their defence.

        A changed `ends` means a new shot in the slot, even if it hit within the same tick. A flying shot whose slot
        gets a new shot is dropped.
        """
        active, ends = shots["active"] != 0, shots["ends"]
        if not self._flying and len(self._ends) and not active.any() and ends.tobytes() == self._ends.tobytes():
            return []
        fresh = active.copy()
        fresh[list(self._flying)] = False
        if len(self._ends):
            fresh |= ends != self._ends
        for slot in np.flatnonzero(fresh).tolist():
            self._launch(slot, int(ends[slot]), before, tick)
        ended = []
        for slot in [slot for slot in self._flying if not active[slot]]:
            swept = not fresh[slot] and self._is_swept(slot, shots, mages, before, wards)
            ended.append(self._end(slot, shots, mages, before, tick, "swept" if swept else ""))
        self._ends = np.array(ends)
        self._places = np.column_stack([shots["x"], shots["y"]])
        self.ended += ended
        return ended

    def still_flying(self, shots: np.ndarray, mages: np.ndarray, tick: int) -> list[EndedShot]:
        """The shots that still fly when the match ends."""
        return [self._end(slot, shots, mages, mages, tick, "flying") for slot in list(self._flying)]

    def _launch(self, slot: int, ends: int, before: Columns, tick: int) -> None:
        owner = slot // SHOTS_PER_SEAT
        x0, y0 = float(before["x"][owner]), float(before["y"][owner])
        self._flying[slot] = _FlyingShot(self._next, max(0, tick - 1), x0, y0, ends)
        self._next += 1

    def _end(self, slot: int, shots: np.ndarray, mages: np.ndarray, before: Columns, tick: int, end: str) -> EndedShot:
        flying, shot, owner = self._flying.pop(slot), shots[slot], slot // SHOTS_PER_SEAT
        row, school, x, y = int(shot["row"]), int(shot["school"]), float(shot["x"]), float(shot["y"])
        victim = -1
        if not end:
            victim = self._victim(owner, self._rules.abilities[school][row].radius, x, y, mages, before)
            end = "mage" if victim >= 0 else "range" if tick >= flying.ends else "wall"
        start = (flying.start, flying.x0, flying.y0)
        return EndedShot(flying.id, owner, row, school, *start, tick, x, y, end, victim)

    def _is_swept(self, slot: int, shots: np.ndarray, mages: np.ndarray, before: Columns, wards: Sequence[int]) -> bool:
        """Whether a ward swept the shot away: wards act before shots move, around the caster's previous place."""
        x, y = float(shots["x"][slot]), float(shots["y"][slot])
        if not wards or (x, y) != tuple(self._places[slot].tolist()):
            return False
        for seat in wards:
            sweep = self._rules.abilities[int(mages["school"][seat])][DEFENCE - 1].sweep
            away = np.hypot(before["x"][seat] - x, before["y"][seat] - y)
            if seat != slot // SHOTS_PER_SEAT and away < sweep:
                return True
        return False

    def _victim(self, owner: int, radius: float, x: float, y: float, mages: np.ndarray, before: Columns) -> int:
        """The nearest enemy that the shot touches, -1 for none. No mage moves after shots, so the places are exact."""
        away = np.hypot(mages["x"] - x, mages["y"] - y)
        away = np.where((before["alive"] != 0) & (np.arange(len(away)) != owner), away, np.inf)
        nearest = int(away.argmin())
        return nearest if away[nearest] <= radius + self._rules.mage_radius + 1e-9 else -1
