"""What a league's matches say: pairs, ratings, Nash mixture, forgetting, exploitability.

A learning player changes, so each of its rounds counts as a player of its own ("main1 in round 7"); frozen and
scripted players are one player throughout. Bradley-Terry over all of them puts the whole history on one scale, with
the scripted anchor at 0. The *population* is everyone as of the last round played.

A free-for-all counts as the pairs of the asking player's seats with those of the others: who finished above whom. Its
pairs are not independent, nor are the turns of its seed, which all intervals take into account. How often it finished
first stands apart (`free_for_alls`).

Where two of the population never met, their win rate is what the ratings expect; where they met, the record counts,
with the expectation as `PRIOR_GAMES` further games. Nash mixture and relative population performance use that table.

Live matches enter the ratings and no other figure: everybody who played live stands on the same scale (`live`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from botgame import ratings
from botgame.training.alphastar.league.league import SCRIPTED, League
from botgame.training.alphastar.league.roles import EXPLOITERS, MAIN, MAIN_EXPLOITER
from botgame.training.best_response.results import Exploit
from botgame.training.league.files import EVALUATION, LeagueState, Match, plain
from botgame.training.league_report.exploits import best_responses
from botgame.training.league_report.forgetting import forgetting
from botgame.training.league_report.free_for_alls import free_for_alls
from botgame.training.league_report.live import LiveMatch, live_players
from botgame.training.league_report.meetings import meetings
from botgame.training.league_report.rates import Record

FORMAT = "botgame-league-summary-1"
PRIOR_GAMES = 2.0
_NASH_SHOWN = 1e-4
Records = dict[tuple[str, str], Record]  # of home against away, both directions


def summarise(
    state: LeagueState,
    matches: list[Match],
    torn_lines: int = 0,
    exploits: Sequence[Exploit] = (),
    live: Sequence[LiveMatch] = (),
) -> dict[str, Any]:
    """The whole summary in plain JSON types; `exploits`: results of trained best responses; `live`: live matches."""
    league = state.league
    known = {*league.names, state.anchor}
    counted = _once([match for match in matches if match.players <= known])
    last = max((match.round for match in counted), default=0)
    record = _records(counted, league)
    order, rated = _rate(record, [match for match in counted if match.seats], live, league, state.anchor)
    latest = {name: _latest(name, last, league, order) for name in [*league.names, state.anchor]}
    population = [name for name, rated_name in latest.items() if rated_name in order]
    members = [order[latest[name]] for name in population]
    table = _win_rates(record, [latest[name] for name in population], rated.elo[members])
    return {
        "format": FORMAT,
        "game": state.game,
        "anchor": state.anchor,
        "rounds_done": state.rounds_done,
        "rounds": state.rounds,
        "matches": _counts(counted, len(matches) - len(counted), torn_lines),
        "players": _players(league, state.anchor, population, rated, members, ratings.nash(table) if members else []),
        "meetings": meetings(counted, league, last),
        "pairs": _pairs(record, population, latest),
        "rating_by_round": _curves(league, order, rated, last),
        "win_rate_against_anchor": _against_anchor(counted, league, state.anchor),
        "forgetting": forgetting(counted, league),
        "exploitability": _exploitability(counted, league, record, latest),
        "royale": free_for_alls(counted, league),
        "best_responses": best_responses(exploits),
        "live": {"matches": len(live), "players": live_players(live, order, rated, set(population))},
        "relative_population_performance": _relative(league, population, table),
    }


def _once(matches: list[Match]) -> list[Match]:
    return list({match.id: match for match in matches}.values())


def _current(name: str, round_number: int, league: League) -> str:
    """The rated name of a player in a round: learning players have one a round."""
    return f"{name}@{round_number}" if name in league.learners else name


def _latest(name: str, last: int, league: League, order: Mapping[str, int]) -> str:
    """The rated name of a player as of its last round: one that goes on may not have come to it yet."""
    names = (_current(name, number, league) for number in range(last, 0, -1))
    return next((rated for rated in names if rated in order), name)


def _met(match: Match, league: League) -> tuple[str, list[tuple[str, int]]]:
    """The rated name of who asked for a match, and whom it met with which result (+1, 0, -1), itself left out."""
    home = _current(match.home, match.round, league)
    others = [(_current(name, match.round, league), results) for name, results in match.orders.items()]
    return home, [(away, result) for away, results in others if away != home for result in results]


def _records(matches: list[Match], league: League) -> Records:
    record: Records = defaultdict(Record)
    for match in matches:
        home, met = _met(match, league)
        for away, result in met:
            record[home, away].add(match, result)
            record[away, home].add(match, -result)
    return dict(record)


def _rate(
    record: Records, crowds: list[Match], live: Sequence[LiveMatch], league: League, anchor: str
) -> tuple[dict[str, int], ratings.Ratings]:
    """Rated names by their number, and the ratings. crowds: the matches of `record` that were free-for-alls."""
    players = [name for match in live for name in match.players]
    names = list(dict.fromkeys([anchor, *(home for home, _ in record), *players]))
    order = {name: index for index, name in enumerate(names)}
    points = np.zeros((len(names), len(names)))
    for (home, away), met in record.items():
        wins, draws, _losses = met.counts
        points[order[home], order[away]] = wins + 0.5 * draws
    rankings = [ratings.ranking([order[name] for name in match.players], match.places) for match in live]
    for pairs in rankings:
        ratings.add_pairs(points, pairs)
    clusters = ratings.pairs_by_seed((match.seed, _pairs_of(match, league, order)) for match in crowds)
    return order, ratings.bradley_terry(points, order[anchor], clusters=[*clusters, *rankings])


def _pairs_of(match: Match, league: League, order: Mapping[str, int]) -> ratings.Pairs:
    """A free-for-all as the pairs that `_records` counts."""
    home, met = _met(match, league)
    aways = np.array([order[away] for away, _ in met], np.int64)
    points = np.array([0.5 + 0.5 * result for _, result in met])
    return ratings.Pairs(np.full(len(met), order.get(home, 0)), aways, points)


def _win_rates(record: Records, names: list[str], elo: np.ndarray) -> np.ndarray:
    """P [N, N] with P + P.T = 1: record and rating expectation together (an unrated player counts as even)."""
    strength = np.nan_to_num(elo)
    table = 1.0 / (1.0 + 10.0 ** ((strength[None, :] - strength[:, None]) / 400.0)) if names else np.zeros((0, 0))
    for row, home in enumerate(names):
        for column, away in enumerate(names):
            wins, draws, losses = record.get((home, away), Record()).counts
            points = wins + 0.5 * draws + PRIOR_GAMES * table[row, column]
            table[row, column] = points / (wins + draws + losses + PRIOR_GAMES)
    return 0.5 * (table + 1.0 - table.T)


def _players(
    league: League, anchor: str, population: list[str], rated: ratings.Ratings, members: list[int], mixture: Any
) -> list[dict[str, Any]]:
    roles: dict[str, tuple[str, str | None]] = {n: (learner.role, None) for n, learner in league.learners.items()}
    roles |= {player.name: (player.role, player.parent or None) for player in league.frozen}
    out = []
    for name, member, share in zip(population, members, mixture, strict=True):
        role, parent = roles.get(name, (SCRIPTED, None))
        interval = rated.interval(member)
        out.append(
            {
                "name": name,
                "role": role,
                "parent": parent,
                "faction": league.faction(name),
                "learning": name in league.learners,
                "anchor": name == anchor,
                "rating": plain(interval.estimate),
                "rating_low": plain(interval.low),
                "rating_high": plain(interval.high),
                "nash": float(share) if share > _NASH_SHOWN else 0.0,
            }
        )
    return out


def _pairs(record: Records, population: list[str], latest: Mapping[str, str]) -> list[dict[str, Any]]:
    out = []
    for home in population:
        for away in population:
            met = record.get((latest[home], latest[away]))
            if met:
                out.append({"home": home, "away": away, **met.entry()})
    return out


def _curves(league: League, order: dict[str, int], rated: ratings.Ratings, last: int) -> dict[str, list[Any]]:
    curves: dict[str, list[Any]] = {}
    for name in league.learners:
        rounds = [number for number in range(1, last + 1) if _current(name, number, league) in order]
        intervals = [(number, rated.interval(order[_current(name, number, league)])) for number in rounds]
        curves[name] = [
            {"round": number, "rating": plain(got.estimate), "low": plain(got.low), "high": plain(got.high)}
            for number, got in intervals
        ]
    return curves


def _by_round(matches: list[Match], home: str, away: str) -> dict[int, Record]:
    """Evaluation records of `home` against `away` by round."""
    out: dict[int, Record] = defaultdict(Record)
    for match in matches:
        if match.kind == EVALUATION and match.home == home and match.rival == away:
            out[match.round].add(match, match.verdict)
    return out


def _against_anchor(matches: list[Match], league: League, anchor: str) -> dict[str, list[Any]]:
    return {
        name: [{"round": number, **record.entry()} for number, record in sorted(rounds.items())]
        for name in league.learners
        if (rounds := _by_round(matches, name, anchor))
    }


def _exploitability(matches: list[Match], league: League, record: Records, latest: Mapping[str, str]) -> dict[str, Any]:
    """How well the league's own exploiters do against each live main agent: a lower bound of what is possible.

    `rounds`: the live main exploiters' record by round. `worst`: who in the population has the record against it with
    the highest lower end; the highest rate of many is one of few matches. `exploitability` = its win rate - 0.5, or 0.
    """
    out: dict[str, Any] = {}
    exploiters = {name for name, learner in league.learners.items() if learner.role == MAIN_EXPLOITER}
    for main in league.mains:
        met = {name: one for name, rated in latest.items() if (one := record.get((rated, latest[main])))}
        if not met:
            continue
        by_round: dict[int, Record] = defaultdict(Record)
        for match in matches:
            for result in match.orders.get(main, []) if match.home in exploiters else ():
                by_round[match.round].add(match, result)
        rates = {name: one.entry() for name, one in met.items()}
        worst = max(rates, key=lambda name: float(rates[name]["low"]))
        out[main] = {
            "rounds": [{"round": number, **one.entry()} for number, one in sorted(by_round.items())],
            "worst": worst,
            **{f"worst_{key}": rates[worst][key] for key in ("win_rate", "low", "high")},
            "exploitability": max(0.0, rates[worst]["win_rate"] - 0.5),
        }
    return out


def _relative(league: League, population: list[str], table: np.ndarray) -> dict[str, Any] | None:
    """Main agents (live and frozen) against all exploiters; None while one of the two has no rated player."""
    roles: dict[str, str] = {name: learner.role for name, learner in league.learners.items()}
    roles.update({player.name: player.role for player in league.frozen})
    mains = [k for k, name in enumerate(population) if roles.get(name) == MAIN]
    exploiters = [k for k, name in enumerate(population) if roles.get(name) in EXPLOITERS]
    if not mains or not exploiters:
        return None
    value = ratings.relative_population_performance(table[np.ix_(mains, exploiters)])
    return {"rows": "main agents", "columns": "exploiters", "value": value}


def _counts(counted: list[Match], skipped: int, torn_lines: int) -> dict[str, Any]:
    return {
        "total": len(counted),
        "by_kind": dict(sorted(Counter(match.kind for match in counted).items())),
        "by_round": {str(k): v for k, v in sorted(Counter(match.round for match in counted).items())},
        "by_home": dict(sorted(Counter(match.home for match in counted if match.kind != EVALUATION).items())),
        "draws": sum(match.result == 0 and not match.seats for match in counted),
        "royale": sum(bool(match.seats) for match in counted),
        "skipped": skipped,
        "torn_lines": torn_lines,
    }
