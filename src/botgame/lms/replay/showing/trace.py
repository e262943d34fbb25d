"""The course of one match, recorded while it is played again: the data of films and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.replay.format import Replay
from botgame.lms.replay.playback import watch_replay
from botgame.lms.replay.showing.events import EventDetector, EventFields
from botgame.lms.replay.showing.shot_tracking import EndedShot

_FIELDS = (
    *("x", "y", "face_x", "face_y", "health", "mana", "shield", "slow"),
    *("dash_until", "rune_until", "visible", "alive"),
)


class Item(NamedTuple):
    """An item at (x, y) cells; `kind`: index in `rules.ITEM_KINDS`; `taken`: tick, -1 for never."""

    kind: int
    x: float
    y: float
    taken: int


@dataclass(frozen=True)
class Trace:
    """The course of a match of P seats over T ticks.

    walls: uint8 [G, G]; mages: fields of the state's MAGE records by name, [T + 1, P] each; zone: float64 [T + 1, 3],
    centre and radius in cells; shots: by their number; events: by tick, see `EventDetector`.
    """

    walls: np.ndarray
    mages: dict[str, np.ndarray]
    zone: np.ndarray
    shots: list[EndedShot]
    items: list[Item]
    events: list[EventFields]

    @property
    def places(self) -> np.ndarray:
        """The places of the mages in cells, float64 [T + 1, P, 2]; a dead one stays where it died."""
        return np.stack([self.mages["x"], self.mages["y"]], axis=-1)


def trace(replay: Replay) -> Trace:
    """Play `replay` again and record its course. Raises ReplayError when it does not go as recorded."""
    recorder = _Recorder(replay)
    watch_replay(replay, recorder)
    return recorder.trace()


class _Recorder:
    """Copies what a trace holds from match 0 of an arena, once a tick."""

    def __init__(self, replay: Replay) -> None:
        self._detector = EventDetector(replay.rules)
        self._columns: dict[str, list[np.ndarray]] = {name: [] for name in _FIELDS}
        self._zone: list[tuple[float, float, float]] = []
        self._events: list[EventFields] = []

    def __call__(self, arena: Arena) -> None:
        """Copy one tick. A match with people in all seats is first seen at tick 1, which then stands for 0 too."""
        self._state = state = arena.state
        match, mages = state.matches[0], state.mages[0]
        while len(self._zone) <= int(match["tick"]):
            self._zone.append((float(match["zone_x"]), float(match["zone_y"]), float(match["zone_r"])))
            for name, column in self._columns.items():
                column.append(np.array(mages[name]))
        self._events += self._detector.look(state)

    def trace(self) -> Trace:
        """What was recorded."""
        state, last = self._state, len(self._zone) - 1
        shots = self._detector.shots
        flying = shots.still_flying(state.shots[0], state.mages[0], last)
        taken = {event["index"]: event["tick"] for event in self._events if event["kind"] == "pickup"}
        items = zip(*(state.items[0][name].tolist() for name in ("kind", "x", "y")), strict=True)
        return Trace(
            walls=state.walls[0].copy(),
            mages={name: np.array(column) for name, column in self._columns.items()},
            zone=np.array(self._zone),
            shots=sorted([*shots.ended, *flying]),
            items=[Item(kind, x, y, taken.get(index, -1)) for index, (kind, x, y) in enumerate(items)],
            events=self._events,
        )
