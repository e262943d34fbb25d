"""Whether matches on different seeds were all the same match: then they are no independent observations."""

from __future__ import annotations

import numpy as np

from botgame.game import Array, Due, Ended, Setup, Simulation
from botgame.rng import mix


class Repeats:
    """A `botgame.game.Listener` that tells whether matches differ in more than their seeds."""

    def __init__(self, simulation: Simulation) -> None:
        self._decided = np.zeros(len(simulation.done), np.uint64)  # a digest of the decisions in each slot's match
        self._matches = 0
        self._different: dict[tuple[object, ...], tuple[int, ...]] = {}  # who sat where, by all that happened

    @property
    def distinct(self) -> int:
        """How many matches all the others repeat, one for each way in which players sat; 0 unless they do."""
        distinct = len(self._different)
        alike = distinct == len(set(self._different.values())) < self._matches
        return distinct if alike else 0

    def begin(self, slot: int, setup: Setup) -> None:  # noqa: ARG002 - the contract's
        """See `Listener.begin`."""
        self._decided[slot] = 0

    def decisions(self, due: Due) -> None:
        """See `Listener.decisions`."""

    def accepted(self, due: Due, actions: Array) -> None:
        """See `Listener.accepted`."""
        told, slots = np.zeros_like(self._decided), np.unique(due.slot)
        with np.errstate(over="ignore"):
            row = due.seat.astype(np.uint64)
            for column in actions.T:
                row = mix(row, column.astype(np.uint64))
            np.add.at(told, due.slot, row)
            self._decided[slots] = mix(self._decided[slots], told[slots])

    def end(self, ended: Ended) -> None:
        """See `Listener.end`."""
        setup, over = ended.setup, ended.outcome
        earned = tuple(reward.tobytes() for reward in over.rewards.values())
        happened = int(self._decided[ended.slot]), over.ticks, over.places.tobytes(), earned
        self._different[setup.players, setup.factions, happened] = setup.players
        self._matches += 1
