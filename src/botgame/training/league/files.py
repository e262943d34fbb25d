"""The two readable files of a league: `league_state.json` and `matches.jsonl`.

The state is written whole and atomically. Matches are appended, one JSON object a line, so a kill can tear the last
line; readers drop it, and a resumed league cuts what its last commit did not know.

A match: `id` (1, 2, ... in the order of the file), `round` (from 1), `iteration` (from 1), `kind` ("training" or
"evaluation"), `home` (who asked for the match), `away`, `result` (+1, 0, -1 for home), `seed`, `ticks`, `check` (see
`seals`). A free-for-all has no `away` and `result` but `seats`: a [player, place] of each seat, 1 for the winner, equal
places shared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from botgame.errors import UserError
from botgame.files import open_to_append, write_atomic
from botgame.json_reading import converted, parsed
from botgame.seals import opened_json, sealed_json
from botgame.training.alphastar.league.league import League

FORMAT = "botgame-league-1"
KIND = "league"  # of its checkpoints
TRAINING, EVALUATION = "training", "evaluation"
Seats = tuple[tuple[str, int], ...]


def orders_of(home: str, seats: Seats) -> dict[str, list[int]]:
    """How the seats of `home` finished against those of each other player: +1 above, 0 level, -1 below, pair by pair.

    Seats of `home` against each other count for nobody; a match of such seats alone is `home` against itself.
    """
    orders: dict[str, list[int]] = {}
    for own, place in seats:
        for other, rank in seats:
            if own == home != other:
                orders.setdefault(other, []).append((rank > place) - (rank < place))
    return orders or {home: [0]}


@dataclass(frozen=True)
class Match:
    """One finished match of a league. A free-for-all has `seats` (player and place of each) and `away` = ""."""

    id: int
    round: int
    iteration: int
    kind: str
    home: str
    away: str
    result: int
    seed: int
    ticks: int
    seats: Seats = ()

    @property
    def players(self) -> set[str]:
        """Everybody who took part."""
        return {self.home, *(name for name, _ in self.seats)} if self.seats else {self.home, self.away}

    @property
    def orders(self) -> dict[str, list[int]]:
        """See `GameRecord.orders`."""
        return GameRecord(self.home, self.away, self.result, self.seed, self.ticks, self.seats).orders

    @property
    def rival(self) -> str:
        """Whom an evaluation match is against, however many seats it has."""
        return self.away or next(iter(self.orders))

    @property
    def verdict(self) -> int:
        """Its result; of more seats whether home finished above more of them than below (+1, 0, -1)."""
        total = sum(self.orders[self.rival])
        return (total > 0) - (total < 0)

    def to_dict(self) -> dict[str, Any]:
        """What a line says: a duel no seats, a free-for-all no opponent and result."""
        without = ("away", "result") if self.seats else ("seats",)
        return {name: value for name, value in asdict(self).items() if name not in without}


@dataclass(frozen=True)
class _Progress:
    """What the file says beside the league."""

    game: str
    anchor: str
    rounds_done: int
    rounds: int
    matches: int


@dataclass(frozen=True)
class LeagueState:
    """What `league_state.json` says: the league itself and how far it has come."""

    game: str
    league: League
    anchor: str
    rounds_done: int
    rounds: int
    matches: int


def write_state(path: Path, state: LeagueState) -> None:
    """Write `league_state.json`. Raises UserError when it cannot be written."""
    data = {
        "format": FORMAT,
        "game": state.game,
        "rounds_done": state.rounds_done,
        "rounds": state.rounds,
        "matches": state.matches,
        "anchor": state.anchor,
        "league": state.league.snapshot(),
    }
    write_atomic(path, sealed_json(json.dumps(data, indent=1)).encode() + b"\n")


def read_state(path: Path) -> LeagueState:
    """Inverse of `write_state`. Raises UserError for a file that is missing, damaged or something else."""
    text = _text(path, "league state")
    try:
        data = parsed(text)
    except ValueError as error:
        raise UserError(f"{path}: not a league state: it is no JSON ({error}); give league_state.json") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path}: not a league state: expected format {FORMAT}; give league_state.json of a league run")
    try:
        opened_json(text)
        league = League.restore(data["league"])
        about = converted({**data, "league": None}, _Progress)
        return LeagueState(about.game, league, about.anchor, about.rounds_done, about.rounds, about.matches)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: the league state is damaged: {error}; resume the league to write it anew") from error


def match_lines(matches: Iterable[Match]) -> bytes:
    """Lines to append to `matches.jsonl`."""
    return b"".join(sealed_json(json.dumps(match.to_dict())).encode() + b"\n" for match in matches)


class GameRecord(NamedTuple):
    """A finished match before it has a number: `result` is for `home`, `seats` as in `Match`."""

    home: str
    away: str
    result: int
    seed: int
    ticks: int
    seats: Seats = ()

    @property
    def orders(self) -> dict[str, list[int]]:
        """See `orders_of`; of a duel its one result."""
        return orders_of(self.home, self.seats) if self.seats else {self.away: [self.result]}


class MatchLog:
    """Numbers matches and appends them to `path`, first cut to what the last commit knew: `offset` bytes, `count`."""

    def __init__(self, path: Path, offset: int, count: int) -> None:
        """Raises UserError when `path` has not got `offset` bytes."""
        self.count = count
        self._file = open_to_append(path, offset)

    @property
    def offset(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def append(self, kind: str, round_number: int, iteration: int, games: Iterable[GameRecord]) -> None:
        """Write one line a game."""
        matches = [Match(k, round_number, iteration, kind, *game) for k, game in enumerate(games, self.count + 1)]
        self._file.write(match_lines(matches))
        self._file.flush()
        self.count += len(matches)

    def sync(self) -> None:
        """Wait until everything is on the disk: before a commit says that it is."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_matches(path: Path) -> tuple[list[Match], int]:
    """All matches, and how many torn last lines were dropped (0 or 1).

    Raises UserError for a missing file or a line inside it that is no match, with its number.
    """
    lines = _text(path, "match list").split("\n")
    torn = lines.pop()  # empty when the file ends with a whole line
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    matches = [match_in(path, number, line, count) for count, (number, line) in enumerate(numbered, 1)]
    return matches, int(bool(torn.strip()))


def match_in(path: Path, number: int, line: str, count: int) -> Match:
    """The match in line `number` of `path`, which must be match `count`. Raises UserError for another line."""
    try:
        data = parsed(opened_json(line))
        crowd = {"away": "", "result": 0} if "seats" in data else {}
        match = converted({**data, **crowd}, Match)
        if "seats" in data:
            _check_seats(match)
        if match.kind not in (TRAINING, EVALUATION) or match.result not in (1, 0, -1):
            raise ValueError("unknown kind or result")
        if match.id != count:
            raise ValueError(f"its id is {match.id}, so lines before it are missing or there twice")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} line {number}: not a match of a league ({type(error).__name__}: {error}); "
            "delete the line or give the matches.jsonl of a league run"
        ) from error
    return match


def _check_seats(match: Match) -> None:
    """Raises ValueError for what are no seats of a free-for-all with the player who asked for it."""
    seats = match.seats
    if len(seats) < 3 or match.home not in dict(seats) or min(place for _, place in seats) != 1:
        raise ValueError("expected three or more seats, home among them, with places from 1")


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such {what}; run botgame.training.alphastar_league first") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a {what} ({error}); give the file of a league run") from error


def plain(value: Any) -> Any:
    """NumPy scalars to Python's and NaN to None, for JSON."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value
