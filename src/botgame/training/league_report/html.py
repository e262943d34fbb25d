"""The league report as the content of a page: figures of `summary`, charts of `svg`."""

from __future__ import annotations

from typing import Any

from botgame.training.alphastar.league.roles import MAIN, MAIN_EXPLOITER, ROLES
from botgame.training.league_report import exploits_html, provenance, svg
from botgame.training.league_report.document import Content
from botgame.training.league_report.free_for_alls import royale_card
from botgame.training.league_report.html_parts import by_rating, card, nice_marks, percent, remark, table
from botgame.training.league_report.meetings import meetings_card
from botgame.training.league_report.svg import Point, Series
from botgame.wording import counted

_MOST_IN_HEAT_MAP = 24
_MOST_IN_LISTS = 30
_ROLE_COLOUR = {role: colour for colour, role in enumerate((*ROLES, "scripted", "person"))}
_SURE = 200.0  # points: a wider interval, as after a few live matches, would squeeze the chart of ratings


def league_content(summary: dict[str, Any]) -> Content:
    """The report of `summary.summarise` as the content of a page."""
    cards = [
        _anchor_card(summary),
        _ratings_card(summary),
        meetings_card(summary["meetings"]),
        _counts_card(summary),
        _rating_curve_card(summary),
        _forgetting_card(summary),
        _exploitability_card(summary),
        royale_card(summary["royale"]),
        exploits_html.best_response_card(summary["best_responses"]),
        _nash_card(summary),
    ]
    wide = [_heat_card(summary), _table_card(summary)]
    return Content("League report", _subtitle(summary), _tiles(summary), cards, wide, _footer(summary))


def _subtitle(summary: dict[str, Any]) -> str:
    players = summary["players"]
    learning = sum(player["learning"] for player in players)
    return (
        f"{summary['rounds_done']} of {counted(summary['rounds'], 'round')}, "
        f"{counted(summary['matches']['total'], 'match')}, "
        f"{learning} learning and {counted(len(players) - learning, 'fixed player')}. "
        f"Ratings: {summary['anchor']} = 0, 400 points = odds of 10 to 1. Intervals: 95 %."
    )


def _tiles(summary: dict[str, Any]) -> list[tuple[str, str]]:
    tiles: list[tuple[str, str]] = []
    for name, rounds in summary["win_rate_against_anchor"].items():
        if name in summary["forgetting"]:
            tiles.append((percent(rounds[-1]), f"{name} against {summary['anchor']}, last round"))
    tiles += [
        (f"{player['rating']:+.0f} ± {_half(player):.0f}", f"rating of {player['name']}")
        for player in summary["players"]
        if player["learning"] and player["role"] == MAIN and player["rating"] is not None
    ]
    for name, entry in summary["forgetting"].items():
        if entry["rounds"]:
            tiles.append((percent(entry["rounds"][-1]), f"{name}: worst against own past, last round"))
    for name, entry in summary["exploitability"].items():
        best = {key: entry[f"worst_{key}"] for key in ("win_rate", "low", "high")}
        tiles.append((percent(best), f"best against {name}: {entry['worst']}"))
    tiles += exploits_html.tiles(summary["best_responses"])
    relative = summary["relative_population_performance"]
    if relative:
        tiles.append((f"{relative['value']:.2f}", "main agents against exploiters at Nash (0.5 = even)"))
    return tiles


def _rate_lines(curves: dict[str, list[dict[str, Any]]]) -> str:
    series = [Series(name, [_rate_point(name, entry) for entry in rounds]) for name, rounds in curves.items() if rounds]
    if not series:
        return remark("No such match was played yet.")
    marks = [0, 25, 50, 75, 100]
    return svg.line_chart(series, low=0, high=100, marks=marks, unit=" %", x_label="round")


