"""A film: all that a viewer needs to show a recorded match, as one JSON object (docs/web.md lists its fields).

It is made by playing the replay again, so a film always agrees with its match. Columns have one entry a tick, are
rounded to whole steps of `scale` and hold differences: sums give them back. A mage's columns end with its death.

    film(replay)["mages"][seat]["x"]     differences of x in 1/100 cells
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np

from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.replay.showing.events import EventFields, rounded
from botgame.lms.replay.showing.shot_tracking import EndedShot
from botgame.lms.replay.showing.texts import printable
from botgame.lms.replay.showing.trace import Trace, trace
from botgame.lms.rules import DELAY_TICKS, SCHOOLS, TICKS_PER_SECOND, VERBS, ZonePhase, ticks
from botgame.policy_readout import PolicyReadout

FORMAT = 1
SCALE = {"x": 100, "y": 100, "face": 256, "health": 10, "mana": 10, "shield": 10, "zone": 100}  # steps per unit
SLOW, WARD, DASHING, RUNE = 1, 2, 4, 8  # bits of the column `status`


def film(replay: Replay, readout: PolicyReadout | None = None, networks: Collection[str] = ()) -> dict[str, Any]:
    """Play `replay` again and film it.

    readout: a policy readout to show with it; networks: the players that can be asked for one.
    Raises ReplayError when the match does not go as recorded.
    """
    course, header, rules = trace(replay), replay.header, replay.rules
    made = {
        "format": FORMAT,
        "name": replay.name,
        "mode": header.mode,
        "seed": str(header.seed),  # 64 bits do not fit a JavaScript number
        "ticks": header.ticks,
        "duration_ticks": header.duration_ticks,
        "is_cut": header.is_cut is True,
        "countdown_ticks": header.countdown_ticks or 0,
        "tick_rate": TICKS_PER_SECOND,
        "schools": SCHOOLS,
        "verbs": VERBS,
        "delays": DELAY_TICKS,
        "rules": rules.to_dict(),
        "cooldowns": [[ticks(ability.cooldown) for ability in school] for school in rules.abilities],
        "scale": SCALE,
        "seats": [_seat(replay, index, networks) for index in range(len(header.seats))],
        "walls": ["".join(map(str, row)) for row in course.walls.tolist()],
        "zone": _zone(course, rules.zone_phases(header.duration_ticks, len(header.seats))),
        "mages": _mages(course, [seat.death_tick for seat in header.seats]),
        "shots": [_shot(shot) for shot in course.shots],
        "items": [{"kind": i.kind, "x": rounded(i.x), "y": rounded(i.y), "taken": i.taken} for i in course.items],
        "events": sorted([*course.events, *_header_events(replay)], key=lambda event: int(event["tick"])),
    }
    if readout is not None:
        made["thoughts"] = msgspec.to_builtins(readout)
    return made


def film_json(replay: Replay, readout: PolicyReadout | None = None, networks: Collection[str] = ()) -> bytes:
    """The film as JSON text."""
    return msgspec.json.encode(film(replay, readout, networks))


def _seat(replay: Replay, index: int, networks: Collection[str]) -> dict[str, Any]:
    seat = replay.header.seats[index]
    fields = ("school", "place", "kills", "death_tick", "rating", "casts")
    return {
        "name": printable(seat.policy),
        "can_be_asked": seat.policy in networks,
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


def _zone(course: Trace, phases: list[ZonePhase]) -> dict[str, Any]:
    x, y, _ = course.zone[-1].tolist()
    return {
        "x": x,
        "y": y,
        "r": _differences(np.rint(course.zone[:, 2] * SCALE["zone"])),
        "phases": [[phase.closes, phase.closed, rounded(phase.radius)] for phase in phases],
    }


def _mages(course: Trace, deaths: list[int]) -> list[dict[str, list[int]]]:
    """The columns of each seat up to its death, `deaths`: ticks, -1 for survivors."""
    columns = _columns(course.mages)
    ends = [death + 1 if death >= 0 else len(course.zone) for death in deaths]
    return [
        {name: _differences(column[:end, seat]) for name, column in columns.items()} for seat, end in enumerate(ends)
    ]


def _columns(mages: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The columns of all seats, whole numbers [T + 1, P]."""
    now = np.arange(len(mages["x"]))[:, None]
    turn = np.arctan2(mages["face_y"], mages["face_x"]) / (2 * np.pi)
    status = SLOW * (mages["slow"] > 0) + WARD * (mages["shield"] > 0)
    return {
        **{name: np.rint(mages[name] * SCALE[name]) for name in ("x", "y")},
        "face": np.rint(turn * SCALE["face"]) % SCALE["face"],
        **{name: np.rint(mages[name] * SCALE[name]) for name in ("health", "mana", "shield")},
        "status": status + DASHING * (mages["dash_until"] > now) + RUNE * (mages["rune_until"] > now),
        "visible": mages["visible"],
    }


def _differences(column: np.ndarray) -> list[int]:
    """The first value, then the change of each tick."""
    changes: list[int] = np.diff(column.astype(np.int64), prepend=0).tolist()
    return changes


def _shot(shot: EndedShot) -> list[float]:
    """[owner, row, start, x0, y0, tick, x, y], see `EndedShot`: straight flight at constant speed."""
    places = [rounded(value) for value in (shot.x0, shot.y0, shot.x, shot.y)]
    return [shot.owner, shot.row, shot.start, *places[:2], shot.tick, *places[2:]]
