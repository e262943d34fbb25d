"""A film: all that a viewer needs to show a recorded match, as one JSON object (docs/web.md lists its fields).

It is made by playing the replay again, so a film always agrees with its match. Columns have one entry a tick, are
rounded to whole steps of `scale` and hold differences: sums give them back. A mage's columns end with its death.

    film(replay)["mages"][seat]["x"]     differences of x in 1/100 cells
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.replay.playback import Numbered, Playback
from botgame.lms.replay.showing.events import EventDetector, EventFields, rounded
from botgame.lms.replay.showing.picture import printable
from botgame.lms.replay.showing.policy_readout import PolicyReadout
from botgame.lms.replay.showing.shot_tracking import EndedShot
from botgame.lms.rules import DELAY_TICKS, SCHOOLS, TICKS_PER_SECOND, VERBS, ticks
from botgame.lms.simulation.state import State

FORMAT = 1
SCALE = {"x": 100, "y": 100, "face": 256, "health": 10, "mana": 10, "shield": 10, "zone": 100}  # steps per unit
SLOW, WARD, DASHING, RUNE = 1, 2, 4, 8  # bits of the column `status`


def film(replay: Replay, readout: PolicyReadout | None = None) -> dict[str, Any]:
    """Play `replay` again and film it. `readout`: a policy readout to show with it.

    Raises ReplayError when the match does not go as recorded.
    """
    recorder = _FilmRecorder(replay)
    playback = Playback(1, len(replay.header.seats), replay.rules, watch=recorder)
    for finished in playback.run(iter([Numbered(0, replay)])):
        if finished.fault is not None:
            raise ReplayError(replay.path or replay.name, finished.fault)
    header = replay.header
    made = {
        "format": FORMAT,
        "name": replay.name,
        "mode": header.mode,
        "seed": str(header.seed),  # 64 bits do not fit a JavaScript number
        "ticks": header.ticks,
        "duration_ticks": header.duration_ticks,
        "tick_rate": TICKS_PER_SECOND,
        "schools": SCHOOLS,
        "verbs": VERBS,
        "delays": DELAY_TICKS,
        "rules": replay.rules.to_dict(),
        "cooldowns": [[ticks(ability.cooldown) for ability in school] for school in replay.rules.abilities],
        "scale": SCALE,
        "seats": [_seat(replay, index) for index in range(len(header.seats))],
        **recorder.film(),
    }
    made["events"] = sorted([*made["events"], *_header_events(replay)], key=lambda event: int(event["tick"]))
    if readout is not None:
        made["thoughts"] = msgspec.to_builtins(readout)
    return made


def film_json(replay: Replay, readout: PolicyReadout | None = None) -> bytes:
    """The film as JSON text."""
    return msgspec.json.encode(film(replay, readout))


def _seat(replay: Replay, index: int) -> dict[str, Any]:
    seat = replay.header.seats[index]
    fields = ("school", "place", "kills", "death_tick", "rating", "casts")
    return {
        "name": printable(seat.policy),
        "controller": CONTROLLERS[seat.controller],
        "damage_dealt": rounded(seat.damage_dealt),
        "damage_taken": rounded(seat.damage_taken),
        **{field: getattr(seat, field) for field in fields},
    }


def _header_events(replay: Replay) -> list[EventFields]:
    """The events that the state does not hold: changes of controller, and marks."""
    changes = [
        {"tick": change.tick, "kind": "control", "seat": change.seat, "controller": CONTROLLERS[change.controller]}
        for change in replay.header.changes
    ]
    marks = [
        {"tick": mark.tick, "kind": "mark", "seat": mark.seat, "verdict": "good" if mark.value > 0 else "bad"}
        for mark in replay.header.marks
        if mark.value
    ]
    return [*changes, *marks]


class _FilmRecorder:
    """Copies what a film shows from match 0, once a tick."""

    def __init__(self, replay: Replay) -> None:
        self._rules = replay.rules
        self._detector = EventDetector(self._rules)
        self._frames: list[np.ndarray] = []  # int64 [P, columns] of each tick
        self._radii: list[int] = []
        self._events: list[EventFields] = []
        self._state: State | None = None

    def __call__(self, arena: Arena) -> None:
        """Copy one frame. A match with people in all seats is first seen at tick 1."""
        self._state = state = arena.state
        tick = int(state.matches["tick"][0])
        if tick < len(self._frames):
            return
        while len(self._frames) <= tick:
            self._frames.append(_columns(state.mages[0], tick))
            self._radii.append(round(float(state.matches["zone_r"][0]) * SCALE["zone"]))
        self._events += self._detector.look(state)

    def film(self) -> dict[str, Any]:
        """The fields of the film that the frames hold."""
        assert self._state is not None
        match, frames = self._state.matches[0], np.array(self._frames)
        shots = self._detector.shots
        ended = [*shots.ended, *shots.still_flying(self._state.shots[0], self._state.mages[0], len(frames) - 1)]
        return {
            "walls": ["".join(map(str, row)) for row in self._state.walls[0].tolist()],
            "zone": {
                "x": float(match["zone_x"]),
                "y": float(match["zone_y"]),
                "r": _differences(np.array(self._radii)),
                "phases": [
                    [phase.closes, phase.closed, rounded(phase.radius)]
                    for phase in self._rules.zone_phases(int(match["duration"]), len(self._state.mages[0]))
                ],
            },
            "mages": [
                _mage(frames[:, seat], int(death)) for seat, death in enumerate(self._state.mages[0]["death_tick"])
            ],
            "shots": [_shot(shot) for shot in sorted(ended)],
            "items": self._items(),
            "events": self._events,
        }

    def _items(self) -> list[dict[str, Any]]:
        """Kind and place of each item, and the tick when it was taken, -1 for never."""
        assert self._state is not None
        taken = {event["index"]: event["tick"] for event in self._events if event["kind"] == "pickup"}
        return [
            {"kind": int(item["kind"]), "x": rounded(item["x"]), "y": rounded(item["y"]), "taken": taken.get(index, -1)}
            for index, item in enumerate(self._state.items[0])
        ]


_COLUMNS = ("x", "y", "face", "health", "mana", "shield", "status", "visible")


def _columns(mages: np.ndarray, tick: int) -> np.ndarray:
    """One frame: int64 [P, 8] in the order of `_COLUMNS`."""
    turn = np.arctan2(mages["face_y"], mages["face_x"]) / (2 * np.pi)
    scaled = {name: np.rint(mages[name] * SCALE[name]) for name in ("x", "y", "health", "mana", "shield")}
    scaled["face"] = np.rint(turn * SCALE["face"]) % SCALE["face"]
    scaled["status"] = (
        SLOW * (mages["slow"] > 0)
        + WARD * (mages["shield"] > 0)
        + DASHING * (mages["dash_until"] > tick)
        + RUNE * (mages["rune_until"] > tick)
    )
    scaled["visible"] = mages["visible"]
    return np.column_stack([scaled[name] for name in _COLUMNS]).astype(np.int64)


def _mage(frames: np.ndarray, death: int) -> dict[str, list[int]]:
    """Columns of one seat from int64 [T, 8], up to its death."""
    lived = frames[: death + 1] if death >= 0 else frames
    return {name: _differences(lived[:, index]) for index, name in enumerate(_COLUMNS)}


def _differences(column: np.ndarray) -> list[int]:
    """The first value, then the change of each tick."""
    changes: list[int] = np.diff(column, prepend=0).tolist()
    return changes


def _shot(shot: EndedShot) -> list[float]:
    """[owner, row, start, x0, y0, tick, x, y], see `EndedShot`: straight flight at constant speed."""
    places = [rounded(value) for value in (shot.x0, shot.y0, shot.x, shot.y)]
    return [shot.owner, shot.row, shot.start, *places[:2], shot.tick, *places[2:]]
