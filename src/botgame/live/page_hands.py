"""Hands on the play page: real key and mouse events that carry out gestures."""

from __future__ import annotations

from typing import Protocol

from botgame.live.hands import Gesture, walking_keys
from botgame.lms.rules import BOLT, DEFENCE, INTERACT, MOBILITY, OFFENCE

REACH = 5.0  # cells from the mage at which the mouse points: far enough that a few pixels do not turn the aim
CAST_KEYS = {OFFENCE: "Digit1", MOBILITY: "Digit2", DEFENCE: "Digit3", INTERACT: "KeyE"}


class Keyboard(Protocol):
    """What is used of Playwright's keyboard."""

    def down(self, key: str) -> None:
        """Press and hold."""

    def up(self, key: str) -> None:
        """Let go."""

    def press(self, key: str) -> None:
        """Press and let go."""


class Mouse(Protocol):
    """What is used of Playwright's mouse."""

    def move(self, x: float, y: float) -> None:
        """Move to a place of the page, in CSS pixels."""

    def down(self) -> None:
        """Press the left button."""

    def up(self) -> None:
        """Let it go."""


class PageHands:
    """Holds keys down as long as gestures ask for it; `pixels(x, y)` says where a place of the arena is on the page."""

    def __init__(self, keyboard: Keyboard, mouse: Mouse) -> None:
        self._keyboard, self._mouse = keyboard, mouse
        self._held: frozenset[str] = frozenset()

    def perform(self, gesture: Gesture, point: tuple[float, float] | None) -> None:
        """Carry out a gesture; `point`: where on the page to point, None: leave the mouse where it is."""
        self._walk(walking_keys(gesture.move))
        if point is not None:
            self._mouse.move(*point)
        if gesture.verb == BOLT:
            self._mouse.down()
            self._mouse.up()
        elif gesture.verb in CAST_KEYS:
            self._keyboard.press(CAST_KEYS[gesture.verb])

    def let_go(self) -> None:
        """Release everything."""
        self._walk(frozenset())

    def _walk(self, keys: frozenset[str]) -> None:
        for key in sorted(self._held - keys):
            self._keyboard.up(key)
        for key in sorted(keys - self._held):
            self._keyboard.down(key)
        self._held = keys
