"""Environments for one player as a race: every seat plays a copy of its own from the same seed, and the return counts.

So a win means a higher return in the same situation, and everything that compares policies (evaluation, ratings, best
responses, a league) means something for an environment without opponents too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from botgame.adapters.copies import Copy
from botgame.game import Array, Observation


class Race:
    """A `Copy` of `seats` seats, each in a copy of one seat that nothing else touches."""

    def __init__(self, make: Callable[[], Copy], seats: int) -> None:
        self._lanes = [make() for _ in range(seats)]

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        for lane in self._lanes:
            lane.reset(seed)

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`: those whose episode goes on."""
        return [seat for seat, lane in enumerate(self._lanes) if lane.waiting]

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return ()

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        self._lanes[seat].observe(0, into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        for seat, action in actions.items():
            self._lanes[seat].act({0: action})

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return np.concatenate([lane.returns for lane in self._lanes])
