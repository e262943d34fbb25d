"""An evolution strategy over the numbers of a family of scripted bots: CMA-ES of the package `cmaes`.

It works on shares of the parameters' ranges. The normal distribution that it samples from has no bounds; what lies
beyond a range is mirrored back into it.
"""

from __future__ import annotations

import numpy as np
from cmaes import CMA

from botgame import rng
from botgame.families import from_shares, to_shares, within
from botgame.game import Array, Family

_SAMPLES = 0x736561726368  # purpose of the seed of the samples
_DIGITS = 4  # of a number


def readable(family: Family, numbers: Array) -> Array:
    """Numbers float64 [..., D] of the family, rounded so that people can read them in a bot file."""
    digits = np.array([float(f"{each:.{_DIGITS}g}") for each in numbers.flat]).reshape(numbers.shape)
    return within(family, digits)


class Evolution:
    """Generations of `size` bots. It begins at the numbers `start`, float64 [D], `spread` of the ranges wide.

    `history` holds the fitness of every bot of every generation so far, float64 [size] each: with it, equal arguments
    lead to the same numbers again.
    """

    def __init__(self, family: Family, size: int, spread: float, seed: int, start: Array) -> None:
        self.history: list[list[float]] = []
        self._family, self._size = family, size
        self._search = CMA(
            to_shares(family, start), spread, seed=rng.derive(seed, _SAMPLES) % 2**32, population_size=size
        )
        self._asked: list[Array] = []

    @property
    def mean(self) -> Array:
        """The numbers in the middle of what it samples: float64 [D]."""
        return self._numbers(self._search.mean)

    def ask(self) -> Array:
        """The numbers of the next generation's bots: float64 [size, D]."""
        self._asked = [self._search.ask() for _ in range(self._size)]
        return self._numbers(np.array(self._asked))

    def tell(self, fitness: Array) -> None:
        """Learn how good they were, float64 [size]; more is better."""
        self.history.append([float(each) for each in fitness])
        self._search.tell([(x, -good) for x, good in zip(self._asked, self.history[-1], strict=True)])

    @property
    def breadth(self) -> float:
        """How far the bots of the last generation are apart: standard deviation in shares, mean over the parameters."""
        return float(np.std(self._asked, axis=0).mean()) if self._asked else 0.0

    def snapshot(self) -> dict[str, object]:
        """Plain values."""
        return {"history": [list(row) for row in self.history], "mean": self.mean.tolist()}

    def restore(self, snapshot: dict[str, object]) -> None:
        """Inverse of `snapshot`, of a new search. Raises ValueError where it leads elsewhere than it led then."""
        history = snapshot["history"]
        assert isinstance(history, list)
        for row in history:
            self.ask()
            self.tell(np.array(row))
        if self.mean.tolist() != snapshot["mean"]:
            raise ValueError("the same search leads elsewhere on this machine or with this version of cmaes")

    def _numbers(self, shares: Array) -> Array:
        """Numbers of the family at shares that may lie beyond 0 to 1, rounded: float64 [..., D]."""
        mirrored = 1.0 - np.abs(1.0 - np.mod(shares, 2.0))
        return readable(self._family, from_shares(self._family, mirrored))