def _rate_point(name: str, entry: dict[str, Any]) -> Point:
    games = entry["wins"] + entry["draws"] + entry["losses"]
    against = f" against {entry['opponent']}" if "opponent" in entry else ""
    text = f"{name}, round {entry['round']}{against}: {percent(entry)}, {counted(games, 'match')}"
    rate, low, high = (100 * entry[key] for key in ("win_rate", "low", "high"))
    return Point(entry["round"], rate, low, high, text)


def _anchor_card(summary: dict[str, Any]) -> str:
    note = "Evaluation matches of each round, mirrored in seats and factions; they do not enter matchmaking."
    title = f"Win rate against {summary['anchor']}"
    return card(title, note, _rate_lines(summary["win_rate_against_anchor"]))


def _rating_curve_card(summary: dict[str, Any]) -> str:
    curves = {
        name: [entry for entry in rounds if entry["rating"] is not None]
        for name, rounds in summary["rating_by_round"].items()
    }
    curves = {name: rounds for name, rounds in curves.items() if rounds}
    note = "Each round of a learning player is rated as a player of its own, on one scale with all the others."
    if not curves:
        return card("Rating by round", note, remark("Nobody has a rating yet."))
    ends = [entry[key] for rounds in curves.values() for entry in rounds for key in ("low", "high")]
    marks = nice_marks(min([0.0, *ends]), max([0.0, *ends]))
    series = [Series(name, [_rating_point(name, entry) for entry in rounds]) for name, rounds in curves.items()]
    chart = svg.line_chart(series, low=marks[0], high=marks[-1], marks=marks, unit="", x_label="round")
    return card("Rating by round", note, chart)


def _rating_point(name: str, entry: dict[str, Any]) -> Point:
    text = f"{name}, round {entry['round']}: {entry['rating']:.0f} [{entry['low']:.0f}, {entry['high']:.0f}]"
    return Point(entry["round"], entry["rating"], entry["low"], entry["high"], text)


