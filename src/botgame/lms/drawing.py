"""A running match seen from above, as an RGB picture: walls, zone, items, shots and mages with their health.

It shows the true present state, without fog. Pillow draws; it is imported with the first picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.lms.replay.showing.svg import COLOURS
from botgame.lms.rules import Rules
from botgame.lms.simulation.state import State

PIXELS = 480
"""Width and height of a picture."""
_SHARPER = 2  # drawn so many times larger, then reduced: smooth edges
_FLOOR, _TOXIC, _WALL, _DARK, _LIGHT = "#f3efe4", "#d9c3e3", "#59616b", "#1f2933", "#ffffff"
_ITEMS = ("#2e9e4f", "#3478d6", "#c99700", "#8a5a2b")
_ITEM_RADIUS, _LEAST_SHOT, _BAR = 0.3, 0.15, 0.14  # cells


def draw(state: State, match: int) -> np.ndarray:
    """Picture of match `match`, uint8 [PIXELS, PIXELS, 3]. Raises UserError where Pillow is not installed."""
    image, pen = _canvas()
    scale = image.width / state.walls.shape[1]
    zone = state.matches[match]
    _circle(pen, scale, zone["zone_x"], zone["zone_y"], zone["zone_r"], _FLOOR)
    _walls(image, state.walls[match])
    for item in state.items[match][state.items["available"][match] != 0]:
        _circle(pen, scale, item["x"], item["y"], _ITEM_RADIUS, _ITEMS[item["kind"]])
    for shot in state.shots[match][state.shots["active"][match] != 0]:
        _circle(pen, scale, shot["x"], shot["y"], _radius(shot), COLOURS[shot["owner"]])
    for seat, mage in enumerate(state.mages[match]):
        if mage["alive"]:
            _mage(pen, scale, mage, COLOURS[seat])
    return np.array(image.reduce(_SHARPER))


def _canvas() -> tuple[Any, Any]:
    """An image that is toxic everywhere, and what draws on it."""
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise UserError('a picture of a match needs Pillow; run: pip install "botgame[gymnasium]"', 2) from error
    image = Image.new("RGB", (_SHARPER * PIXELS, _SHARPER * PIXELS), _TOXIC)
    return image, ImageDraw.Draw(image)


def _walls(image: Any, walls: np.ndarray) -> None:
    from PIL import Image

    image.paste(_WALL, mask=Image.fromarray(walls * np.uint8(255)).resize(image.size, Image.Resampling.NEAREST))


def _radius(shot: Any) -> float:
    return max(_LEAST_SHOT, Rules().abilities[shot["school"]][shot["row"]].radius)


def _mage(pen: Any, scale: float, mage: Any, colour: str) -> None:
    """A disc with a ring while a ward protects it, a line where it looks, and its health above it."""
    x, y, radius = mage["x"], mage["y"], Rules().mage_radius
    if mage["shield"] > 0:
        _circle(pen, scale, x, y, 1.4 * radius, _LIGHT)
    _circle(pen, scale, x, y, radius, colour)
    tip = x + 1.6 * radius * mage["face_x"], y + 1.6 * radius * mage["face_y"]
    pen.line([x * scale, y * scale, tip[0] * scale, tip[1] * scale], fill=_DARK, width=round(0.1 * scale))
    _bar(pen, scale, x - radius, y - 2 * radius, 2 * radius, mage["health"] / Rules().health)


def _bar(pen: Any, scale: float, x: float, y: float, width: float, share: float) -> None:
    """A bar `width` cells long from (x, y), of which `share` is filled."""
    for length, colour in ((width, _DARK), (width * max(0.0, min(1.0, share)), "#43b05c")):
        pen.rectangle([x * scale, y * scale, (x + length) * scale, (y + _BAR) * scale], fill=colour)


def _circle(pen: Any, scale: float, x: float, y: float, radius: float, colour: str) -> None:
    if radius > 0:
        box = [(x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale]
        pen.ellipse(box, fill=colour)
