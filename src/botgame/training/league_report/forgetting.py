"""Forgetting: how a main agent does against the one of its own past selves that is worst for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from botgame.training.alphastar.league.league import League
from botgame.training.evaluation.worst_rival import measuring_cells, worst_rival
from botgame.training.league.files import EVALUATION, Match
from botgame.training.league_report.rates import Record


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
        out[name] = {"rounds": rounds, "mean_win_rate": mean}
    return out


def worst_of(matches: Sequence[Match]) -> dict[str, Any]:
    """The rival that home does worst against, their number, and home's record against whom each half names.

    Matches of one seed are in one half; see `worst_rival`.
    """
    cells: dict[tuple[str, int], tuple[float, int]] = {}
    for match in matches:
        points, count = cells.get((match.rival, match.seed), (0.0, 0))
        cells[match.rival, match.seed] = (points + 0.5 + 0.5 * match.verdict, count + 1)
    measuring = set(measuring_cells(cells))
    record = Record.of(match for match in matches if (match.rival, match.seed) in measuring)
    rivals = len({match.rival for match in matches})
    return {"opponent": worst_rival(cells), "past_selves": rivals, **record.entry()}
