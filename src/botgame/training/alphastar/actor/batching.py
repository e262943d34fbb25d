"""Which rows of a step are answered now: a network's rows may wait for a fuller batch.

A network call costs nearly the same for one row as for twenty, so the rows of a network wait until every match that it
plays in is waiting for it; matches stand still meanwhile, and nothing that happens in them depends on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from botgame.game import Array, Step

LEARNER = 0
_NOBODY = -1


class Batching:
    """Chooses whose rows of a step are answered; the others stay due and come again in the next step."""

    def __init__(self, slots: int, seats: int, may_wait: Callable[[int], bool]) -> None:
        """`may_wait`: whether the rows of a player other than the learner may wait for a fuller batch."""
        self._may_wait = may_wait
        self._players = np.full((slots, seats), _NOBODY, np.int64)  # as far as seen

    def next(self, step: Step) -> dict[int, Array]:
        """Rows to answer now, by player.

        Those of all players that may not wait, else of those for whom all their matches wait, else of the one for
        whom most matches wait.
        """
        for match in step.ended:
            self._players[match.slot] = _NOBODY
        self._players[step.slot, step.seat] = step.player
        rows = _rows_of(step.player)
        turn = [player for player in rows if player != LEARNER and not self._may_wait(player)]
        if not turn:
            waiting = {player: len(np.unique(step.slot[chosen])) for player, chosen in rows.items()}
            seated = {player: np.count_nonzero((self._players == player).any(axis=1)) for player in rows}
            turn = [player for player in rows if waiting[player] == seated[player]]
            turn = turn or [max(rows, key=lambda player: waiting[player])]
        return {player: rows[player] for player in turn}

    def snapshot(self) -> dict[str, Array]:
        """Plain arrays."""
        return {"players": self._players}

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Inverse of `snapshot`."""
        self._players = snapshot["players"]


def _rows_of(players: Array) -> dict[int, Array]:
    """The rows of each player, by player in the order of their first rows: int [N] -> int64 [n] each."""
    order = np.argsort(players, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(players[order])) + 1)
    return {int(players[part[0]]): part for part in sorted(parts, key=lambda part: part[0])}