def _rated(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return by_rating(summary["players"])


def _ratings_card(summary: dict[str, Any]) -> str:
    live = [player for player in by_rating(summary["live"]["players"]) if _half(player) <= _SURE]
    rated = by_rating([*summary["players"], *live])
    shown = rated[:_MOST_IN_LISTS]
    note = "Bradley-Terry over all matches; learning players as of the last round."
    if summary["live"]["matches"]:
        note += f" With those who played live, where the interval is at most ± {_SURE:.0f}; the table has them all."
    if len(rated) > len(shown):
        note += f" The best {len(shown)} of {len(rated)}."
    rows = [(p["name"], p["rating"], p["rating_low"], p["rating_high"], _ROLE_COLOUR.get(p["role"], 5)) for p in shown]
    body = svg.interval_chart(rows, "") if rows else remark("Nobody has a rating yet.")
    return card("Ratings", note, body)


def _forgetting_card(summary: dict[str, Any]) -> str:
    curves = {name: entry["rounds"] for name, entry in summary["forgetting"].items()}
    means = [entry["mean_win_rate"] for entry in summary["forgetting"].values()]
    known = [f"{mean:.0%}" for mean in means if mean is not None]
    note = (
        "Win rate of a main agent against the worst for it of its own frozen past selves, round by round. Half of the "
        "seeds name that one and the other half measure it, or chance would make it look worse."
    )
    if known:
        note += f" Mean over training: {', '.join(known)}."
    return card("Forgetting", note, _rate_lines(curves))


def _nash_card(summary: dict[str, Any]) -> str:
    used = sorted((p for p in summary["players"] if p["nash"] > 0), key=lambda player: -float(player["nash"]))
    rows = [(p["name"], p["nash"], _ROLE_COLOUR.get(p["role"], 5)) for p in used[:_MOST_IN_LISTS]]
    note = "The mixture of players that no player of the league beats; one player alone means no cycles at the top."
    body = svg.bar_chart(rows) if rows else remark("No rated players yet.")
    return card("Nash mixture", note, body)


def _exploitability_card(summary: dict[str, Any]) -> str:
    if all(player["role"] != MAIN_EXPLOITER for player in summary["players"]):
        return ""
    curves = {f"exploiters against {name}": entry["rounds"] for name, entry in summary["exploitability"].items()}
    note = (
        "Win rate of the live main exploiters against the live main agent. They start anew after each snapshot, so "
        "peaks matter. A lower bound: a stronger search may find more."
    )
    return card("Exploitability", note, _rate_lines(curves))


def _heat_card(summary: dict[str, Any]) -> str:
    names = _heat_names(summary)
    pairs = {(pair["home"], pair["away"]): pair for pair in summary["pairs"]}
    cells = [[_heat_cell(pairs.get((home, away))) for away in names] for home in names]
    note = "Percent won by the row against the column, draws half. Point at a cell for its interval. Grey: never met."
    if len(names) < len(summary["players"]):
        note += f" {len(names)} of {len(summary['players'])} players: fixed bots, learning players and the best rated."
    body = svg.heat_map(names, cells) if names else remark("No matches yet.")
    return card("Win rates by pair", note, body)


def _heat_names(summary: dict[str, Any]) -> list[str]:
    must = [p for p in summary["players"] if p["learning"] or p["role"] == "scripted"]
    rest = [p for p in _rated(summary) if p not in must]
    chosen = [*must, *rest][:_MOST_IN_HEAT_MAP]
    return [p["name"] for p in _rated(summary) if p in chosen] + [p["name"] for p in chosen if p["rating"] is None]


def _heat_cell(pair: dict[str, Any] | None) -> tuple[float, str] | None:
    if pair is None:
        return None
    record = f"{pair['wins']} won, {pair['draws']} drawn, {pair['losses']} lost"
    return pair["win_rate"], f"{pair['home']} against {pair['away']}: {percent(pair)} ({record})"


def _half(player: dict[str, Any]) -> float:
    """Half the width of a rating's interval."""
    return float(player["rating_high"] - player["rating_low"]) / 2


def _table_card(summary: dict[str, Any]) -> str:
    live = summary["live"]
    rows = []
    for rank, player in enumerate(by_rating([*summary["players"], *live["players"]]), 1):
        interval = f"{player['rating_low']:.0f} to {player['rating_high']:.0f}"
        share = f"{player['nash']:.1%}" if player["nash"] else ""
        role, rating = player["role"].replace("_", " "), f"{player['rating']:+.0f}"
        matches = f"{player['matches']:,}" if "matches" in player else ""
        rows.append([player["name"], str(rank), role, rating, interval, share, matches])
    headings = ["player", "rank", "role", "rating", "95 % interval", "Nash share", "live matches"]
    note = ""
    if live["matches"]:
        known = counted(live["matches"], "live match")
        note = f"People and bots of {known} stand beside the league's players, on one scale."
        missing = sum(player["rating"] is None for player in live["players"])
        if missing:
            note += f" {missing} of them have no rating: they met nobody who is tied to {summary['anchor']}."
    return card("All players", note, table(headings, rows))


def _counts_card(summary: dict[str, Any]) -> str:
    counts = summary["matches"]
    total = max(1, counts["total"])
    rows = [("all", counts["total"]), *counts["by_kind"].items()]
    rows += [(f"training, asked for by {name}", number) for name, number in counts["by_home"].items()]
    rows += [("draws", counts["draws"]), ("free-for-alls", counts["royale"])]
    rows += [("live, beside these", live)] if (live := summary["live"]["matches"]) else []
    shares = [[what, f"{number:,}", f"{number / total:.1%}"] for what, number in rows]
    return card("Matches", "", table(["matches", "number", "share"], shares))


def _footer(summary: dict[str, Any]) -> str:
    notes = ["Win rate = (wins + draws / 2) / matches, intervals after Wilson."]
    counts = summary["matches"]
    if counts["torn_lines"]:
        notes.append("The last line of the match list was incomplete and left out.")
    if counts["skipped"]:
        notes.append(
            f"Left out: {counted(counts['skipped'], 'match')}, doubled or of players that the state does not know."
        )
    return " ".join([*notes, *(provenance.sentences(summary["made"]) if "made" in summary else [])])
