"""A rollout: what one worker acted for another, which learns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NamedTuple

from botgame.game import Ended, Outcome, Setup
from botgame.training.alphastar.learner.sequences import Columns
from botgame.training.alphastar.trees import to_arrays, to_tensors


class Rollout(NamedTuple):
    """Whole sequences as columns, in the order in which they ended, and what else came of acting.

    decisions, ended, figures: as in `Gathered`.
    """

    columns: Columns
    decisions: int
    ended: list[Ended]
    figures: dict[str, float]

    @property
    def sequences(self) -> int:
        """How many there are."""
        return len(self.columns["length"])

    def snapshot(self) -> dict[str, Any]:
        """Tensors and plain values."""
        return dict(to_tensors({**self._asdict(), "ended": [_snapshot_of(match) for match in self.ended]}))

    @staticmethod
    def restore(snapshot: dict[str, Any]) -> Rollout:
        """Inverse of `snapshot`."""
        arrays = to_arrays(snapshot)
        return Rollout(**{**arrays, "ended": [_restored(match) for match in arrays["ended"]]})


def _snapshot_of(match: Ended) -> dict[str, Any]:
    return {**match._asdict(), "setup": asdict(match.setup), "outcome": match.outcome._asdict()}


def _restored(match: dict[str, Any]) -> Ended:
    return Ended(**{**match, "setup": Setup.from_dict(match["setup"]), "outcome": Outcome(**match["outcome"])})
