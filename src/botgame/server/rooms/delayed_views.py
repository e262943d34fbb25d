"""The views of a match some ticks late, so that those who see everything cannot help a player."""

from __future__ import annotations

from collections import deque

from botgame.server.rooms.view import EVERYTHING


class DelayedViews:
    """The last views of a match, by what they show: a seat's, or EVERYTHING. `ticks`: how late they are shown."""

    def __init__(self) -> None:
        self.ticks = 0
        self._views: deque[dict[int, str]] = deque()

    @property
    def is_shown(self) -> bool:
        """Whether spectators have seen all that was added."""
        return not self._views

    def add(self, views: dict[int, str]) -> None:
        """Add the views of a new tick, EVERYTHING among them."""
        self._views.append(views)

    def take_due(self) -> dict[int, str]:
        """The views to show now, if any are old enough."""
        return self.take() if len(self._views) > self.ticks else {}

    def take(self) -> dict[int, str]:
        """The oldest views that have not been shown, if there are any."""
        return self._views.popleft() if self._views else {}

    @staticmethod
    def of(views: dict[int, str], wanted: int) -> str:
        """The view that a spectator wants; everything where nobody watched that one at the time."""
        return views.get(wanted) or views[EVERYTHING]
