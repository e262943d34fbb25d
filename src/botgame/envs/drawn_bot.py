"""One opponent that is several: a bot of its own for each match, drawn by shares.

An environment has one opponent in a seat; a learner from random weights needs some that it can beat (docs/scratch.md).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Array, Game, Observation, limits_of, own_factions
from botgame.policies import load_policy
from botgame.rng import mix, uniforms

_DRAWS = np.uint64(0x6C6164646572)  # purpose of the keys that draw a bot, so that they are not those that it acts by


class DrawnBot:
    """Plays each match as one of the bots that `shares` names, in a royale each seat as its own. See `Policy`.

    The first column of its memory says which: its number from 1 on, 0 before the first decision. Raises UserError
    (code 2) for shares that are none, and for a bot that is bound to a faction or to limits of its own.
    """

    def __init__(self, game: Game, shares: Mapping[str, float]) -> None:
        if not shares or not all(
            isinstance(name, str) and isinstance(share, float | int) and 0 < share < np.inf
            for name, share in shares.items()
        ):
            raise UserError(
                f"opponent {dict(shares)}: expected names of bots and the share of each one's matches, more than 0", 2
            )
        self.name = "drawn"
        self._bots = [load_policy(game, name) for name in shares]
        for name, bot in zip(shares, self._bots, strict=True):
            if limits_of(bot) != USUAL_LIMITS or own_factions(game, [bot]):
                raise UserError(f"opponent {name}: it has a faction or limits of its own and cannot be drawn", 2)
        self._ends = np.cumsum(list(shares.values())) / sum(shares.values())
        self._columns = np.cumsum([1, *(bot.memory_size for bot in self._bots)])
        self.memory_size = int(self._columns[-1])

    def initial_memory(self, n: int) -> Array:
        """See `Policy.initial_memory`: those of all bots side by side."""
        return np.concatenate([np.zeros((n, 1), np.float32), *(bot.initial_memory(n) for bot in self._bots)], axis=1)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`."""
        memory = self._drawn(memory, keys)
        actions = np.zeros((len(keys), 0), np.int64)
        for number in np.unique(memory[:, 0]).astype(int).tolist():
            rows = np.flatnonzero(memory[:, 0] == number)
            own = slice(self._columns[number - 1], self._columns[number])
            seen = {name: array[rows] for name, array in observation.items()}
            decided, memory[rows, own] = self._bots[number - 1].act(seen, memory[rows, own], keys[rows])
            if not actions.size:
                actions = np.zeros((len(keys), decided.shape[1]), np.int64)
            actions[rows] = decided
        return actions, memory

    def _drawn(self, memory: Array, keys: Array) -> Array:
        """A copy of the memory in which every match has its bot."""
        memory, new = memory.copy(), memory[:, 0] == 0
        with np.errstate(over="ignore"):
            draws = uniforms(mix(keys[new], _DRAWS), 1)[:, 0]
        memory[new, 0] = 1 + np.minimum(np.searchsorted(self._ends, draws, side="right"), len(self._bots) - 1)
        return memory
