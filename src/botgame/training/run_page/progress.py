"""How far a training loop is, and how long it will still take."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botgame.training.run_page.run_files import IMITATION, LEAGUE, SEARCH, Loop

Line = Mapping[str, Any]
_WATCHED = 600.0  # seconds over which the pace is measured
_LAST_LINES = 20
_LARGEST = 1e100  # what is larger is no figure of a run, and products of three such numbers are finite
_CLOCKED = ("time_acting", "time_learning", "time_evaluation")


class Progress(NamedTuple):
    """`done` of `total` units; total 0: unknown."""

    done: float
    total: float
    unit: str

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return bool(self.total) and self.done >= self.total

    def __str__(self) -> str:
        done, total = f"{self.done:,.0f}", f" of {self.total:,.0f}" if self.total else ""
        return f"{self.unit} {done}{total}"


def progress_of(loop: Loop, line: Line) -> Progress:
    """How far a loop was when it wrote `line`. Flags that are missing or no numbers leave the total unknown."""
    flags = loop.config
    if loop.kind == LEAGUE:
        return _of_league(flags, line)
    if loop.kind == SEARCH:
        unit = "duel" if flags.get("family") else "decision"
        return Progress(number(line, f"{unit}s"), number(flags, "budget"), unit)
    if loop.kind == IMITATION:
        return Progress(number(line, "epoch"), number(flags, "epochs") + number(flags, "winner_epochs"), "epoch")
    if number(flags, "decisions"):
        return Progress(number(line, "decisions"), number(flags, "decisions"), "decision")
    return Progress(number(line, "step"), number(flags, "iterations"), "iteration")


def _of_league(flags: Line, line: Line) -> Progress:
    """A league ends after its rounds or, where it is given some, with the decisions of its first main agent."""
    total = number(flags, "rounds") * number(flags, "rl_iterations_per_round")
    iterations = Progress(number(line, "step"), total, "iteration")
    if not number(flags, "decisions") or iterations.is_over:
        return iterations
    first = next((name for name in line if name.endswith("/decisions")), "")  # as players stand in every line
    return Progress(number(line, first), number(flags, "decisions"), "decision")


def number(values: Mapping[str, Any], name: str) -> float:
    """A number of `values`, of at most `_LARGEST`; 0 where it has none of that name."""
    value = values.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return float(value) if good and value is not None else 0.0


class Pace:
    """Seconds that are left, from how fast the run was while it was watched."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()  # clock and units done, whenever these had changed

    def watch(self, now: float, done: float) -> None:
        """Units done at clock `now` (seconds); fewer than before: the run was cut back and begins anew."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        if not self._seen or done > self._seen[-1][1]:
            self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WATCHED:
            self._seen.popleft()

    def left(self, progress: Progress, lines: Sequence[Line], loop: Loop) -> float | None:
        """Seconds; None while nothing tells. Before two lines came in, as the clock readings of the last lines say."""
        todo = progress.total - progress.done
        if not progress.total or todo <= 0:
            return 0.0 if progress.is_over else None
        if len(self._seen) >= 3:  # the first may have been written long before it was seen
            (start, first), (end, last) = self._seen[1], self._seen[-1]
            return todo * (end - start) / (last - first)
        return _from_clocks(todo, lines[-_LAST_LINES:], loop)


def _from_clocks(todo: float, lines: Sequence[Line], loop: Loop) -> float | None:
    if len(lines) < 2:
        return None
    passed = progress_of(loop, lines[-1]).done - progress_of(loop, lines[0]).done
    spent = sum(number(line, name) for line in lines[1:] for name in line if name.rpartition("/")[2] in _CLOCKED)
    return todo * spent / passed if passed > 0 and spent > 0 else None
