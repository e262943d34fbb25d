"""A window that shows a match while it is played, at its own speed. pygame draws it and is imported with it."""

from __future__ import annotations

from typing import Any

from botgame.errors import UserError
from botgame.game import Array


class Window:
    """One window, opened with the first picture. Raises UserError where pygame is not installed."""

    def __init__(self, ticks_per_second: int) -> None:
        try:
            import pygame
        except ImportError as error:
            raise UserError('a window needs pygame; run: pip install "botgame[gymnasium]"', 2) from error
        self._pygame: Any = pygame
        self._ticks_per_second = ticks_per_second
        self._screen: Any = None
        self._clock = pygame.time.Clock()

    def __deepcopy__(self, _memo: dict[int, Any]) -> Window:
        """Raises UserError: there is one window."""
        raise UserError("an environment with a window cannot be copied; make it with render_mode 'rgb_array'", 2)

    def wait(self, ticks: int) -> None:
        """Wait until so many game ticks have passed since the last call, computing included."""
        if ticks > 0:
            self._clock.tick(self._ticks_per_second / ticks)

    def show(self, picture: Array) -> None:
        """Show a picture uint8 [height, width, 3]."""
        pygame = self._pygame
        if self._screen is None:
            pygame.display.init()
            self._screen = pygame.display.set_mode((picture.shape[1], picture.shape[0]))
            pygame.display.set_caption("botgame")
        self._screen.blit(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()

    def close(self) -> None:
        """Close the window."""
        if self._screen is not None:
            self._pygame.display.quit()
            self._screen = None
