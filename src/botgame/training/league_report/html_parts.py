"""Pieces that every part of the league page is made from."""

from __future__ import annotations

import math
from html import escape
from typing import Any


def card(title: str, note: str, body: str) -> str:
    """A framed part of the page; title and note are escaped, body is HTML."""
    return f'<article class="card"><h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{body}</article>'


def remark(text: str) -> str:
    """A line in place of a chart."""
    return f'<p class="note">{escape(text)}</p>'


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A table that scrolls sideways where it is too wide; the cells are escaped."""
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return scrolling(f"<table><tr>{head}</tr>{body}</table>", ", ".join(headings))


def scrolling(body: str, name: str) -> str:
    """HTML that scrolls sideways where it is too wide, also by keys; `name`: what it is called aloud."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{body}</div>'


def by_rating(players: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those who have a rating, the best first."""
    return sorted((p for p in players if p["rating"] is not None), key=lambda player: -float(player["rating"]))


def percent(entry: dict[str, Any]) -> str:
    """Win rate and interval of an entry with `win_rate`, `low` and `high`."""
    return f"{entry['win_rate']:.0%} [{entry['low']:.0%}, {entry['high']:.0%}]"


def nice_marks(low: float, high: float, least: float = 1.0) -> list[float]:
    """About five round numbers that enclose low and high, `least` or more apart in all."""
    rough = max(high - low, least) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * number for number in range(first, last + 1)]
