"""Writes what a seat or a spectator sees of a tick, as the text of a `protocol.State` message.

3,000 such messages a second leave no time for objects: each mage, shot and item is written once a tick with a format
string, and a view is a selection of these texts. A test decodes them with the protocol's types.

Fog applies to all players: a view holds the mages of the seat's `visible` bits, and the shots and items within the
sight radius, as observations for bots do.
"""

from __future__ import annotations

import msgspec

from botgame.lms.readiness import BUDGET, COOLDOWNS, SPACING
from botgame.lms.replay.showing.events import EventFields
from botgame.lms.rules import TICKS_PER_SECOND, Rules
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame

EVERYTHING = -1  # the view of a spectator who follows no seat

_STATE = (
    '{"type":"state","tick":%d,"ack":%d,"view":%d,"zone":%s,"mages":[%s],"shots":[%s],"items":[%s],"you":%s,'
    '"events":[%s]}'
)
_ZONE = '{"x":%.2f,"y":%.2f,"r":%.3f,"target":%.3f,"closes":%d,"closed":%d,"damage":%.2f}'
_MAGE = (
    '{"seat":%d,"x":%.3f,"y":%.3f,"vx":%.3f,"vy":%.3f,"fx":%.3f,"fy":%.3f,"hp":%.1f,"shield":%.1f,"slow":%.2f,'
    '"dash":%d,"rune":%d,"move":%d,"alive":%s,"kills":%d,"mana":'
)
_SHOT = '{"id":%d,"x":%.3f,"y":%.3f,"vx":%.3f,"vy":%.3f,"owner":%d,"row":%d,"school":%d}'
_ITEM = '{"id":%d,"kind":%d,"x":%.2f,"y":%.2f}'
_YOU = (
    '{"seat":%d,"mana":%.1f,"cooldowns":[%d,%d,%d,%d],"budget":%d,"spacing":%d,"capped":%d,"illegal":%d,'
    '"chest":%s,"queued":%d}'
)


class Viewer:
    """Writes the views of one match. Call `look` once a tick, then `state` for every distinct view."""

    def __init__(self, frame: Frame, rules: Rules, duration_ticks: int) -> None:
        self._frame = frame
        self._sight_squared = rules.sight * rules.sight
        self._phases = rules.zone_phases(duration_ticks, len(frame.floats))
        self._item_texts = [_ITEM % (index, *item) for index, item in enumerate(frame.items)]

    def look(self, events: list[EventFields], shot_ids: list[int]) -> None:
        """Write all texts of a new tick. `events`: as an `EventDetector` finds them; `shot_ids`: of `frame.shots`."""
        frame = self._frame
        self._zone = self._write_zone()
        self._mages = [self._write_mage(seat) for seat in range(len(frame.floats))]
        self._shots = [
            _SHOT % (number, x, y, vx * TICKS_PER_SECOND, vy * TICKS_PER_SECOND, *rest)
            for number, (_, x, y, vx, vy, *rest) in zip(shot_ids, frame.shots, strict=True)
        ]
        self._events = [(event, msgspec.json.encode(event).decode()) for event in events]

    def state(self, view: int, ack: int = 0, queued: int = 0, *, plays: bool = False) -> str:
        """The message with what seat `view` sees, or with EVERYTHING.

        plays: for the seat's player, who also gets `you`; ack, queued: of the player's input.
        """
        if view == EVERYTHING:
            rows = zip(self._mages, self._frame.floats, strict=True)
            mages = ",".join([f"{text}{row[at.MANA]:.1f}}}" for text, row in rows])
            shots, items = ",".join(self._shots), ",".join(self._free_items())
            events = ",".join([text for _, text in self._events])
            return _STATE % (self._frame.tick, ack, view, self._zone, mages, shots, items, "null", events)
        mages, shots, items = self._seen_mages(view), self._seen_shots(view), self._seen_items(view)
        events = ",".join([text for event, text in self._events if self._is_known(event, view)])
        you = self._write_you(view, queued) if plays else "null"
        return _STATE % (self._frame.tick, ack, view, self._zone, mages, shots, items, you, events)

    def _free_items(self) -> list[str]:
        return [text for text, free in zip(self._item_texts, self._frame.available, strict=True) if free]

    def _seen_mages(self, view: int) -> str:
        """The seat's mage with its mana, also when dead, and the other mages in sight."""
        frame = self._frame
        visible = frame.ints[view][at.VISIBLE] if frame.ints[view][at.ALIVE] else 0
        texts = []
        for seat, text in enumerate(self._mages):
            if seat == view:
                texts.append(f"{text}{frame.floats[seat][at.MANA]:.1f}}}")
            elif (visible >> seat) & 1 and frame.ints[seat][at.ALIVE]:
                texts.append(text + "null}")
        return ",".join(texts)

    def _seen_shots(self, view: int) -> str:
        x, y, most = self._eye(view)
        shots = zip(self._shots, self._frame.shots, strict=True)
        return ",".join([text for text, shot in shots if (shot[1] - x) ** 2 + (shot[2] - y) ** 2 <= most])

    def _seen_items(self, view: int) -> str:
        frame = self._frame
        x, y, most = self._eye(view)
        rows = zip(self._item_texts, frame.items, frame.available, strict=True)
        return ",".join([t for t, item, free in rows if free and (item[1] - x) ** 2 + (item[2] - y) ** 2 <= most])

    def _eye(self, view: int) -> tuple[float, float, float]:
        """The position of the seat's mage, and the square of the sight radius."""
        row = self._frame.floats[view]
        return row[at.X], row[at.Y], self._sight_squared

    def _is_known(self, event: EventFields, view: int) -> bool:
        """Whether seat `view` may know an event: any death, its own actions and injuries, and what is in sight."""
        seat = event["seat"]
        if event["kind"] in ("kill", "mark") or view in (seat, event.get("by")):
            return True
        if event["kind"] in ("cast", "hit"):
            return bool((self._frame.ints[view][at.VISIBLE] >> seat) & 1)
        x, y, most = self._eye(view)
        return bool((event["x"] - x) ** 2 + (event["y"] - y) ** 2 <= most)

    def _write_zone(self) -> str:
        """The zone, with its current or next phase of shrinking."""
        frame = self._frame
        phase = next((phase for phase in self._phases if frame.tick < phase.closed), self._phases[-1])
        return _ZONE % (*frame.zone, phase.radius, phase.closes, phase.closed, frame.zone_damage * TICKS_PER_SECOND)

    def _write_mage(self, seat: int) -> str:
        """A mage's text without its mana, which not every view shows."""
        x, y, vx, vy, fx, fy, health, _, shield, slow, self_slow = self._frame.floats[seat]
        ints, tick = self._frame.ints[seat], self._frame.tick
        return _MAGE % (
            *(seat, x, y, vx * TICKS_PER_SECOND, vy * TICKS_PER_SECOND, fx, fy, health, shield),
            1.0 - (1.0 - slow) * (1.0 - self_slow),
            *(max(0, ints[at.DASH] - tick), max(0, ints[at.RUNE] - tick), ints[at.MOVE]),
            *("true" if ints[at.ALIVE] else "false", ints[at.KILLS]),
        )

    def _write_you(self, seat: int, queued: int) -> str:
        frame = self._frame
        ints, readiness = frame.ints[seat], frame.readiness[seat]
        return _YOU % (
            *(seat, frame.floats[seat][at.MANA], *readiness[COOLDOWNS], readiness[BUDGET], readiness[SPACING]),
            *(ints[at.CAPPED], ints[at.ILLEGAL], "true" if frame.has_chest_in_reach(seat) else "false", queued),
        )
