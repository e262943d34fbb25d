"""Free-for-alls in the report of a league: how often a learning player finishes first, and above how many others.

`first`: share of its seats that win; a first place that k seats share counts 1/k. `par`: what equal players would have.
The seats and turns of one seed are a cluster of its interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from botgame.ratings import by_seed, clustered
from botgame.training.alphastar.league.league import League
from botgame.training.league.files import TRAINING, Match
from botgame.training.league_report.html_parts import card, remark, table


def free_for_alls(matches: Sequence[Match], league: League) -> dict[str, list[dict[str, Any]]]:
    """For each learning player that asked for free-for-alls one entry a round and number of seats, in JSON types."""
    groups: dict[tuple[str, int, int], list[Match]] = defaultdict(list)
    for match in matches:
        if match.seats and match.kind == TRAINING and match.home in league.learners:
            groups[match.home, match.round, len(match.seats)].append(match)
    out: dict[str, list[dict[str, Any]]] = {}
    for (name, number, seats), played in sorted(groups.items()):
        out.setdefault(name, []).append({"round": number, "seats": seats, **_entry(name, played, seats)})
    return out


def _entry(name: str, matches: Sequence[Match], seats: int) -> dict[str, Any]:
    firsts: list[tuple[int, float]] = []
    above, pairs = 0.0, 0
    for match in matches:
        shared = sum(place == 1 for _, place in match.seats)
        places = [place for player, place in match.seats if player == name]
        firsts += [(match.seed, (place == 1) / shared) for place in places]
        orders = [order for orders in match.orders.values() for order in orders]
        above += sum(0.5 + 0.5 * order for order in orders)
        pairs += len(orders)
    rate = clustered(by_seed(firsts))
    shares = {"first": rate.estimate, "low": rate.low, "high": rate.high, "par": 1 / seats}
    return {"matches": len(matches), "own_seats": len(firsts), **shares, "above": above / pairs}


def royale_card(entries: dict[str, list[dict[str, Any]]]) -> str:
    """The part of the page: the last round of each player and number of seats."""
    text = (
        "Training matches of more than two seats, last round: how often a seat of the player finished first, with its "
        "95 % interval and what equal players would have, and which share of the opponents' seats finished below it."
    )
    rows = [
        [name, str(last["seats"]), str(last["round"]), f"{last['matches']:,}", _first(last), f"{last['above']:.0%}"]
        for name, rounds in entries.items()
        for last in {entry["seats"]: entry for entry in rounds}.values()
    ]
    headings = ["player", "seats", "round", "matches", "first places (par)", "above"]
    nobody = "No free-for-all was played: --royale-share of alphastar_league makes some."
    return card("Free-for-alls", text, table(headings, rows) if rows else remark(nobody))


def _first(entry: dict[str, Any]) -> str:
    return f"{entry['first']:.0%} [{entry['low']:.0%}, {entry['high']:.0%}] ({entry['par']:.1%})"
