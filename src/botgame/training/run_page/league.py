"""The report of a league that goes on: matches are read as they come, figures renewed as often as they are cheap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from botgame.errors import UserError
from botgame.training.league.files import Match, match_in, read_state
from botgame.training.league_report.document import Content
from botgame.training.league_report.exploits import read_exploits
from botgame.training.league_report.html import league_content
from botgame.training.league_report.summary import summarise
from botgame.training.run_page.lines import GrowingLines

_PATIENCE = 10.0  # times as long as it took to make the report: until it is made again


class LeagueView:
    """The league in `folder`. exploits: the folder with results of `exploit`; clock: seconds."""

    def __init__(self, folder: Path, exploits: Path, clock: Callable[[], float]) -> None:
        self._state, self._exploits, self._clock = folder / "league_state.json", exploits, clock
        matches = folder / "matches.jsonl"
        self._matches = GrowingLines[Match](
            matches, lambda number, line: match_in(matches, number, line.decode(), number)
        )
        self._content: Content | None = None
        self._next = 0.0

    def content(self) -> Content:
        """The report as of now, or as of some seconds ago. Raises UserError for a damaged file."""
        if self._content is None or self._clock() >= self._next:
            started = self._clock()
            self._content = self._read()
            self._next = self._clock() + _PATIENCE * (self._clock() - started)
        return self._content

    def _read(self) -> Content:
        if not self._state.is_file():
            return Content("League report", "The league has not written its state yet.", [], [], [], "")
        state = read_state(self._state)
        self._matches.update()
        if len(self._matches.items) < state.matches:
            raise UserError(f"the list of matches is shorter than {self._state} says; the league cuts or writes it now")
        exploits, _ = read_exploits(self._exploits, state.game)
        return league_content(summarise(state, self._matches.items, exploits=exploits))
