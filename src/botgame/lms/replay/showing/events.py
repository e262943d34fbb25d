"""Detects the events of each tick of a match, as plain JSON objects: casts, impacts, hits, kills, pick-ups.

The state holds no log, so the detector compares two successive ticks. Films and the live server use it. Every event
has `kind` and `tick`; places are cells, rounded.

    cast    seat, verb (index in `rules.VERBS`), x, y the place, dx, dy unit vector; mobility: tx, ty the new place
    impact  seat (owner), row (0 bolt, 1 offence), school, x, y, end: `mage`, `wall`, `range` or `swept`; victim or -1
    hit     seat, by (seat or -1), damage in hp, absorbed by its ward in hp, x, y
    kill    seat, by (seat or -1 for the zone), x, y
    pickup  seat, item (index in `rules.ITEM_KINDS`), index of the item, x, y
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from botgame.lms.replay.showing.shot_tracking import EndedShot, ShotTracker
from botgame.lms.rules import BOLT, CHEST, DEFENCE, INTERACT, MOBILITY, Rules
from botgame.lms.simulation.state import State

EventFields = dict[str, Any]

_LEAST_HP = 0.05  # smaller amounts are not shown
_CASTS, _HARM, _DEATHS = ("casts",), ("damage_taken", "shield"), ("alive",)  # what must change for an event


def rounded(value: float) -> float:
    """Two decimals: a hundredth of a cell is less than a pixel."""
    return round(float(value), 2)


class EventDetector:
    """Detects the events of match `slot`. Call `look` once a tick; the first call only stores the state."""

    def __init__(self, rules: Rules, slot: int = 0) -> None:
        self._rules = rules
        self._slot = slot
        self._before: np.ndarray | None = None
        self._available = np.zeros(0, bool)
        self.shots = ShotTracker(rules)

    def look(self, state: State) -> list[EventFields]:
        """The events of the tick that was simulated last; none at the first call."""
        mages, items = state.mages[self._slot], state.items[self._slot]
        tick = int(state.matches["tick"][self._slot])
        before, available = self._before, self._available
        self._before = mages.copy()
        if before is None:
            self._available = np.array(items["available"] != 0)
            self.shots.look(state.shots[self._slot], mages, mages, tick, [])
            return []
        events: list[EventFields] = []
        wards: list[int] = []
        if _differ(before, mages, _CASTS):
            wards = np.flatnonzero(mages["casts"][:, DEFENCE] > before["casts"][:, DEFENCE]).tolist()
            events += self._casts(before, mages)
        for seat in wards:  # a ward counts from the tick in which it is raised
            before["shield"][seat] = self._rules.abilities[int(mages["school"][seat])][DEFENCE - 1].absorb
            before["shield_until"][seat] = tick + 1
        events += [_impact(shot) for shot in self.shots.look(state.shots[self._slot], mages, before, tick, wards)]
        if _differ(before, mages, _HARM):
            events += self._hits(before, mages, tick)
        if _differ(before, mages, _DEATHS):
            events += self._kills(before, mages)
        if np.count_nonzero(items["available"]) != np.count_nonzero(available):  # a taken item never comes back
            self._available = np.array(items["available"] != 0)
            events += self._pickups(before, mages, items, available)
        return [{"tick": tick, **event} for event in events]

    def _casts(self, before: np.ndarray, mages: np.ndarray) -> Iterator[EventFields]:
        """The casts, at most one for each seat. They come before moves, so the place is that of the tick before."""
        seats, verbs = np.nonzero(mages["casts"] > before["casts"])
        for seat, verb in zip(seats.tolist(), verbs.tolist(), strict=True):
            if not BOLT <= verb <= INTERACT:
                continue
            x, y = before["x"][seat], before["y"][seat]
            dx, dy = mages["face_x"][seat], mages["face_y"][seat]
            event = {"kind": "cast", "seat": seat, "verb": verb, "x": rounded(x), "y": rounded(y)}
            event |= {"dx": rounded(dx), "dy": rounded(dy)}
            if verb == MOBILITY:
                event |= {"tx": rounded(mages["x"][seat]), "ty": rounded(mages["y"][seat])}
            yield event

    def _hits(self, before: np.ndarray, mages: np.ndarray, tick: int) -> Iterator[EventFields]:
        """The damage by mages; damage by the zone is no event."""
        damage = mages["damage_taken"] - before["damage_taken"]
        dealt = mages["damage_dealt"] - before["damage_dealt"]
        absorbed = np.where(before["shield_until"] > tick, before["shield"] - mages["shield"], 0.0)
        for seat in np.flatnonzero((damage > _LEAST_HP) | (absorbed > _LEAST_HP)).tolist():
            dealt_by_others = np.where(np.arange(len(dealt)) == seat, 0.0, dealt)
            by = int(dealt_by_others.argmax()) if dealt_by_others.max() > 0 else -1
            event = {"kind": "hit", "seat": seat, "by": by, "damage": rounded(damage[seat])}
            event |= {"absorbed": rounded(max(0.0, absorbed[seat]))}
            yield event | {"x": rounded(mages["x"][seat]), "y": rounded(mages["y"][seat])}

    def _kills(self, before: np.ndarray, mages: np.ndarray) -> Iterator[EventFields]:
        """The deaths, with the killers. Several deaths in one tick get the killers in order, no mage itself."""
        gained = np.repeat(np.arange(len(mages)), np.maximum(0, mages["kills"] - before["kills"])).tolist()
        for seat in np.flatnonzero((before["alive"] != 0) & (mages["alive"] == 0)).tolist():
            by = next((killer for killer in gained if killer != seat), -1)
            if by >= 0:
                gained.remove(by)
            place = {"x": rounded(mages["x"][seat]), "y": rounded(mages["y"][seat])}
            yield {"kind": "kill", "seat": seat, "by": by, **place}

    def _pickups(
        self, before: np.ndarray, mages: np.ndarray, items: np.ndarray, available: np.ndarray
    ) -> Iterator[EventFields]:
        """The items taken, by the nearest mage; a chest by the nearest mage that interacted in this tick."""
        opened = mages["casts"][:, INTERACT] > before["casts"][:, INTERACT]
        for index in np.flatnonzero(available & (items["available"] == 0)).tolist():
            item = items[index]
            able = (mages["alive"] != 0) & (opened if item["kind"] == CHEST else True)
            place = before if item["kind"] == CHEST else mages  # chests are opened before anybody moves
            away = np.hypot(place["x"] - item["x"], place["y"] - item["y"])
            seat = int(np.where(able, away, np.inf).argmin())
            event = {"kind": "pickup", "seat": seat, "item": int(item["kind"]), "index": index}
            yield event | {"x": rounded(item["x"]), "y": rounded(item["y"])}


def _differ(before: np.ndarray, now: np.ndarray, fields: Sequence[str]) -> bool:
    """Whether one of the fields has changed: most ticks change nothing, and a live server checks every tick."""
    return any(now[name].tobytes() != before[name].tobytes() for name in fields)


def _impact(shot: EndedShot) -> EventFields:
    event = {"kind": "impact", "seat": shot.owner, "row": shot.row, "school": shot.school}
    return event | {"x": rounded(shot.x), "y": rounded(shot.y), "end": shot.end, "victim": shot.victim, "id": shot.id}
