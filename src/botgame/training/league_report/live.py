"""Live matches in the report of a league: people and bots who played live, on the scale of the league's players.

A live player is known by the name that its replay gives: `human:Ann`, `remote:NAME` for a program, a bot's own name.
A frozen player of the league that was played from its file is the league's player, and scripted bots are the same
everywhere; that is what ties both together. `main.pt` changes while the league runs, so it is a player of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from botgame.feedback import MatchRecord
from botgame.ratings import Ratings
from botgame.training.league.files import plain

_ROLES = {"human": "person", "remote": "program"}


class LiveMatch(NamedTuple):
    """Who played, and at which places they finished (1 = first; ties share), one entry a seat."""

    players: list[str]
    places: list[int]


def live_matches(records: Iterable[MatchRecord], game: str, folder: Path, frozen: Iterable[str]) -> list[LiveMatch]:
    """Rated live matches of `game` by the league's names. `folder`: where the league keeps its `frozen` players."""
    files = {(folder / f"{name}.pt").resolve(): name for name in frozen}
    out = []
    for record in records:
        if record.game != game:
            continue
        policies = [seat.policy for seat in record.seats]
        names = [files.get(Path(policy).resolve(), policy) if policy.endswith(".pt") else policy for policy in policies]
        out.append(LiveMatch(names, [seat.place or 0 for seat in record.seats]))
    return out


def live_players(
    matches: Sequence[LiveMatch], order: dict[str, int], rated: Ratings, known: set[str]
) -> list[dict[str, Any]]:
    """An entry, as in `players` of the summary, for each who is not one of the league's (`known`)."""
    games: dict[str, int] = {}
    for match in matches:
        for name in set(match.players) - known:
            games[name] = games.get(name, 0) + 1
    out = []
    for name, count in sorted(games.items()):
        interval = rated.interval(order[name])
        role = _ROLES.get(name.partition(":")[0], "bot") if ":" in name else "bot"
        ends = {"rating": interval.estimate, "rating_low": interval.low, "rating_high": interval.high}
        entry = {key: plain(value) for key, value in ends.items()}
        out.append({"name": name, "role": role, "matches": count, **entry, "nash": 0.0})
    return out
