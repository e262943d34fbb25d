"""Forgetting: how a main agent does against the one of its own past selves that is worst for it.

The least of several measured win rates lies below the least true one, the more so the more rivals and the fewer
matches. So each half of a round's seeds names the worst rival, and the other half measures it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from botgame.training.alphastar.league.league import League
from botgame.training.league.files import EVALUATION, Match
from botgame.training.league_report.rates import rate_of


def forgetting(matches: Sequence[Match], league: League) -> dict[str, Any]:
    """For each main agent the worst past self of each round (see `worst_of`), and the mean over the rounds."""
    out: dict[str, Any] = {}
    for name in league.mains:
        past, by_round = set(league.past_selves(name)), defaultdict(list)
        for match in matches:
            if match.kind == EVALUATION and match.home == name and match.rival in past:
                by_round[match.round].append(match)
        rounds = [{"round": number, **worst_of(played)} for number, played in sorted(by_round.items())]
        mean = float(np.mean([entry["win_rate"] for entry in rounds])) if rounds else None
        out[name] = {"rounds": rounds, "mean_min_win_rate": mean}
    return out


def worst_of(matches: Sequence[Match]) -> dict[str, Any]:
    """The rival that home does worst against, their number, and home's record against whom each half names.

    Matches of one seed are in one half; with a single seed there are no halves, and the record is the rival's own.
    """
    first = set(sorted({match.seed for match in matches})[::2])
    halves = [[match for match in matches if (match.seed in first) == inside] for inside in (True, False)]
    record: Counter[int] = Counter()
    for naming, measuring in (halves, halves[::-1]):
        if naming and measuring:
            record += Counter(match.verdict for match in measuring if match.rival == _worst(naming))
    worst = _worst(matches)
    if not record:
        record = Counter(match.verdict for match in matches if match.rival == worst)
    rivals = len({match.rival for match in matches})
    return {"opponent": worst, "past_selves": rivals, **rate_of(record[1], record[0], record[-1])}


def _worst(matches: Sequence[Match]) -> str:
    """The rival with the least mean result; the first of equals."""
    results: dict[str, list[int]] = defaultdict(list)
    for match in matches:
        results[match.rival].append(match.verdict)
    return min(results, key=lambda away: sum(results[away]) / len(results[away]))
