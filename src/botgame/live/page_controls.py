"""Carries out gestures on the play page with real key and mouse events."""

from __future__ import annotations

from typing import Protocol

from botgame.live.gestures import Gesture, walking_keys
from botgame.lms.rules import BOLT, INTERACT, OFFENCE

POINTER_DISTANCE = 5.0  # cells from mage to pointer: far enough that a few pixels do not turn the aim
CAST_KEYS = {verb: f"Digit{verb - BOLT}" for verb in range(OFFENCE, INTERACT)} | {INTERACT: "KeyE"}


class Keyboard(Protocol):
    """The part of Playwright's keyboard that is used."""

    def down(self, key: str) -> None:
        """Press and hold `key`."""

    def up(self, key: str) -> None:
        """Release `key`."""

    def press(self, key: str) -> None:
        """Press and release `key`."""


class Mouse(Protocol):
    """The part of Playwright's mouse that is used."""

    def move(self, x: float, y: float) -> None:
        """Move to a point of the page, in CSS pixels."""

    def down(self) -> None:
        """Press the left button."""

    def up(self) -> None:
        """Release the left button."""


class PageControls:
    """Keyboard and mouse of one page. Holds the walking keys until a gesture needs other ones."""

    def __init__(self, keyboard: Keyboard, mouse: Mouse) -> None:
        self._keyboard, self._mouse = keyboard, mouse
        self._held: frozenset[str] = frozenset()

    def perform(self, gesture: Gesture, point: tuple[float, float] | None) -> None:
        """Carry out a gesture; `point`: pixels to move the mouse to, None: leave the mouse where it is."""
        self._walk(walking_keys(gesture.move))
        if point is not None:
            self._mouse.move(*point)
        if gesture.verb == BOLT:
            self._mouse.down()
            self._mouse.up()
        elif gesture.verb in CAST_KEYS:
            self._keyboard.press(CAST_KEYS[gesture.verb])

    def release(self) -> None:
        """Release all keys."""
        self._walk(frozenset())

    def _walk(self, keys: frozenset[str]) -> None:
        for key in sorted(self._held - keys):
            self._keyboard.up(key)
        for key in sorted(keys - self._held):
            self._keyboard.down(key)
        self._held = keys
