"""The course of one match, collected while it is played again: the data of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from botgame.lms.arena import Arena
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.playback import Numbered, Playback
from botgame.lms.rules import BOLT, INTERACT


@dataclass(frozen=True)
class Shot:
    """A projectile from its first place to its last; `row` 0 bolt, 1 offence."""

    owner: int
    row: int
    tick: int
    points: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Cast:
    """A verb that was carried out; `x`, `y`: the place of the caster when it decided."""

    seat: int
    verb: int
    tick: int
    x: float
    y: float


@dataclass(frozen=True)
class Item:
    """An item; `taken_tick` is -1 for one that was never taken."""

    kind: int
    x: float
    y: float
    taken_tick: int


@dataclass(frozen=True)
class Trace:
    """The course of a match of P seats over T ticks.

    walls: uint8 [G, G]; path: float64 [T + 1, P, 2], cells; alive: bool [T + 1, P]; health: float64 [T + 1, P];
    zone: float64 [T + 1, 3], centre and radius in cells.
    """

    walls: np.ndarray
    path: np.ndarray
    alive: np.ndarray
    health: np.ndarray
    zone: np.ndarray
    shots: list[Shot]
    casts: list[Cast]
    items: list[Item]


def trace(replay: Replay) -> Trace:
    """Play `replay` again and record its course. Raises ReplayError when it does not go as recorded."""
    watcher = _Watcher()
    playback = Playback(1, len(replay.header.seats), replay.rules, watch=watcher)
    for finished in playback.run(iter([Numbered(0, replay)])):
        if finished.fault is not None:
            raise ReplayError(replay.path or replay.name, finished.fault)
    return watcher.trace(replay)


def _casts(replay: Replay, path: np.ndarray) -> list[Cast]:
    """Every verb but bolts (whose shots are drawn), at the place of the caster."""
    seat, tick, verb = replay.decisions.seat, replay.decisions.tick, replay.decisions.choices[:, 0]
    rows = np.flatnonzero((verb > BOLT) & (verb <= INTERACT))
    return [
        Cast(int(seat[row]), int(verb[row]), int(tick[row]), *(float(v) for v in path[tick[row], seat[row]]))
        for row in rows.tolist()
    ]


class _Watcher:
    """Copies what a picture needs from slot 0, at every tick."""

    def __init__(self) -> None:
        self._frames: list[tuple[np.ndarray, np.ndarray, np.ndarray, tuple[float, ...]]] = []
        self._flying: dict[tuple[int, int], tuple[float, float, int]] = {}
        self._last: dict[tuple[int, int], tuple[float, float, int, int]] = {}
        self._shots: list[Shot] = []
        self._taken: dict[int, int] = {}
        self._items: Any = None
        self._walls = np.zeros((0, 0), np.uint8)

    def __call__(self, arena: Arena) -> None:
        state = arena.state
        match, mages = state.matches[0], state.mages[0]
        tick = int(match["tick"])
        if not self._frames:
            self._walls, self._items = state.walls[0].copy(), np.array(state.items[0])
        zone = (float(match["zone_x"]), float(match["zone_y"]), float(match["zone_r"]))
        place = np.column_stack([mages["x"], mages["y"]])
        self._frames.append((place, mages["alive"] != 0, np.array(mages["health"]), zone))
        for index in np.flatnonzero(state.items["available"][0] == 0).tolist():
            self._taken.setdefault(index, tick)
        self._follow(state.shots[0], place, tick)

    def _follow(self, shots: np.ndarray, places: np.ndarray, tick: int) -> None:
        seen = set()
        for index in np.flatnonzero(shots["active"] != 0).tolist():
            shot = shots[index]
            key = (index, int(shot["ends"]))
            owner = int(shot["owner"])
            seen.add(key)
            self._flying.setdefault(key, (*places[owner].tolist(), tick))
            self._last[key] = (float(shot["x"]), float(shot["y"]), owner, int(shot["row"]))
        for key in [key for key in self._flying if key not in seen]:
            self._land(key)

    def _land(self, key: tuple[int, int]) -> None:
        x0, y0, tick = self._flying.pop(key)
        x1, y1, owner, row = self._last.pop(key)
        self._shots.append(Shot(owner, row, tick, ((x0, y0), (x1, y1))))

    def trace(self, replay: Replay) -> Trace:
        """What was gathered."""
        for key in list(self._flying):
            self._land(key)
        path, alive, health, zone = (np.array(column) for column in zip(*self._frames, strict=True))
        items = [
            Item(int(item["kind"]), float(item["x"]), float(item["y"]), self._taken.get(index, -1))
            for index, item in enumerate(self._items)
        ]
        return Trace(self._walls, path, alive, health, zone, self._shots, _casts(replay, path), items)
