"""What the metrics of a run say, as the content of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from botgame.training.league_report import svg
from botgame.training.league_report.document import Content
from botgame.training.league_report.html_parts import card, nice_marks, percent, remark
from botgame.training.league_report.svg import Series
from botgame.training.run_page import curves
from botgame.training.run_page.progress import Line, Progress, number
from botgame.training.run_page.run_files import IMITATION, LEAGUE, Loop, RunFiles

_MOST_TICKS = 20
_RATE_MARKS = [0, 25, 50, 75, 100]
_SPEED = "time_decisions_per_second"


class LoopState(NamedTuple):
    """A training loop as its files say. left: seconds, None where nothing tells; at_work: a process works on it."""

    loop: Loop
    lines: Sequence[Line]
    progress: Progress
    left: float | None
    at_work: bool


def run_content(files: RunFiles, loops: Sequence[LoopState]) -> Content:
    """Tiles and charts of every loop of a run."""
    begun = [state for state in loops if state.lines]
    tiles = [tile for state in begun for tile in _tiles(state)]
    cards = [each for state in begun for each in _cards(state)]
    subtitle = f"{files.kind.capitalize()} in {files.path}: {'; '.join(map(_sentence, loops))}."
    footer = "The charts are means over the lines of the metrics, with the least and the largest value as a band."
    return Content(f"Run {files.path.name}", subtitle, tiles, cards, [], footer)


def missing(path: str, sentence: str) -> Content:
    """A page that says why there is nothing to see."""
    return Content(f"Run {path}", sentence, [], [], [], "")


def _sentence(state: LoopState) -> str:
    """Where a loop is: at work, finished or stopped."""
    name = f"{state.loop.name}: " if state.loop.name else ""
    if not state.lines:
        return f"{name}no line of metrics yet; the first comes after the first {state.progress.unit}"
    if state.at_work:
        return f"{name}{state.progress}, at work"
    if state.progress.is_over:
        return f"{name}{state.progress}, finished"
    return f"{name}{state.progress}, stopped; the same command with --resume goes on"


def _tiles(state: LoopState) -> list[tuple[str, str]]:
    progress, last, name = state.progress, state.lines[-1], f"{state.loop.name}: " if state.loop.name else ""
    tiles = [(_share(progress), f"{name}{progress}")]
    if state.at_work and not progress.is_over:
        tiles.append((_clock(state.left), f"{name}left at this pace"))
    speed = sum(number(last, key) for key in last if key.rpartition("/")[2] == _SPEED) / max(1, _learners(last))
    if speed:
        tiles.append((f"{speed:,.0f}", f"{name}decisions a second"))
    kinds = {"eval": "in the last evaluation", "final": "on unseen seeds, at the end"}
    for kind, when in kinds.items():
        known = next((found for line in reversed(state.lines) if (found := curves.rates_in(line, kind))), {})
        tiles += [(percent(entry), f"{name}against {rival} {when}") for rival, entry in known.items()]
    tiles += [("flagged", f"{name}diagnostic {found}: see docs/metrics.md") for found in curves.flagged(last)]
    return tiles


def _learners(line: Line) -> int:
    return sum(key.rpartition("/")[2] == _SPEED for key in line)


def _share(progress: Progress) -> str:
    return f"{min(1.0, progress.done / progress.total):.0%}" if progress.total else f"{progress.done:,.0f}"


def _clock(seconds: float | None) -> str:
    """Hours and minutes, or minutes and seconds."""
    if seconds is None:
        return "not known yet"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s"


def _cards(state: LoopState) -> list[str]:
    kind, lines = state.loop.kind, state.lines
    x = "epoch" if kind == IMITATION else "step"
    label = "epoch" if kind == IMITATION else "iteration"
    of = f" ({state.loop.name})" if state.loop.name else ""
    cards = []
    if kind != LEAGUE:  # whose evaluations are in its list of matches
        note = "Mirrored in seats and factions, on seeds that training never uses, with 95 % intervals."
        cards.append(card(f"Win rate in evaluation{of}", note, _rate_chart(curves.rates(lines, "eval", x), label)))
    won = "(.+)/training/win_rate" if kind == LEAGUE else "(?:training/()win_rate|win_rate/(.+))"
    rates = curves.averages(lines, won, x, 100, str if kind == LEAGUE else _rival)
    if kind != IMITATION:
        note = "Training matches against others than itself; the opponents grow with it."
        cards.append(card(f"Win rate in training{of}", note, _rate_chart(rates, label)))
    for title, note, pattern in _CHARTS[kind] if kind in _CHARTS else _CHARTS[""]:
        series = curves.averages(lines, pattern, x, words=_part_of(title))
        if series:
            cards.append(card(title + of, note, _chart(series, label)))
    return cards


def _part_of(title: str) -> Callable[[str], str]:
    """What the series of a chart are called: by the part that a metric is of, else by what the chart shows."""
    return lambda part: part or title.lower()


def _rival(name: str) -> str:
    """Whom a series of win rates is about, "" for all opponents together."""
    return f"against {name}" if name else "against all opponents"


_SPEED_CHART = ("Decisions a second", "Acted and learned from.", f"(?:(.+)/)?{_SPEED}")
_CHARTS = {
    IMITATION: [
        ("Loss", "Cross-entropy of each head in nats, over the decisions that use it.", "loss/(.+)"),
        ("Accuracy", "Share of those decisions in which the recorded choice is the likeliest.", "accuracy/(.+)"),
        _SPEED_CHART,
    ],
    LEAGUE: [
        _SPEED_CHART,
        ("Entropy", "Summed over the heads that a decision uses; a uniform choice has 1 a head.", "(.+[^/])/entropy"),
        ("KL to the teacher", "In nats a decision.", "([^/]+)/kl"),
    ],
    "": [
        ("Opponents", "Share of the matches that begin with each.", "opponents/(.+)"),
        _SPEED_CHART,
        ("Entropy", "Of each head; a uniform choice has 1.", "entropy/(.+)"),
        ("KL to the teacher", "Of each head, in nats.", "kl/(.+)"),
        ("Loss of the critic", "Half the squared error against the returns.", "loss/(value)"),
    ],
}


def _rate_chart(series: Sequence[Series], label: str) -> str:
    if not series:
        return remark("None yet.")
    return svg.line_chart(series, low=0, high=100, marks=_RATE_MARKS, unit=" %", x_label=label, ticks=_ticks(series))


def _chart(series: Sequence[Series], label: str) -> str:
    ends = [0.0, *(end for one in series for point in one.points for end in (point.low, point.high))]
    marks = nice_marks(min(ends), max(ends), least=1e-9)
    return svg.line_chart(
        series, low=marks[0], high=marks[-1], marks=marks, unit="", x_label=label, ticks=_ticks(series)
    )


def _ticks(series: Sequence[Series]) -> list[float] | None:
    """Round numbers along the axis; None where every point may have its own."""
    xs = {point.x for one in series for point in one.points}
    return nice_marks(min(xs), max(xs)) if len(xs) > _MOST_TICKS else None
