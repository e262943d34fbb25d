"""The pieces of a picture: SVG elements, labels, and the shapes of items, casts and survivors."""

from __future__ import annotations

from html import escape

from botgame.lms.rules import CHEST, HEALTH, MANA, VERBS

COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#7b3294", "#a6761d",
    "#e7298a", "#1b7837", "#4d4d4d", "#b2182b", "#2166ac", "#66a61e", "#8073ac", "#35978f",
)  # fmt: skip
_ITEM_COLOURS = ("#2e9e4f", "#3478d6", "#c99700", "#8a5a2b")


def text(x: float, y: float, words: str, **style: str | float) -> str:
    """A line of text at pixels (x, y)."""
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>'


def draw(tag: str, /, **style: str | float) -> str:
    """An SVG element; numbers are written with one decimal, `stroke_width` becomes `stroke-width`, `title` a hint."""
    title = str(style.pop("title", ""))
    values = {name: f"{value:.1f}" if isinstance(value, float) else value for name, value in style.items()}
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in values.items())
    return f"<{tag}{attributes}><title>{escape(title)}</title></{tag}>" if title else f"<{tag}{attributes}/>"


def halo(x: float, y: float, words: str, colour: str, size: int = 10, anchor: str = "start") -> str:
    """Text with a white edge, to be read on anything."""
    return text(
        x, y, words, fill=colour, font_size=size, font_weight=600, text_anchor=anchor,
        stroke="#ffffff", stroke_width=3, paint_order="stroke", stroke_linejoin="round",
    )  # fmt: skip


def circle_path(x: float, y: float, radius: float) -> str:
    """A circle as path data."""
    half = f"a{radius:.1f} {radius:.1f} 0 1 0 "
    return f"M{x - radius:.1f} {y:.1f}{half}{2 * radius:.1f} 0{half}{-2 * radius:.1f} 0Z"


def star(x: float, y: float, colour: str) -> str:
    """Where a survivor stood at the end."""
    steps = "l3.2 7.4l8 .7l-6.1 5.3l1.9 7.8l-7 -4.2l-7 4.2l1.9 -7.8l-6.1 -5.3l8 -.7Z"
    return f'<path d="M{x:.1f} {y - 12:.1f}{steps}" fill="{colour}" stroke="#ffffff" stroke-width="2"/>'


def item_shape(kind: int, x: float, y: float, size: float) -> str:
    """An item: a cross, a disc, a diamond or a box, by its index in `ITEM_KINDS`."""
    style: dict[str, str | float] = {"fill": _ITEM_COLOURS[kind], "stroke": "#ffffff", "stroke_width": 1}
    if kind == HEALTH:
        a, b = size / 2.6, size - size / 2.6
        arms = f"v{b:.1f}h{b:.1f}v{2 * a:.1f}h{-b:.1f}v{b:.1f}h{-2 * a:.1f}v{-b:.1f}h{-b:.1f}v{-2 * a:.1f}h{b:.1f}Z"
        return draw("path", d=f"M{x - a:.1f} {y - size:.1f}h{2 * a:.1f}{arms}", **style)
    if kind == MANA:
        return draw("circle", cx=x, cy=y, r=size, **style)
    if kind == CHEST:
        return draw("rect", x=x - size, y=y - 0.75 * size, width=2 * size, height=1.5 * size, rx=1.5, **style)
    sides = "".join(f"l{dx * size:.1f} {dy * size:.1f}" for dx, dy in ((1, 1), (-1, 1), (-1, -1)))
    return draw("path", d=f"M{x:.1f} {y - size:.1f}{sides}Z", **style)


def cast_shape(verb: int, x: float, y: float, colour: str) -> str:
    """A verb that was carried out, by its index in `VERBS`."""
    style = f'fill="{colour}" stroke="#ffffff" stroke-width="1.2"'
    if VERBS[verb] == "offence":
        return f'<path d="M{x:.1f} {y - 6:.1f}l5.5 10h-11Z" {style}/>'
    if VERBS[verb] == "mobility":
        return f'<path d="M{x - 6:.1f} {y - 4:.1f}l5 4l-5 4Zm6 0l5 4l-5 4Z" {style}/>'
    if VERBS[verb] == "defence":
        return f'<path d="M{x - 5:.1f} {y - 5:.1f}h10v4.5q0 4.5 -5 7q-5 -2.5 -5 -7Z" {style}/>'
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {style}/>'
