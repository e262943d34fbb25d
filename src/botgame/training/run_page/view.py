"""A run as its files say, read again whenever somebody looks. Whatever lies there, the answer is a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.files import find_files
from botgame.json_reading import parsed
from botgame.locks import is_held
from botgame.training.best_response.results import FILE as RESULTS
from botgame.training.best_response.results import Exploit, read_results
from botgame.training.league_report.document import Content
from botgame.training.league_report.exploits import best_responses
from botgame.training.league_report.exploits_html import best_response_card, tiles
from botgame.training.run_page.cards import LoopState, missing, run_content
from botgame.training.run_page.league import LeagueView
from botgame.training.run_page.lines import GrowingLines
from botgame.training.run_page.progress import Line, Pace, progress_of
from botgame.training.run_page.run_files import Loop, NoRunError, RunFiles, find_run

_DIVERGED = 2  # entries of the line of a step that was not finished: its number, and that it diverged


class RunView:
    """The run whose output is `path`. exploits: the folder with results of `exploit`; clock: seconds."""

    def __init__(self, path: Path, exploits: Path, clock: Callable[[], float]) -> None:
        self._path, self._exploits, self._clock = path, exploits, clock
        self._lines: dict[Path, GrowingLines[Line]] = {}
        self._paces: dict[Path, Pace] = {}
        self._league: LeagueView | None = None

    def content(self) -> Content:
        """The page as of now."""
        try:
            return self._content(find_run(self._path))
        except NoRunError as error:
            return missing(self._path.name, str(error))
        except (UserError, OSError) as error:
            return missing(self._path.name, f"The files of this run cannot be read: {error}.")

    def beside(self, report: Content) -> Content:
        """The report of this league with how its run goes before it; the report alone where no metrics can be read."""
        try:
            return _joined(self._run(find_run(self._path)), report)
        except (UserError, OSError):
            return report

    def _run(self, files: RunFiles) -> Content:
        return run_content(files, [self._state(loop) for loop in files.loops])

    def _content(self, files: RunFiles) -> Content:
        content = self._run(files)
        if files.league is not None:
            if self._league is None:
                self._league = LeagueView(files.league, self._exploits, self._clock)
            return _joined(content, self._league.content())
        known = self._best_responses(files)
        if not known:
            return content
        entries = best_responses(known)
        return content._replace(
            tiles=[*content.tiles, *tiles(entries)], cards=[*content.cards, best_response_card(entries)]
        )

    def _state(self, loop: Loop) -> LoopState:
        lines = self._lines.setdefault(loop.metrics, GrowingLines(loop.metrics, _reader(loop.metrics)))
        pace = self._paces.setdefault(loop.metrics, Pace())
        lines.update()
        whole = (line for line in reversed(lines.items) if len(line) > _DIVERGED)
        progress = progress_of(loop, next(whole, {}))
        pace.watch(self._clock(), progress.done)
        return LoopState(loop, lines.items, progress, pace.left(progress, lines.items, loop), is_held(loop.lock))

    def _best_responses(self, files: RunFiles) -> list[Exploit]:
        """The run's own results, or what was found against the checkpoint that it writes."""
        if files.results is not None:
            return [read_results(files.results)] if files.results.is_file() else []
        return [found for found in _readable(self._exploits) if _is_about(found, files.path)]


def _readable(folder: Path) -> list[Exploit]:
    """All results below a folder that can be read."""
    found = []
    for path in find_files(folder, RESULTS):
        try:
            found.append(read_results(path))
        except UserError:
            continue  # `report_league` names them
    return found


def _is_about(results: Exploit, path: Path) -> bool:
    """Whether the target is the checkpoint at `path`, or the best version beside it."""
    return os.path.abspath(results.target) in map(os.path.abspath, (path, path.with_suffix(".best.pt")))  # noqa: PTH100


def _reader(path: Path) -> Callable[[int, bytes], Line]:
    """Reads a line of the metrics in `path`. Raises UserError for another."""

    def read(number: int, line: bytes) -> Line:
        try:
            values: Any = parsed(line)
        except ValueError:
            values = None
        if not isinstance(values, dict) or "step" not in values:
            raise UserError(f"{path} line {number} is no line of metrics")
        return values

    return read


def _joined(run: Content, league: Content) -> Content:
    """A league's page: the report, with how the run goes before it."""
    return Content(
        league.title,
        f"{run.subtitle} {league.subtitle}",
        [*run.tiles, *league.tiles],
        [*league.cards, *run.cards],
        league.wide,
        f"{league.footer} {run.footer}",
    )
