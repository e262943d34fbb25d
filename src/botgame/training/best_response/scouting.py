"""Where the search over a family begins: many members meet the target, and those that do best meet it more often.

An evolution strategy follows what it sees around its start. Where the standard bot never wins it sees nothing, and a
hole far away stays unfound. Scouts lie far away, by turns in two ways: one has all numbers at random, so it more often
has several that only together make a hole; the other has the standard numbers but for a few, so it still plays well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.families import from_shares, standard_numbers
from botgame.game import Array, Family
from botgame.training.best_response.evolution import readable

_SCOUTS = 0x73636F757473  # purpose of the random keys of the scouts
_FEW = (2, 5)  # numbers in which every second scout differs from the standard bot, at least and at most
_HALVING = ((1, 4), (4, 8), (16, 32))  # a round: one scout of so many is still there, and the duels of each


class Round(NamedTuple):
    """So many scouts meet the target in so many duels each, all on the same seeds."""

    scouts: int
    duels: int


def rounds_of(allowance: float, matches_each: Callable[[int], int]) -> list[Round]:
    """The rounds that together take at most `allowance` duels; none where that is too little for two scouts.

    matches_each: whole mirrored sets of at least so many duels.
    """
    steps = [(share, matches_each(duels)) for share, duels in _HALVING]
    scouts = int(allowance / sum(duels / share for share, duels in steps))
    return [Round(scouts // share, duels) for share, duels in steps if scouts // share > 1]


def draw_scouts(family: Family, number: int, seed: int, known: Array | None = None) -> Array:
    """Numbers float64 [number, D]: the standard ones, those of `known` [K, D], then by turns all drawn anew and a few.

    Where all are, each is anywhere in its range; one of a few lies at either end or between, each with a chance of a
    third, since it has to be extreme to matter alone.
    """
    standard, (least, most) = standard_numbers(family), _FEW
    keys = np.array([rng.derive(seed, _SCOUTS, k) for k in range(1, number)], np.uint64)
    draws = rng.uniforms(keys, 1 + 2 * len(standard))
    few = (np.arange(len(keys)) % 2 == 1)[:, None]
    order, values = np.split(draws[:, 1:], 2, axis=1)
    ranks = order.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    changed = ~few | (ranks < least + np.floor(draws[:, :1] * (most - least + 1)))
    shares = np.where(few, np.clip(3.0 * values - 1.0, 0.0, 1.0), values)
    fresh = readable(family, from_shares(family, shares))
    scouts = np.concatenate([standard[None], np.where(changed, fresh, standard)])
    if known is not None:
        scouts[1 : 1 + len(known)] = known
    return scouts


class Scouting:
    """Rounds of fewer and fewer scouts, in batches of about `batch` duels; `best` is the one to begin at.

    known: float64 [K, D], of bots that scout beside the random ones. `history` holds the fitness of every bot of every
    batch so far: with it, equal arguments lead to the same scout.
    """

    def __init__(self, family: Family, rounds: list[Round], batch: int, seed: int, known: Array | None = None) -> None:
        self.rounds, self.history = rounds, list[list[float]]()
        self.known = np.zeros((0, len(family.parameters))) if known is None else known
        self._numbers = draw_scouts(family, rounds[0].scouts if rounds else 1, seed, self.known)
        self._earned, self._played = np.zeros((2, len(self._numbers)))
        self._batch, self._left = batch, np.arange(len(self._numbers))  # scouts of this round
        self.round, self._done = 0, 0  # the running round, and how many of its scouts have had their duels

    @property
    def over(self) -> bool:
        """Whether all rounds are played."""
        return self.round == len(self.rounds)

    @property
    def spent(self) -> int:
        """Duels so far."""
        return int(self._played.sum())

    @property
    def duels(self) -> int:
        """Duels of each bot in the running round."""
        return self.rounds[self.round].duels

    @property
    def best(self) -> Array:
        """The numbers of the scout with the highest mean reward over all its duels, of those left: float64 [D]."""
        return np.asarray(self._numbers[self._ranking[0]])

    def ask(self) -> Array:
        """The numbers of the next batch's bots: float64 [K, D]."""
        return np.asarray(self._numbers[self._next(max(1, self._batch // self.duels))])

    def tell(self, fitness: Array) -> None:
        """Learn how good they were, float64 [K]: the mean rewards of each in this round's duels."""
        self.history.append([float(each) for each in fitness])
        asked = self._next(len(fitness))
        self._earned[asked] += np.array(self.history[-1]) * self.duels
        self._played[asked] += self.duels
        self._done += len(asked)
        if self._done == len(self._left):
            self.round, self._done = self.round + 1, 0
            self._left = self._left if self.over else self._ranking[: self.rounds[self.round].scouts]

    def snapshot(self) -> dict[str, object]:
        """Plain values."""
        return {
            "rounds": [list(each) for each in self.rounds],
            "known": self.known.tolist(),
            "history": [list(row) for row in self.history],
        }

    def replay(self, history: list[list[float]]) -> None:
        """Go to where a scouting with equal arguments was that had this history."""
        for row in history:
            self.tell(np.array(row))

    def _next(self, bots: int) -> Array:
        """The next scouts of this round, at most so many."""
        return self._left[self._done : self._done + bots]

    @property
    def _ranking(self) -> Array:
        """The scouts left, the best first; of equals, the one drawn first."""
        score = self._earned[self._left] / np.maximum(self._played[self._left], 1)
        return np.asarray(self._left[np.lexsort((self._left, -score))])
