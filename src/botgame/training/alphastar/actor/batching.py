"""Who acts when, and the memory of those who do not learn: what the actor needs to know of the seats.

A network call costs nearly the same for one row as for twenty, so the rows of a network wait until every match that it
plays in is waiting for it; matches stand still meanwhile, and nothing that happens in them depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

LEARNER = 0
_NOBODY = -1
Array = NDArray[Any]


class Opponent(Protocol):
    """What a policy offers to the actor: see `botgame.game`."""

    memory_size: int

    def initial_memory(self, n: int) -> Array:
        """Memory at the start of a match, float32 [n, memory_size]."""

    def act(self, observation: dict[str, Array], memory: Array, keys: Array) -> tuple[Array, Array]:
        """Actions int64 [n, H] and the new memory."""


class Turns:
    """Chooses whose rows of a step are answered; the others stay due and come again in the next step."""

    def __init__(self, slots: int, seats: int, patient: Callable[[int], bool]) -> None:
        """`patient`: whether the rows of a player other than the learner wait for company."""
        self._patient = patient
        self._players = np.full((slots, seats), _NOBODY, np.int64)  # as far as seen

    def next(self, step: Any) -> dict[int, Array]:
        """Rows to answer now, by player.

        Those of all players in no need of company, else of those for whom all their matches wait, else of the one
        for whom most matches wait.
        """
        for match in step.ended:
            self._players[match.slot] = _NOBODY
        self._players[step.slot, step.seat] = step.player
        rows: dict[int, list[int]] = {}
        for row, player in enumerate(step.player.tolist()):
            rows.setdefault(player, []).append(row)
        turn = [player for player in rows if player != LEARNER and not self._patient(player)]
        if not turn:
            waiting = {player: len(set(step.slot[chosen].tolist())) for player, chosen in rows.items()}
            seated = [set(match) for match in self._players.tolist()]
            turn = [player for player in rows if waiting[player] == sum(player in match for match in seated)]
            turn = turn or [max(rows, key=lambda player: waiting[player])]
        return {player: np.array(rows[player]) for player in turn}

    def snapshot(self) -> dict[str, Array]:
        """Plain arrays."""
        return {"players": self._players}

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Inverse of `snapshot`."""
        self._players = snapshot["players"]


class OpponentSeats:
    """The recurrent memory of every opponent, bound to the match; row r is seat r % seats of slot r // seats."""

    def __init__(self, slots: int, seats: int, opponent: Callable[[int], Opponent]) -> None:
        self._seats, self._opponent = seats, opponent
        self._memory = np.zeros((slots * seats, 0), np.float32)  # as wide as the largest so far
        self._episode = np.full(slots * seats, -1, np.int64)

    def act(self, step: Any, rows: Array, player: int) -> Array:
        """Actions int64 [n, H] of `player` for these rows of the step."""
        policy = self._opponent(player)
        row = step.slot[rows] * self._seats + step.seat[rows]
        size = policy.memory_size
        self._widen(size)
        memory = self._memory[row, :size]
        fresh = self._episode[row] != step.episode[rows]
        if fresh.any():
            memory[fresh] = policy.initial_memory(int(fresh.sum()))
            self._episode[row] = step.episode[rows]
        observation = {name: column[rows] for name, column in step.observation.items()}
        actions, memory = policy.act(observation, memory, step.keys[rows])
        self._memory[row, :size] = memory
        return actions

    def snapshot(self) -> dict[str, Array]:
        """Plain arrays."""
        return {"memory": self._memory, "episode": self._episode}

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Inverse of `snapshot`."""
        self._memory, self._episode = snapshot["memory"], snapshot["episode"]

    def _widen(self, size: int) -> None:
        if size > self._memory.shape[1]:
            wider = np.zeros((len(self._memory), size), np.float32)
            wider[:, : self._memory.shape[1]] = self._memory
            self._memory = wider
