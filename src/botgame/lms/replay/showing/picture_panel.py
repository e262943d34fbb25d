"""The panel beside the map of a picture: seats, health over time, legend."""

from __future__ import annotations

from collections.abc import Iterator

from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import CONTROLLERS
from botgame.lms.replay.showing import svg
from botgame.lms.replay.showing.texts import printable
from botgame.lms.replay.showing.trace import Trace
from botgame.lms.rules import CHEST, ITEM_KINDS, SCHOOLS, TICKS_PER_SECOND, VERBS
from botgame.wording import counted

PANEL_WIDTH = 330
_ROW, _CHART = 24, 150


def panel_height(replay: Replay) -> int:
    """The height of the panel in pixels."""
    return 2 * _ROW * len(replay.header.seats) + _CHART + 360


def panel(replay: Replay, course: Trace) -> Iterator[str]:
    """The SVG elements of the panel: seats, health over time, legend."""
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
    kills = counted(seat.kills, "kill")
    score = f"place {seat.place}, {kills}, {seat.damage_dealt:.0f} dealt, {seat.damage_taken:.0f} taken"
    yield svg.text(26, y + 18, score, fill="#5b6770")


def _health_chart(course: Trace, top: float) -> Iterator[str]:
    health, alive = course.mages["health"], course.mages["alive"] != 0
    last, most = len(health) - 1, max(1.0, float(health.max()))
    left, width = 28, PANEL_WIDTH - 40
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
    for seat in range(health.shape[1]):
        points = " ".join(
            f"{left + width * tick / max(1, last):.1f},{top + _CHART * (1 - health[tick, seat] / most):.1f}"
            for tick in shown[: int(alive[shown, seat].sum()) + 1]
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
