"""Charts as inline SVG text: lines with bands, points with intervals, bars, heat maps. No scripts, no fonts fetched.

Colours are CSS variables of the page (`--ink`, `--grid`, `--c0`...), so charts follow its light or dark theme; every
mark carries a <title>, which browsers show as a tooltip. Functions return one <svg> element as a string.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from botgame.training.league_report.html_parts import scrolling

WIDTH, HEAT_WIDTH = 520, 1060
_SMALLEST = 0.9  # of its size, below which a chart scrolls instead of becoming unreadable
_MOST_TICKS = 14
_LEGEND_ROW = 20
COLOURS = 6  # series colours that the page defines: --c0 .. --c5


class Point(NamedTuple):
    """A value at x with its interval and the text of its tooltip."""

    x: float
    y: float
    low: float
    high: float
    text: str


class Series(NamedTuple):
    """A named line."""

    name: str
    points: Sequence[Point]


class Scale(NamedTuple):
    """Linear map of data to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixel of `value`, kept within the ends."""
        span = (self.high - self.low) or 1.0
        return self.start + (min(max(value, self.low), self.high) - self.low) / span * (self.end - self.start)


def line_chart(
    series: Sequence[Series],
    *,
    low: float,
    high: float,
    marks: Sequence[float],
    unit: str,
    x_label: str,
    ticks: Sequence[float] | None = None,
) -> str:
    """Lines with interval bands. `marks`: values of the horizontal grid lines, printed with `unit`.

    `ticks`: values along the horizontal axis, which then reaches from the first to the last; else those of the points.
    """
    legend, left = _legend([one.name for one in series], 52), 52
    top = 14 + _LEGEND_ROW * legend.count("<g>")
    bottom = top + 186
    xs = ticks or [point.x for one in series for point in one.points] or [0.0, 1.0]
    across, up = Scale(min(xs), max(xs), left + 12, WIDTH - 16), Scale(low, high, bottom, top)
    parts = [_grid(marks, up, left, unit), _ticks(sorted(set(xs)), across, bottom)]
    for index, one in enumerate(series):
        parts.append(_band_and_line(one, index, across, up))
    parts.append(legend)
    parts.append(f'<text class="axis" x="{WIDTH - 16}" y="{bottom + 34}" text-anchor="end">{escape(x_label)}</text>')
    return _svg(bottom + 40, "".join(parts), ", ".join(one.name for one in series))


def interval_chart(rows: Sequence[tuple[str, float, float, float, int]], unit: str) -> str:
    """A dot with its interval a row: (name, value, low, high, colour)."""
    left, row_height, top = 170, 22, 24
    low, high = min(row[2] for row in rows), max(row[3] for row in rows)
    across = Scale(low, high, left + 10, WIDTH - 60)
    bottom = top + row_height * len(rows)
    parts = []
    if low < 0 < high:
        zero = across(0)
        parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top - 6}" y2="{bottom}"/>')
    for index, (name, value, least, most, colour) in enumerate(rows):
        y = top + row_height * (index + 0.5)
        text = f"{name}: {value:.0f}{unit} [{least:.0f}, {most:.0f}]"
        parts.append(
            f"<g><title>{escape(text)}</title>"
            f'<text class="label" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>'
            f'<line x1="{across(least):.1f}" x2="{across(most):.1f}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="var(--c{colour})" stroke-width="2" opacity=".55"/>'
            f'<circle cx="{across(value):.1f}" cy="{y:.1f}" r="4.5" fill="var(--c{colour})"/>'
            f'<text class="value" x="{WIDTH - 8}" y="{y + 4:.1f}" text-anchor="end">{value:+.0f}</text></g>'
        )
    return _svg(bottom + 8, "".join(parts), "ratings with 95 % intervals")


def bar_chart(rows: Sequence[tuple[str, float, int]]) -> str:
    """Horizontal bars of shares in [0, 1]: (name, share, colour)."""
    left, row_height = 170, 24
    across = Scale(0.0, max(row[1] for row in rows), 0, WIDTH - left - 70)
    parts = []
    for index, (name, share, colour) in enumerate(rows):
        y = row_height * index + 4
        parts.append(
            f"<g><title>{escape(name)}: {share:.1%}</title>"
            f'<text class="label" x="{left - 6}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{y}" width="{max(across(share), 1):.1f}" height="16" rx="3" fill="var(--c{colour})"/>'
            f'<text class="value" x="{left + across(share) + 8:.1f}" y="{y + 13}">{share:.1%}</text></g>'
        )
    return _svg(row_height * len(rows) + 6, "".join(parts), "shares")


def heat_map(names: Sequence[str], cells: Sequence[Sequence[tuple[float, str] | None]]) -> str:
    """Win rates of rows against columns; `cells[row][column]` is (rate, tooltip) or None where nobody played."""
    left, top, right = 150, 128, 76  # slanted column names need room at the right
    cell = min(34.0, (HEAT_WIDTH - left - right) / max(1, len(names)))
    width = int(left + right + cell * len(names))
    parts = []
    for column, name in enumerate(names):
        x = left + cell * (column + 0.5)
        parts.append(
            f'<text class="label" transform="translate({x + 4:.1f},{top - 8}) rotate(-60)">{escape(name)}</text>'
        )
    for row, name in enumerate(names):
        y = top + cell * row
        parts.append(
            f'<text class="label" x="{left - 6}" y="{y + cell / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>'
        )
        parts.extend(_cell(left + cell * column, y, cell, entry) for column, entry in enumerate(cells[row]))
    return _svg(int(top + cell * len(names) + 6), "".join(parts), "win rates by pair", width)


def _cell(x: float, y: float, size: float, entry: tuple[float, str] | None) -> str:
    box = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{size - 2:.1f}" height="{size - 2:.1f}" rx="2"'
    if entry is None:
        return f'<rect class="blank" {box}/>'
    rate, text = entry
    strength = abs(rate - 0.5) * 2.0
    hue = "--win" if rate >= 0.5 else "--loss"
    number = ""
    if size >= 20:
        shade = "strong" if strength > 0.55 else "weak"
        number = (
            f'<text class="cell {shade}" x="{x + size / 2:.1f}" y="{y + size / 2 + 4:.1f}" '
            f'text-anchor="middle">{rate * 100:.0f}</text>'
        )
    fill = f'<rect class="even" {box}/><rect {box} fill="var({hue})" opacity="{strength:.2f}"/>'
    return f"<g><title>{escape(text)}</title>{fill}{number}</g>"


def _band_and_line(series: Series, index: int, across: Scale, up: Scale) -> str:
    colour = f"var(--c{index % COLOURS})"
    points = series.points
    upper = " ".join(f"{across(p.x):.1f},{up(p.high):.1f}" for p in points)
    lower = " ".join(f"{across(p.x):.1f},{up(p.low):.1f}" for p in reversed(points))
    middle = " ".join(f"{across(p.x):.1f},{up(p.y):.1f}" for p in points)
    dots = "".join(
        f'<circle cx="{across(p.x):.1f}" cy="{up(p.y):.1f}" r="3" fill="{colour}">'
        f"<title>{escape(p.text)}</title></circle>"
        for p in points
    )
    return (
        f'<polygon points="{upper} {lower}" fill="{colour}" opacity=".14"/>'
        f'<polyline points="{middle}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
    )


def _grid(marks: Sequence[float], up: Scale, left: float, unit: str) -> str:
    return "".join(
        f'<line class="grid" x1="{left}" x2="{WIDTH - 8}" y1="{up(mark):.1f}" y2="{up(mark):.1f}"/>'
        f'<text class="axis" x="{left - 8}" y="{up(mark) + 4:.1f}" text-anchor="end">{mark:g}{unit}</text>'
        for mark in marks
    )


def _ticks(xs: Sequence[float], across: Scale, bottom: float) -> str:
    every = max(1, -(-len(xs) // _MOST_TICKS))
    return "".join(
        f'<text class="axis" x="{across(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>'
        for x in xs[::every]
    )


def _legend(names: Sequence[str], left: float) -> str:
    """The names with their colours, one group a row of names."""
    rows: list[list[str]] = [[]]
    x = left
    for index, name in enumerate(names):
        width = 34 + 7.2 * len(name)
        if rows[-1] and x + width > WIDTH:
            rows.append([])
            x = left
        y = 6 + _LEGEND_ROW * (len(rows) - 1)
        rows[-1].append(
            f'<rect x="{x:g}" y="{y}" width="12" height="12" rx="3" fill="var(--c{index % COLOURS})"/>'
            f'<text class="label" x="{x + 18:g}" y="{y + 10}">{escape(name)}</text>'
        )
        x += width
    return "".join("<g>" + "".join(row) + "</g>" for row in rows)


def _svg(height: int, body: str, description: str, width: int = WIDTH) -> str:
    limits = f"min-width:{width * _SMALLEST:.0f}px;max-width:{width * 1.4:.0f}px"
    head = f'viewBox="0 0 {width} {height}" style="{limits}" role="img" aria-label="{escape(description)}"'
    return scrolling(f"<svg {head}>{body}</svg>", description)
