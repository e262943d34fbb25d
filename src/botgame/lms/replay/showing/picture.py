"""Draws a match as one SVG: the map, the paths of the mages, and their health over time.

Plain SVG without scripts or outside fonts, so it opens in any browser or viewer. Hover for details.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.replay.showing import svg
from botgame.lms.replay.showing.trace import Cast, Item, Shot, Trace, trace
from botgame.lms.rules import CHEST, ITEM_KINDS, SCHOOLS, TICKS_PER_SECOND, VERBS

_MAP, _LEFT, _TOP, _SIDE = 640, 24, 64, 330
_ROW, _CHART = 24, 150


def picture(replay: Replay) -> str:
    """The SVG of one match. Raises ReplayError when the replay does not go as recorded."""
    course = trace(replay)
    scale = _MAP / course.walls.shape[0]
    height = max(_TOP + _MAP + 24, _panel_height(replay))
    width = _LEFT + _MAP + 32 + _SIDE + _LEFT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" font-size="12" fill="#1f2933">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_title(replay),
        f'<g transform="translate({_LEFT} {_TOP})">',
        *_map(replay, course, scale),
        "</g>",
        f'<g transform="translate({_LEFT + _MAP + 32} {_TOP})">',
        *_panel(replay, course),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def printable(text: str) -> str:
    """A name from a file without control characters, safe for a console or a picture."""
    return "".join(character if character.isprintable() else "?" for character in text)


def clock(tick: float) -> str:
    """Ticks as seconds, `12.3 s`."""
    return f"{tick / TICKS_PER_SECOND:.1f} s"


def winner(replay: Replay) -> str:
    """The winner in words."""
    first = [index for index, seat in enumerate(replay.header.seats) if seat.place == 1]
    if len(first) > 1:
        return "draw between seats " + ", ".join(str(index) for index in first)
    return f"seat {first[0]} ({printable(replay.header.seats[first[0]].policy)}) wins" if first else "nobody wins"


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
    yield from (_cast(cast, replay, scale) for cast in course.casts)
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
    taken = item.taken_tick >= 0
    note = f"{ITEM_KINDS[item.kind]}, " + (f"taken at {clock(item.taken_tick)}" if taken else "left on the ground")
    return f'<g opacity="{0.35 if taken else 1}">{svg.item_shape(item.kind, x, y, size)}<title>{note}</title></g>'


def _shot(shot: Shot, scale: float) -> str:
    (x0, y0), (x1, y1) = shot.points
    width, opacity = (1.0, "0.28") if shot.row == 0 else (2.2, "0.45")
    ends = {"x1": x0 * scale, "y1": y0 * scale, "x2": x1 * scale, "y2": y1 * scale}
    return svg.draw("line", **ends, stroke=svg.COLOURS[shot.owner], stroke_width=width, stroke_opacity=opacity)


def _path(course: Trace, seat: int, scale: float) -> Iterator[str]:
    """The path of one seat while it lived, darker as time goes on, with a dot every five seconds and every tenth."""
    lived = min(int(course.alive[:, seat].sum()) + 1, len(course.path))
    points, colour, piece = course.path[:lived, seat] * scale, svg.COLOURS[seat], 5 * TICKS_PER_SECOND
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


def _cast(cast: Cast, replay: Replay, scale: float) -> str:
    school = replay.header.seats[cast.seat].school
    name = replay.rules.abilities[school][cast.verb - 1].name if cast.verb < len(VERBS) - 1 else "opens a chest"
    shape = svg.cast_shape(cast.verb, cast.x * scale, cast.y * scale, svg.COLOURS[cast.seat])
    return f"<g>{shape}<title>seat {cast.seat}: {escape(printable(name))} at {clock(cast.tick)}</title></g>"


def _ends(replay: Replay, course: Trace, seat: int, scale: float) -> Iterator[str]:
    """Where a seat began, and where it died or stood at the end."""
    colour, death = svg.COLOURS[seat], replay.header.seats[seat].death_tick
    x, y = course.path[0, seat] * scale
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{colour}" stroke="#ffffff" stroke-width="2"/>'
    yield svg.text(x, y + 4, str(seat), fill="#ffffff", font_weight=700, text_anchor="middle")
    x, y = course.path[death if death >= 0 else -1, seat] * scale
    if death >= 0:
        cross = f"M{x - 8:.1f} {y - 8:.1f}l16 16m0 -16l-16 16"
        yield f'<path d="{cross}" stroke="#ffffff" stroke-width="7" stroke-linecap="round"/>'
        yield f'<path d="{cross}" stroke="{colour}" stroke-width="3.5" stroke-linecap="round"/>'
        yield svg.halo(x, y + 22, f"dies {clock(death)}", colour, 11, "middle")
    else:
        yield svg.star(x, y, colour)
        yield svg.halo(x, y + 24, "alive", colour, 11, "middle")


def _panel_height(replay: Replay) -> int:
    return _TOP + 2 * _ROW * len(replay.header.seats) + _CHART + 360


def _panel(replay: Replay, course: Trace) -> Iterator[str]:
    """Seats, health over time, legend."""
    y = 12.0
    yield svg.text(0, y, "Seats", font_size=14, font_weight=600)
    for index, _ in enumerate(replay.header.seats):
        y += 2 * _ROW - (4 if index else 20)
        yield from _seat_lines(replay, index, y)
    y += 2 * _ROW + 16
    yield svg.text(0, y, "Health", font_size=14, font_weight=600)
    yield from _health_chart(course, y + 18)
    y += _CHART + 66
    yield svg.text(0, y, "Legend", font_size=14, font_weight=600)
    yield from _legend(y + 22)


def _seat_lines(replay: Replay, index: int, y: float) -> Iterator[str]:
    seat = replay.header.seats[index]
    name = printable(seat.policy)
    name = name if len(name) <= 26 else f"...{name[-23:]}"
    held = "" if seat.controller == 0 else f", {CONTROLLERS[seat.controller]}"
    yield f'<circle cx="9" cy="{y + 4:.1f}" r="9" fill="{svg.COLOURS[index]}"/>'
    yield svg.text(9, y + 8, str(index), fill="#ffffff", font_weight=700, text_anchor="middle")
    yield svg.text(26, y + 2, f"{name}, {SCHOOLS[seat.school]}{held}", font_weight=600)
    kills = "1 kill" if seat.kills == 1 else f"{seat.kills} kills"
    score = f"place {seat.place}, {kills}, {seat.damage_dealt:.0f} dealt, {seat.damage_taken:.0f} taken"
    yield svg.text(26, y + 18, score, fill="#5b6770")


def _health_chart(course: Trace, top: float) -> Iterator[str]:
    last, most = len(course.health) - 1, max(1.0, float(course.health.max()))
    left, width = 28, _SIDE - 40
    for share in (0.0, 0.5, 1.0):
        y = top + _CHART * (1 - share)
        yield f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d8dde1"/>'
        yield svg.text(left - 6, y + 4, f"{most * share:.0f}", fill="#5b6770", font_size=10, text_anchor="end")
    step = max(5, -(-last // (TICKS_PER_SECOND * 6) // 5) * 5) * TICKS_PER_SECOND
    for tick in range(0, last + 1, step):
        x = left + width * tick / max(1, last)
        yield svg.text(
            x, top + _CHART + 16, f"{tick // TICKS_PER_SECOND} s", fill="#5b6770", font_size=10, text_anchor="middle"
        )
    shown = sorted({*range(0, last + 1, max(1, last // 400)), last})
    for seat in range(course.health.shape[1]):
        points = " ".join(
            f"{left + width * tick / max(1, last):.1f},{top + _CHART * (1 - course.health[tick, seat] / most):.1f}"
            for tick in shown[: int(course.alive[shown, seat].sum()) + 1]
        )
        yield svg.draw(
            "polyline", title=f"seat {seat}", points=points, fill="none", stroke=svg.COLOURS[seat], stroke_width=2
        )


def _legend(y: float) -> Iterator[str]:
    grey = "#5b6770"
    rows = [
        (f'<line x1="0" x2="18" y1="0" y2="0" stroke="{grey}" stroke-width="2.2"/>', "path, a dot every 5 s"),
        (f'<line x1="0" x2="18" y1="0" y2="0" stroke="{grey}" stroke-opacity="0.5"/>', "bolt"),
        (
            f'<line x1="0" x2="18" y1="0" y2="0" stroke="{grey}" stroke-width="2.4" stroke-opacity="0.6"/>',
            "offence spell",
        ),
        ('<circle cx="9" cy="0" r="7" fill="none" stroke="#8e44ad" stroke-dasharray="4 3"/>', "zone, with its time"),
        *((svg.cast_shape(VERBS.index(name), 9, 0, grey), f"casts {name}") for name in VERBS[2:5]),
        (svg.cast_shape(5, 9, 0, grey), "opens a chest"),
        *((svg.item_shape(kind, 9, 0, 6), ITEM_KINDS[kind]) for kind in range(CHEST + 1)),
    ]
    half = -(-len(rows) // 2)
    for index, (shape, label) in enumerate(rows):
        column, row = divmod(index, half)
        yield f'<g transform="translate({column * 165} {y + 21 * row:.1f})">{shape}</g>'
        yield svg.text(column * 165 + 26, y + 21 * row + 4, label)
    yield svg.text(0, y + 21 * half + 6, "Faded items were taken. Hover over anything for details.", fill=grey)
