"""The match that a room is made for: its players, how long it lasts, and its arena."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RoomSetup:
    """The match of a room. players: the bot of each seat, "" for a seat that is open at first.

    keep: the room stays open without members until its match has been played. countdown_ticks: nobody acts before
    this tick in a match with people; less in a short one. delay_ticks: how late those who do not play see a rated
    match with people.
    """

    players: tuple[str, ...]
    duration_ticks: int
    seed: int
    keep: bool = False
    countdown_ticks: int = 0
    delay_ticks: int = 0

    @property
    def seats(self) -> int:
        """The number of seats."""
        return len(self.players)
