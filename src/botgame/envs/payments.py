"""What the learner's players earned with each decision, and how many ticks it lasted. See `LearnerMatches` for S."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from botgame.envs.matchup import Matchup
from botgame.game import Array, Due, Outcome, Simulation


class Paid(NamedTuple):
    """Of one step: rewards float32 S, terminated bool [B], ticks int64 S, places int32 S, streams float32 S by name."""

    rewards: Array
    terminated: Array
    ticks: Array
    places: Array
    streams: dict[str, Array]


class Payments:
    """Pays each player what every reward stream grew by since it was paid last.

    A step is `open`, `settle` for each match that ends in it, and `close`. `terminated`: bool [B], the slots whose
    match has ended for the learner in this step. A second one that ends in the same slot within a step is one in which
    the learner never had to decide; it pays nothing.
    """

    def __init__(self, matchup: Matchup, slots: int) -> None:
        shape = slots, matchup.learners
        self._shape = (slots,) if matchup.learners == 1 else shape
        self._weights = {name: np.float32(weight) for name, weight in matchup.weights.items()}
        self._paid = {name: np.zeros(shape, np.float32) for name in self._weights}
        self._since = np.zeros(shape, np.int64)  # tick of each player's last decision
        self.open()

    def open(self) -> None:
        """A step begins."""
        slots = len(self._since)
        self.terminated = np.zeros(slots, bool)
        self._settled: list[tuple[int, dict[str, Array], Array, Array]] = []

    def decided(self, ticks: Array, due: Due, player: Array) -> None:
        """These players decide; ticks: int64 [B], the game time of every slot."""
        if len(due.slot) == self._since.size == len(ticks):  # one player, due in every slot
            self._since[:, 0] = ticks
        else:
            self._since[due.slot, player] = ticks[due.slot]

    def begin(self, slot: int) -> None:
        """A match begins in `slot`."""
        for paid in self._paid.values():
            paid[slot] = 0
        self._since[slot] = 0

    def settle(self, slot: int, seats: Array, outcome: Outcome) -> None:
        """The match in `slot` is over for the learner; seats: int [L], of its players."""
        if self.terminated[slot]:
            return
        self.terminated[slot] = True
        gains = {name: outcome.rewards[name][seats] - paid[slot] for name, paid in self._paid.items()}
        self._settled.append((slot, gains, outcome.ticks - self._since[slot], outcome.places[seats]))

    def close(self, simulation: Simulation, due: Due, player: Array) -> Paid:
        """The step ends with these seats due: what it paid."""
        ticks = simulation.ticks[:, None] - self._since
        streams = {name: self._grown(name, sums, due, player) for name, sums in simulation.rewards(due).items()}
        places = np.zeros(self._since.shape, np.int32)
        for slot, gains, lasted, finished in self._settled:
            ticks[slot], places[slot] = lasted, finished
            for name, gain in gains.items():
                streams[name][slot] = gain
                self._paid[name][slot] = 0  # a match that has just begun is paid with its first decision
        streams = {name: grown.reshape(self._shape) for name, grown in streams.items()}
        rewards = np.zeros(self._shape, np.float32)
        for name, grown in streams.items():
            rewards += self._weights[name] * grown
        return Paid(rewards, self.terminated, ticks.reshape(self._shape), places.reshape(self._shape), streams)

    def _grown(self, name: str, sums: Array, due: Due, player: Array) -> Array:
        """What a stream grew by, float32 [B, L], given its present sums float32 [n]."""
        if len(sums) == self._since.size == len(self._since):  # one player, due in every slot
            grown = sums[:, None] - self._paid[name]
            self._paid[name] = sums[:, None].copy()
            return np.asarray(grown, np.float32)
        grown = np.zeros(self._since.shape, np.float32)
        where = due.slot, player
        grown[where] = sums - self._paid[name][where]
        self._paid[name][where] = sums
        return grown
