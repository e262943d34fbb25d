"""The profile of a person: rating, and all rated matches with what each made of it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from botgame.feedback import file_name
from botgame.lms.replay.header import PERSON
from botgame.server.protocol import RatingChange
from botgame.server.records.leaderboard import Leaderboard, RatedMatch


class ProfileSeat(Struct):
    """One seat of a match: who played, as the replay names the player, and the place; left: before the end."""

    name: str
    school: str
    place: int
    left: bool


class ProfileMatch(Struct):
    """One match. seat: the person's; file: of the replay; time: of that file, seconds since 1970, 0 if it is gone."""

    file: str
    mode: str
    ticks: int
    seat: int
    seats: list[ProfileSeat]
    change: RatingChange
    time: float


class Profile(Struct):
    """A person. rating, sigma: None before the first rated match. matches: the oldest first."""

    name: str
    rating: float | None
    sigma: float | None
    matches: list[ProfileMatch]


def profile(leaderboard: Leaderboard, name: str, changed: Callable[[str], float]) -> Profile:
    """The profile of the person called `name`; `changed(file)`: when a replay was written, 0 if there is none."""
    row = leaderboard.standing(PERSON + name)
    matches = [_match(entry, changed) for entry in leaderboard.history(PERSON + name)]
    return Profile(name, row.rating if row else None, row.sigma if row else None, matches)


def _match(entry: RatedMatch, changed: Callable[[str], float]) -> ProfileMatch:
    record, file = entry.record, file_name(entry.record)
    seats = [ProfileSeat(seat.policy, seat.school, seat.place or 0, seat.left) for seat in record.seats]
    return ProfileMatch(file, record.mode, record.ticks, entry.seat, seats, entry.change, changed(file))
