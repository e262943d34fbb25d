"""Facts of a replay as text for consoles, pictures and pages."""

from __future__ import annotations

from botgame.lms.replay.format import Replay
from botgame.lms.rules import TICKS_PER_SECOND


def printable(text: str) -> str:
    """A name from a file without control characters, safe for a console or a picture."""
    return "".join(character if character.isprintable() else "?" for character in text)


def clock(tick: float) -> str:
    """Ticks as seconds, `12.3 s`."""
    return f"{tick / TICKS_PER_SECOND:.1f} s"


def winner(replay: Replay) -> str:
    """The winner in words."""
    if replay.header.is_cut is True:
        return "broken off"
    first = [index for index, seat in enumerate(replay.header.seats) if seat.place == 1]
    if len(first) > 1:
        return "draw between seats " + ", ".join(str(index) for index in first)
    return f"seat {first[0]} ({printable(replay.header.seats[first[0]].policy)}) wins" if first else "nobody wins"
