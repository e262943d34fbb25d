"""Measures statistic z of the seats of an arena while matches run (`definition.ARENA_Z_SPEC`).

A tracker looks at a match whenever one of its seats decides, and once at its end. A recorded match that is played again
decides at the same ticks, so its rows are equal to the bit to those that were measured while it was played. Between two
looks at a match at most one verb of each seat is carried out.

    tracker = StatisticTracker(arena)
    tracker.begin(slot)          # after `Arena.reset`
    tracker.look(slots)          # before seats act
    tracker.rows(slot, seat)     # float32 [N, ZSpec.width]: how each seat has played so far
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.rules import BOLT, CHEST, DEFENCE, INTERACT, SLOT_COUNT, TICKS_PER_SECOND, VERBS
from botgame.lms.simulation.state import SHOTS_PER_SEAT
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC, EDGE_CELLS, NEAR_CELLS
from botgame.statistic_z import FARTHEST

_TOTAL = {entry.name: column for column, entry in enumerate(ARENA_Z_SPEC.totals)}
_SCALES = np.array([entry.scale for entry in ARENA_Z_SPEC.totals])
_USES = slice(_TOTAL["use_bolt"], _TOTAL["use_bolt"] + SLOT_COUNT)
_DAMAGE = slice(_TOTAL["damage_bolt"], _TOTAL["damage_bolt"] + 3)
_TAKES = _TOTAL["take_health"]
_NEAR = slice(_TOTAL["near_3"], _TOTAL["near_3"] + len(NEAR_CELLS))
_FIRST_ITEM = 1 + SLOT_COUNT  # kinds in a row: first the abilities, which have the numbers of their verbs
_STANDING = 1e-3  # cells per tick
_FAR = 1e9

_KEPT: tuple[str, ...] = (
    *("sums", "ticks", "count", "kinds", "along", "aside"),
    *("tick", "casts", "flying", "dealt", "place", "alive", "available", "start"),
)


class StatisticTracker:
    """Measures every seat of an arena of B matches, P seats and I items."""

    def __init__(self, arena: Arena) -> None:
        matches, seats = arena.matches, arena.seats
        shape, opening = (matches, seats), (matches, seats, ARENA_Z_SPEC.opening)
        self._arena = arena
        self._nominal = _nominal_damage(arena)
        self.sums = np.zeros((*shape, len(_SCALES)))  # uses, hp, items, seconds
        self.ticks = np.zeros(shape, np.int32)  # that the seat has been alive
        self.count = np.zeros(shape, np.int32)  # events of the opening so far
        self.kinds = np.zeros(opening, np.int8)
        self.along, self.aside = np.zeros(opening, np.float32), np.zeros(opening, np.float32)
        self.tick = np.zeros(matches, np.int32)  # from here on: the state at the last look
        self.casts = np.zeros((*shape, len(VERBS)), np.int32)
        self.flying = np.zeros((*shape, 2), np.int32)  # own bolts and offensive shots in flight
        self.dealt = np.zeros(shape)
        self.place = np.zeros((*shape, 2))
        self.alive = np.zeros(shape, np.bool_)
        self.available = np.zeros((matches, arena.state.items.shape[1]), np.bool_)
        self.start = np.zeros((*shape, 2))

    def begin(self, slot: int) -> None:
        """Start to measure the match that was just set up in `slot`."""
        for name in ("sums", "ticks", "count", "kinds", "along", "aside"):
            getattr(self, name)[slot] = 0
        self._remember(np.array([slot]))
        self.start[slot] = self.place[slot]

    def look(self, slots: np.ndarray) -> None:
        """Measure what happened in these matches since the last look. A second look at a tick changes nothing."""
        slots = np.unique(slots)
        slots = slots[self._arena.state.matches["tick"][slots] > self.tick[slots]]
        if len(slots):
            uses = self._arena.state.mages["casts"][slots] - self.casts[slots]
            self._count_uses(slots, uses)
            self._share_damage(slots, uses)
            self._take_items(slots, uses)
            self._spend_time(slots)
            self._remember(slots)

    def rows(self, slot: np.ndarray, seat: np.ndarray) -> np.ndarray:
        """Rows as of the last look: slot, seat int [N] -> float32 [N, ZSpec.width]."""
        seconds = self.ticks[slot, seat] / TICKS_PER_SECOND + ARENA_Z_SPEC.settle_seconds
        totals = np.minimum(1.0, self.sums[slot, seat] / seconds[:, None] / _SCALES)
        opening = (self.kinds[slot, seat], self.along[slot, seat], self.aside[slot, seat])
        return np.concatenate([*opening, totals], axis=1).astype(np.float32)

    def snapshot(self) -> dict[str, np.ndarray]:
        """Exact state, copied."""
        return {name: getattr(self, name).copy() for name in _KEPT}

    def restore(self, snapshot: dict[str, np.ndarray]) -> None:
        """Inverse of `snapshot`, for an arena of the same shape."""
        for name in _KEPT:
            getattr(self, name)[...] = snapshot[name]

    def _remember(self, slots: np.ndarray) -> None:
        state = self._arena.state
        mages, shots = state.mages[slots], state.shots[slots]
        self.tick[slots] = state.matches["tick"][slots]
        self.casts[slots], self.dealt[slots] = mages["casts"], mages["damage_dealt"]
        self.place[slots, :, 0], self.place[slots, :, 1] = mages["x"], mages["y"]
        self.alive[slots] = mages["alive"] != 0
        self.available[slots] = state.items["available"][slots] != 0
        self.flying[slots] = _in_flight(shots)

    def _count_uses(self, slots: np.ndarray, uses: np.ndarray) -> None:
        """Count verbs that were carried out, int32 [n, P, verbs]. In an opening a bolt after a bolt does not count."""
        abilities = uses[:, :, 1 : 1 + SLOT_COUNT]
        self.sums[slots, :, _USES] += abilities
        for row, seat, verb in np.argwhere(abilities > 0).tolist():
            slot, kind = int(slots[row]), 1 + verb
            count = self.count[slot, seat]
            if kind != BOLT or count == 0 or self.kinds[slot, seat, min(count, ARENA_Z_SPEC.opening) - 1] != BOLT:
                self._add_event(slot, seat, kind, *self.place[slot, seat])

    def _share_damage(self, slots: np.ndarray, uses: np.ndarray) -> None:
        """Split damage by kind. The state has only the sum, so shots and wards that ended since the last look share it.

        A shot counts with its nominal damage, a ward with that of its burst.
        """
        mages = self._arena.state.mages[slots]
        gain = mages["damage_dealt"] - self.dealt[slots]
        if not (gain > 0).any():
            return
        gone = self.flying[slots] + uses[:, :, BOLT : BOLT + 2] - _in_flight(self._arena.state.shots[slots])
        ended = np.concatenate([gone, uses[:, :, DEFENCE : DEFENCE + 1]], axis=2)
        weights = np.maximum(ended, 0) * self._nominal[mages["school"]]
        weights[..., 0] += weights.sum(2) == 0
        self.sums[slots, :, _DAMAGE] += weights * (gain / weights.sum(2))[:, :, None]

    def _take_items(self, slots: np.ndarray, uses: np.ndarray) -> None:
        """Credit items that are gone to the nearest mage, and a chest to the nearest that has interacted."""
        items, mages = self._arena.state.items[slots], self._arena.state.mages[slots]
        for row, index in np.argwhere(self.available[slots] & (items["available"] == 0)).tolist():
            slot, item = int(slots[row]), items[row, index]
            able = self.alive[slot]
            if item["kind"] == CHEST:
                able = able & (uses[row, :, INTERACT] > 0)
            away = (mages["x"][row] - item["x"]) ** 2 + (mages["y"][row] - item["y"]) ** 2
            seat = int(np.where(able, away, _FAR).argmin())
            self.sums[slot, seat, _TAKES + item["kind"]] += 1
            self._add_event(slot, seat, _FIRST_ITEM + int(item["kind"]), item["x"], item["y"])

    def _add_event(self, slot: int, seat: int, kind: int, x: float, y: float) -> None:
        """Add an event to the opening, if there is room for it."""
        count = int(self.count[slot, seat])
        if count == ARENA_Z_SPEC.opening:
            return
        match = self._arena.state.matches[slot]
        start = self.start[slot, seat]
        ahead = np.array([match["zone_x"], match["zone_y"]]) - start
        way = np.array([x, y]) - start
        square = 2.0 * float(ahead @ ahead)  # twice the way to the centre leads to the opponents' side
        along = float(way @ ahead) / square
        aside = abs(float(way[0] * ahead[1] - way[1] * ahead[0])) / square
        self.kinds[slot, seat, count] = kind
        self.along[slot, seat, count] = min(max(along, -FARTHEST), FARTHEST)
        self.aside[slot, seat, count] = min(aside, FARTHEST)
        self.count[slot, seat] += 1

    def _spend_time(self, slots: np.ndarray) -> None:
        """Count the ticks since the last look for the situation at their end."""
        state = self._arena.state
        mages, match = state.mages[slots], state.matches[slots]
        passed = np.where(self.alive[slots], (match["tick"] - self.tick[slots])[:, None], 0)
        self.ticks[slots] += passed
        distance = _nearest_enemy(mages)
        inside = match["zone_r"][:, None] - _length(
            mages["x"] - match["zone_x"][:, None], mages["y"] - match["zone_y"][:, None]
        )
        below = np.concatenate([np.zeros((*distance.shape, 1)), np.array(NEAR_CELLS) >= distance[:, :, None]], axis=2)
        seconds = passed / TICKS_PER_SECOND
        sums = self.sums[slots]
        sums[:, :, _NEAR] += np.diff(below, axis=2) * seconds[:, :, None]
        sums[:, :, _TOTAL["still"]] += (_length(mages["vx"], mages["vy"]) < _STANDING) * seconds
        sums[:, :, _TOTAL["outside_zone"]] += (inside <= 0) * seconds
        sums[:, :, _TOTAL["zone_edge"]] += ((inside > 0) & (inside <= EDGE_CELLS)) * seconds
        self.sums[slots] = sums


def _nominal_damage(arena: Arena) -> np.ndarray:
    """The most damage of a bolt, an offensive shot and the burst of a ward, hp by school: [3, 3]."""
    abilities = arena.tables.abilities
    most = np.maximum(abilities["damage"], abilities["blast_damage"])
    return np.array(most[:, [BOLT - 1, BOLT, DEFENCE - 1]])


def _in_flight(shots: np.ndarray) -> np.ndarray:
    """How many bolts and offensive shots of each seat are in flight: SHOT [n, P * SHOTS_PER_SEAT] -> int [n, P, 2]."""
    shots = shots.reshape(len(shots), -1, SHOTS_PER_SEAT)
    active = shots["active"] != 0
    return np.stack([(active & (shots["row"] == row)).sum(2) for row in (0, 1)], axis=2)


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Length of vectors. A square root is the same on every machine, hypot is not."""
    return np.asarray(np.sqrt(x * x + y * y))


def _nearest_enemy(mages: Any) -> np.ndarray:
    """Distance in cells to the nearest living enemy, [n, P]; _FAR without one."""
    dx = mages["x"][:, :, None] - mages["x"][:, None, :]
    dy = mages["y"][:, :, None] - mages["y"][:, None, :]
    away = _length(dx, dy) + np.where(mages["alive"] != 0, 0.0, _FAR)[:, None, :]
    seats = np.arange(away.shape[1])
    away[:, seats, seats] = _FAR
    return np.asarray(away.min(2))
