"""Results of every ordered pair of league players, remembered with decay.

Each reported game multiplies the counts of its pair, in both directions, by `decay` and adds itself. So the memory is
about 1 / (1 - decay) games and follows players that learn (Vinyals et al., Nature 575, 2019, pseudocode). A game of a
player against itself says nothing about strength; it is counted separately and decays no cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botgame.json_reading import converted

WIN, DRAW, LOSS = 1, 0, -1


class Payoff:
    """Decayed games, wins, draws and losses of pairs, by player name."""

    def __init__(self, decay: float = 0.99) -> None:
        if not 0.0 < decay <= 1.0:
            raise ValueError(f"expected a decay in (0, 1], got {decay}")
        self.decay = decay
        self._cells: dict[tuple[str, str], list[float]] = {}  # (home, away) -> [wins, draws, losses]
        self._self_games: dict[str, int] = {}

    def update(self, home: str, away: str, *results: int) -> None:
        """Count one game; a result is +1, 0 or -1 seen from `home`. Raises ValueError for another result, or none.

        A free-for-all in which the two had several seats has a result for each pair of their seats. It still counts as
        one game, divided among the results, which say less than as many separate matches would.
        """
        if not results or not set(results) <= {WIN, DRAW, LOSS}:
            raise ValueError(f"expected a result of +1, 0 or -1, or several, got {results!r}")
        if home == away:
            self._self_games[home] = self._self_games.get(home, 0) + 1
            return
        self._count(home, away, results)
        self._count(away, home, [-result for result in results])

    def _count(self, home: str, away: str, results: Sequence[int]) -> None:
        cell = [self.decay * count for count in self._cells.get((home, away), (0.0, 0.0, 0.0))]
        self._cells[home, away] = [
            count + results.count(result) / len(results) for count, result in zip(cell, (WIN, DRAW, LOSS), strict=True)
        ]

    def games(self, home: str, away: str) -> float:
        """Decayed number of games of the pair; of a player with itself the plain number."""
        if home == away:
            return float(self._self_games.get(home, 0))
        return sum(self._cells.get((home, away), ()))

    def counts(self, home: str, away: str) -> tuple[float, float, float]:
        """Decayed wins, draws, losses of `home` against `away`."""
        wins, draws, losses = self._cells.get((home, away), (0.0, 0.0, 0.0))
        return wins, draws, losses

    def win_rate(self, home: str, away: str) -> float:
        """(wins + draws / 2) / games in [0, 1]; 0.5 without games and of a player against itself."""
        wins, draws, losses = self.counts(home, away)
        total = wins + draws + losses
        return 0.5 if total == 0 else (wins + 0.5 * draws) / total

    def win_rates(self, home: str, aways: Sequence[str]) -> NDArray[np.float64]:
        """`win_rate` against each of `aways`: float64 [len(aways)]."""
        return np.array([self.win_rate(home, away) for away in aways], dtype=np.float64)

    def forget(self, name: str) -> None:
        """Drop every result of `name`, whose weights were reset: old results say nothing about the new weights."""
        self._cells = {pair: counts for pair, counts in self._cells.items() if name not in pair}

    def snapshot(self) -> dict[str, Any]:
        """Plain JSON types; floats survive a round trip exactly."""
        cells = [[home, away, *counts] for (home, away), counts in self._cells.items()]
        return {"decay": self.decay, "cells": cells, "self_games": dict(self._self_games)}

    @staticmethod
    def restore(snapshot: dict[str, Any]) -> Payoff:
        """Inverse of `snapshot`. Raises KeyError, TypeError or ValueError for foreign data."""
        payoff = Payoff(converted(snapshot["decay"], float))
        for home, away, *counts in converted(snapshot["cells"], list[tuple[str, str, float, float, float]]):
            payoff._cells[home, away] = [float(count) for count in counts]
        payoff._self_games = converted(snapshot["self_games"], dict[str, int])
        return payoff
