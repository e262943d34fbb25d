"""Pictures of running matches: what every environment has as `render_mode`, `render` and `close`."""

from __future__ import annotations

from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import Matchup
from botgame.envs.window import Window
from botgame.errors import UserError
from botgame.game import Array

RENDER_MODES = ("rgb_array", "human")
FRAMES_PER_SECOND = 6  # about as often as a seat decides


class Rendering:
    """The pictures of one match. mode: of `RENDER_MODES`, None for no pictures. Raises UserError for another one."""

    def __init__(self, matchup: Matchup, matches: LearnerMatches, mode: str | None) -> None:
        check_render_mode(matchup, mode)
        self._matches, self.mode = matches, mode
        self._window = Window(matchup.game.spec.ticks_per_second) if mode == "human" else None

    def render(self) -> Array | None:
        """A picture of the match, uint8 [height, width, 3]; with `human` it is shown in a window instead."""
        if self.mode is None:
            return None
        picture = picture_of(self._matches, 0)
        if self._window is None:
            return picture
        self._window.show(picture)
        return None

    def follow(self, ticks: int) -> None:
        """Where a person watches, show the match once so many game ticks have passed since the last time."""
        if self._window is not None:
            self._window.wait(ticks)
            self.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()


def check_render_mode(matchup: Matchup, render_mode: str | None) -> None:
    """Raises UserError (code 2) for a mode that there is not, or a game that cannot be drawn."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise UserError(f"render_mode {render_mode!r}: expected {' or '.join(RENDER_MODES)}", 2)
    if render_mode is not None and matchup.game.draw is None:
        raise UserError(f"render_mode {render_mode!r}: game {matchup.game.name} cannot be drawn; leave it out", 2)


def picture_of(matches: LearnerMatches, slot: int) -> Array:
    """A picture of the match in `slot`, uint8 [height, width, 3]."""
    draw = matches.matchup.game.draw
    assert draw is not None
    return draw(matches.simulation, slot)
