"""The recorded matches in which people met a bot, and how each person played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from botgame.errors import UserError
from botgame.game import Array, DemonstrationError, Game, RecordedMatch

PARALLEL = 64


class Meeting(NamedTuple):
    """One person against the bot, in one match.

    faction, bot_faction: their names, "" in a game without; won: the person finished above the bot; row: statistic z of
    the person's seat, float32 [W].
    """

    path: Path
    person: str
    faction: str
    bot_faction: str
    won: bool
    row: Array


def find_meetings(game: Game, folder: Path, bot: Collection[str], report: Callable[[str], None]) -> list[Meeting]:
    """All matches below `folder` that count, in the order of their files. bot: what replays call it.

    A match counts where a person and the bot both held their seats to the end, and it was not broken off before one of
    them was out. `report` is called with a line for each file that cannot be used. Raises UserError for a game that
    measures no statistic z.
    """
    demonstrations = game.demonstrations
    if demonstrations is None or game.statistic_z is None:
        raise UserError(f"game {game.name} records no statistic z of people, and only that shows how they play", 2)
    matches: dict[str, RecordedMatch] = {}
    for path in demonstrations.scan(folder):
        try:
            match = demonstrations.open(path)
        except DemonstrationError as error:
            report(f"{error}; skipped")
            continue
        if any(_pairs(match, bot)):
            matches.setdefault(match.name, match)
    chosen = list(matches.values())
    rows = dict(demonstrations.statistics(chosen, PARALLEL))
    for number in sorted(set(range(len(chosen))) - set(rows)):
        report(f"{chosen[number].path}: the match cannot be played again; skipped")
    kept = [(match, rows[number]) for number, match in enumerate(chosen) if number in rows]
    return [meeting for match, seats in kept for meeting in _of(game, match, bot, seats)]


def _of(game: Game, match: RecordedMatch, bot: Collection[str], rows: Array) -> Iterator[Meeting]:
    for seat, rival in _pairs(match, bot):
        own, other = match.seats[seat], match.seats[rival]
        faction, bot_faction = (game.factions[each.faction] if game.factions else "" for each in (own, other))
        yield Meeting(match.path, own.person, faction, bot_faction, own.place < other.place, rows[seat])


def _pairs(match: RecordedMatch, bot: Collection[str]) -> Iterator[tuple[int, int]]:
    """The seats of a person and of the bot, for each person and the best-placed of the bot's seats; decided ones."""
    seats = match.seats
    rivals = [k for k, seat in enumerate(seats) if seat.policy in bot and not (seat.human or seat.taken_over)]
    best = min(rivals, key=lambda rival: seats[rival].place, default=None)
    for k, seat in enumerate(seats):
        if best is None or not seat.person or seat.human_decisions < seat.decisions:
            continue
        if not (seat.cut_off and seats[best].cut_off):
            yield k, best
