"""Metric lines as series for charts: at most a few series of at most a few points, whatever the length of the run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botgame.training.league_report.svg import COLOURS, Point, Series
from botgame.training.run_page.progress import Line, number

MOST_POINTS = 60


def rates(lines: Sequence[Line], kind: str, x: str) -> list[Series]:
    """Win rates in percent with their intervals, one series a rival. kind: `eval` or `final`; x: of the axis."""
    found: dict[str, list[Point]] = {}
    for line in lines:
        for rival, entry in rates_in(line, kind).items():
            rate, low, high = (100 * entry[key] for key in ("win_rate", "low", "high"))
            text = f"against {rival}, {x} {number(line, x):g}: {rate:.0f} % [{low:.0f}, {high:.0f}]"
            found.setdefault(rival, []).append(Point(number(line, x), rate, low, high, text))
    return [Series(f"against {rival}", _last(points)) for rival, points in found.items()][:COLOURS]


def rates_in(line: Line, kind: str) -> dict[str, dict[str, float]]:
    """The win rates with intervals in one line, by rival, as the pages' parts take them."""
    low, high = f"{kind}_low/", f"{kind}_high/"
    rivals = [name.removeprefix(low) for name in line if name.startswith(low)]
    names = {"win_rate": f"{kind}/", "low": low, "high": high}
    return {rival: {key: number(line, start + rival) for key, start in names.items()} for rival in rivals}


def averages(
    lines: Sequence[Line], pattern: str, x: str, scale: float = 1.0, words: Callable[[str], str] = str
) -> list[Series]:
    """The metrics whose whole names fit a pattern; each point is a mean over some lines.

    words: what a series is called, given what the pattern's groups found in the metric's name, "" for nothing. The band
    is between the least and the largest value of these lines.
    """
    fits, found = re.compile(pattern), dict[str, list[tuple[float, float]]]()
    for line in lines:
        for name in line:
            match = fits.fullmatch(name)
            if match:
                label = words(" ".join(part for part in match.groups() if part))
                found.setdefault(label, []).append((number(line, x), scale * number(line, name)))
    return [Series(label, _thinned(label, values, x)) for label, values in list(found.items())[:COLOURS]]


def _thinned(label: str, values: Sequence[tuple[float, float]], x: str) -> list[Point]:
    size = -(-len(values) // MOST_POINTS)
    points = []
    for start in range(0, len(values), size):
        part = values[start : start + size]
        ys = [y for _, y in part]
        mean = sum(ys) / len(ys)
        points.append(Point(part[-1][0], mean, min(ys), max(ys), f"{label}, {x} {part[-1][0]:g}: {mean:.4g}"))
    return points


def _last(points: Sequence[Point]) -> Sequence[Point]:
    """Evaluations are few; of very many every k-th is shown, and the last."""
    step = -(-len(points) // MOST_POINTS)
    return points[::-1][::step][::-1]


def flagged(line: Mapping[str, Any]) -> list[str]:
    """The diagnostics that fail in a line, by their names without `diagnostic/`."""
    return [name.replace("diagnostic/", "") for name in line if "diagnostic/" in name and number(line, name)]
