"""Draws a match as one SVG: the map, the paths of the mages, and their health over time.

Plain SVG without scripts or outside fonts, so it opens in any browser or viewer. Hover for details.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from botgame.lms.replay.format import Replay
from botgame.lms.replay.showing import svg
from botgame.lms.replay.showing.events import EventFields
from botgame.lms.replay.showing.picture_panel import PANEL_WIDTH, panel, panel_height
from botgame.lms.replay.showing.shot_tracking import EndedShot
from botgame.lms.replay.showing.texts import clock, printable, winner
from botgame.lms.replay.showing.trace import Item, Trace, trace
from botgame.lms.rules import BOLT, INTERACT, ITEM_KINDS, TICKS_PER_SECOND

_MAP, _LEFT, _TOP = 640, 24, 64


def picture(replay: Replay) -> str:
    """The SVG of one match. Raises ReplayError when the replay does not go as recorded."""
    course = trace(replay)
    scale = _MAP / course.walls.shape[0]
    height = _TOP + max(_MAP + 24, panel_height(replay))
    width = _LEFT + _MAP + 32 + PANEL_WIDTH + _LEFT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" font-size="12" fill="#1f2933">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_title(replay),
        f'<g transform="translate({_LEFT} {_TOP})">',
        *_map(replay, course, scale),
        "</g>",
        f'<g transform="translate({_LEFT + _MAP + 32} {_TOP})">',
        *panel(replay, course),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def _title(replay: Replay) -> Iterator[str]:
    header = replay.header
    yield svg.text(_LEFT, 32, f"{header.mode}, seed {header.seed}: {winner(replay)}", font_size=20, font_weight=600)
    line = f"{clock(header.ticks)} of {clock(header.duration_ticks)} played, state digest {header.final}"
    yield svg.text(_LEFT, 52, line, fill="#5b6770")


def _map(replay: Replay, course: Trace, scale: float) -> Iterator[str]:
    yield f'<clipPath id="map"><rect width="{_MAP}" height="{_MAP}" rx="6"/></clipPath><g clip-path="url(#map)">'
    yield f'<rect width="{_MAP}" height="{_MAP}" fill="#f3efe4"/>'
    yield from _walls(course.walls, scale)
    yield from _zone(course, scale)
    yield from (_item(item, scale) for item in course.items)
    yield from (_shot(shot, scale) for shot in course.shots)
    for seat in range(len(replay.header.seats)):
        yield from _path(course, seat, scale)
    casts = (event for event in course.events if event["kind"] == "cast" and event["verb"] != BOLT)  # bolts are lines
    yield from (_cast(cast, replay, scale) for cast in casts)
    for seat in range(len(replay.header.seats)):
        yield from _ends(replay, course, seat, scale)
    yield "</g>"


def _walls(walls: np.ndarray, scale: float) -> Iterator[str]:
    """Runs of wall cells as rectangles."""
    yield '<g fill="#59616b">'
    for y, row in enumerate(walls):
        edges = np.flatnonzero(np.diff(row, prepend=0, append=0))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            box = (start * scale, y * scale, (stop - start) * scale + 0.3, scale + 0.3)
            yield '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'.format(*box)
    yield "</g>"


def _zone(course: Trace, scale: float) -> Iterator[str]:
    """The zone's edge every ten seconds in which it moved, and at the end, each with its time."""
    last = len(course.zone) - 1
    x, y, final = (course.zone[last] * scale).tolist()
    outside = f"M0 0H{_MAP}V{_MAP}H0Z" + svg.circle_path(x, y, final)
    yield svg.draw("path", d=outside, fill="#8e44ad", fill_opacity="0.1", fill_rule="evenodd")
    drawn = np.inf
    for tick in [*range(0, last, 10 * TICKS_PER_SECOND), last]:
        radius = float(course.zone[tick, 2] * scale)
        if tick != last and (drawn - radius < 15 or radius - final < 15):
            continue
        drawn = radius
        style: dict[str, str | float] = {} if tick == last else {"stroke_dasharray": "5 5"}
        circle: dict[str, str | float] = {
            "cx": x,
            "cy": y,
            "r": radius,
            "fill": "none",
            "stroke": "#8e44ad",
            "stroke_width": 1.5,
        }
        yield svg.draw("circle", title=f"zone at {clock(tick)}", stroke_opacity="0.7", **circle, **style)
        if 0 < y - radius + 12 < _MAP - 6:
            label = f"{tick // TICKS_PER_SECOND} s"
            yield svg.halo(x, y - radius + 12, label, "#6c3483", anchor="middle")


