"""How often RL meets each kind of opponent: the share of one that the learner beats falls with the win rate.

This is prioritised fictitious self-play between kinds of opponents, with the weights min(0.5, 1 - win rate) of league
exploiters (Vinyals et al., Nature 575, 2019). A scripted bot teaches a beginner most; once it always loses, its matches
have nothing left to teach. The cap keeps one that is too strong from taking the matches of all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botgame.training.alphastar.actor.opponents import SELF, normalized

EVEN = 0.5  # win rate of the learner against itself, and before it has met an opponent
LEAST = 0.05  # weight of an opponent that always loses, so that it is not forgotten; EVEN is the greatest
WINDOW = 50  # latest results that count, about
_ASSUMED = 10  # drawn results before the first one


class OpponentShares:
    """Shares of the matches by kind of opponent, which sum to 1. They begin as `shares`."""

    def __init__(self, shares: Mapping[str, float], *, prioritised: bool) -> None:
        """prioritised: False keeps them as they are."""
        self._shares, self._prioritised = dict(shares), prioritised
        self._rates = dict.fromkeys(shares, EVEN)
        self._counts = dict.fromkeys(shares, _ASSUMED)

    def count(self, results: Mapping[str, Sequence[float]]) -> None:
        """Take in results of the learner, in [0, 1], by kind of opponent."""
        for kind, values in results.items():
            for value in values:
                self._counts[kind] = min(WINDOW, self._counts[kind] + 1)
                self._rates[kind] += (value - self._rates[kind]) / self._counts[kind]

    def now(self) -> dict[str, float]:
        """The present shares."""
        if not self._prioritised:
            return self._shares
        return normalized({kind: share * self._weight(kind) for kind, share in self._shares.items()})

    def snapshot(self) -> dict[str, Any]:
        """Exact state, in plain values."""
        return {"rates": dict(self._rates), "counts": dict(self._counts)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self._rates, self._counts = dict(snapshot["rates"]), dict(snapshot["counts"])

    def _weight(self, kind: str) -> float:
        return EVEN if kind == SELF else min(EVEN, max(LEAST, 1.0 - self._rates[kind]))
