"""Who plays whom: the training matches of a league's last round, by who asked for them and whom it met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from botgame.training.alphastar.league.league import League
from botgame.training.league.files import TRAINING, Match
from botgame.training.league_report.html_parts import card, percent, remark, table
from botgame.training.league_report.rates import Record

_MOST_RIVALS = 6  # rows of a learning player


def meetings(matches: Sequence[Match], league: League, last: int) -> list[dict[str, Any]]:
    """One entry for each learning player and opponent of round `last`, the most frequent first, in plain JSON types.

    `matches`: pairs of seats, one a duel; `share`: of the player's; the record is the player's.
    """
    records: dict[str, dict[str, Record]] = defaultdict(lambda: defaultdict(Record))
    for match in matches:
        if match.round == last and match.kind == TRAINING and match.home in league.learners:
            for away, results in match.orders.items():
                for result in results:
                    records[match.home][away].add(match, result)
    out = []
    for home in league.learners:
        counts = {away: sum(record.counts) for away, record in records[home].items()}
        for away, count in sorted(counts.items(), key=lambda one: -one[1]):
            pair = {"home": home, "away": away, "matches": count, "share": count / sum(counts.values())}
            out.append({**pair, **records[home][away].entry()})
    return out


def meetings_card(entries: Sequence[dict[str, Any]]) -> str:
    """The part of the page: the most frequent opponents of each learning player."""
    note = "Training matches of the last round: whom matchmaking chose for each learning player, and how often it won."
    by_home: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        by_home[entry["home"]].append(entry)
    rows = [row for rivals in by_home.values() for row in _rows(rivals)]
    headings = ["player", "plays", "matches", "share", "wins"]
    return card("Who plays whom", note, table(headings, rows) if rows else remark("No training match in it yet."))


def _rows(rivals: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The rows of one player, its rarer opponents in one."""
    rows = [
        [each["home"], each["away"], f"{each['matches']:,}", f"{each['share']:.0%}", _won(each)]
        for each in rivals[:_MOST_RIVALS]
    ]
    rest = sum(each["matches"] for each in rivals[_MOST_RIVALS:])
    others = [rivals[0]["home"], f"{len(rivals) - _MOST_RIVALS} others", f"{rest:,}", "", ""]
    return [*rows, others] if rest else rows


def _won(entry: dict[str, Any]) -> str:
    """The win rate; none against itself, where every match is won and lost."""
    return "" if entry["home"] == entry["away"] else percent(entry)