def _item(item: Item, scale: float) -> str:
    x, y, size = item.x * scale, item.y * scale, max(3.5, 0.24 * scale)
    taken = item.taken >= 0
    note = f"{ITEM_KINDS[item.kind]}, " + (f"taken at {clock(item.taken)}" if taken else "left on the ground")
    return f'<g opacity="{0.35 if taken else 1}">{svg.item_shape(item.kind, x, y, size)}<title>{note}</title></g>'


def _shot(shot: EndedShot, scale: float) -> str:
    width, opacity = (1.0, "0.28") if shot.row == 0 else (2.2, "0.45")
    ends = {"x1": shot.x0 * scale, "y1": shot.y0 * scale, "x2": shot.x * scale, "y2": shot.y * scale}
    return svg.draw("line", **ends, stroke=svg.COLOURS[shot.owner], stroke_width=width, stroke_opacity=opacity)


def _path(course: Trace, seat: int, scale: float) -> Iterator[str]:
    """The path of one seat while it lived, darker as time goes on, with a dot every five seconds and every tenth."""
    lived = min(int(course.mages["alive"][:, seat].sum()) + 1, len(course.zone))
    points, colour, piece = course.places[:lived, seat] * scale, svg.COLOURS[seat], 5 * TICKS_PER_SECOND
    for start in range(0, lived - 1, piece):
        stop = min(start + piece, lived - 1)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[[*range(start, stop, 3), stop]])
        style = {"points": line, "fill": "none", "stroke_linejoin": "round", "stroke_linecap": "round"}
        yield svg.draw("polyline", **style, stroke="#ffffff", stroke_width=4.5, stroke_opacity="0.7")
        strength = 0.35 + 0.65 * start / max(1, lived)
        note = f"seat {seat}, {clock(start)} to {clock(stop)}"
        yield svg.draw(
            "polyline", title=note, **style, stroke=colour, stroke_width=2.2, stroke_opacity=f"{strength:.2f}"
        )
    for tick in range(piece, lived, piece):
        x, y = points[tick].tolist()
        yield svg.draw("circle", title=clock(tick), cx=x, cy=y, r=2.6, fill="#ffffff", stroke=colour)
        if tick % (2 * piece) == 0:
            yield svg.halo(x + 5, y - 5, str(tick // TICKS_PER_SECOND), colour)


def _cast(cast: EventFields, replay: Replay, scale: float) -> str:
    seat, verb = cast["seat"], cast["verb"]
    school = replay.header.seats[seat].school
    name = replay.rules.abilities[school][verb - 1].name if verb < INTERACT else "opens a chest"
    shape = svg.cast_shape(verb, cast["x"] * scale, cast["y"] * scale, svg.COLOURS[seat])
    return f"<g>{shape}<title>seat {seat}: {escape(printable(name))} at {clock(cast['tick'])}</title></g>"


def _ends(replay: Replay, course: Trace, seat: int, scale: float) -> Iterator[str]:
    """Where a seat began, and where it died or stood at the end."""
    colour, death = svg.COLOURS[seat], replay.header.seats[seat].death_tick
    x, y = course.places[0, seat] * scale
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{colour}" stroke="#ffffff" stroke-width="2"/>'
    yield svg.text(x, y + 4, str(seat), fill="#ffffff", font_weight=700, text_anchor="middle")
    x, y = course.places[death if death >= 0 else -1, seat] * scale
    if death >= 0:
        cross = f"M{x - 8:.1f} {y - 8:.1f}l16 16m0 -16l-16 16"
        yield f'<path d="{cross}" stroke="#ffffff" stroke-width="7" stroke-linecap="round"/>'
        yield f'<path d="{cross}" stroke="{colour}" stroke-width="3.5" stroke-linecap="round"/>'
        yield svg.halo(x, y + 22, f"dies {clock(death)}", colour, 11, "middle")
    else:
        yield svg.star(x, y, colour)
        yield svg.halo(x, y + 24, "alive", colour, 11, "middle")
