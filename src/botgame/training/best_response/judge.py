"""The judge of `exploit`: win rates of its versions against the frozen target over time, and the best version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from botgame import rng
from botgame.game import Game, Policy
from botgame.training.alphastar.actor.opponents import Weights
from botgame.training.best_response.results import DECISION_UNIT, Point
from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.held_out import Best, evaluate, evaluation_metrics
from botgame.training.rl.setting import Version
from botgame.wording import counted

TARGET = "target"
_FINAL = 0x66696E616C  # purpose of the random key of the last evaluation


@dataclass(frozen=True)
class Trial:
    """How versions meet the target: `matches` held-out duels in a periodic evaluation, `final_matches` in the last one.

    unit: what the budget counts (`results.DECISION_UNIT`).
    """

    game: Game
    target: Policy
    matches: int
    final_matches: int
    seed: int
    threads: int = 1
    unit: str = DECISION_UNIT


class TargetJudge:
    """`curve` holds every evaluation; `final` judges the best version on other seeds once the search has ended."""

    def __init__(self, trial: Trial, make_policy: Callable[[Weights], Policy]) -> None:
        """`make_policy`: the policy with a version's weights."""
        self.best: Best | None = None
        self.curve: list[Point] = []
        self.final: Point | None = None
        self._trial, self._make = trial, make_policy

    def evaluate(self, version: Version) -> dict[str, float]:
        """Meet the target; prints a line and returns metrics."""
        tally = self._play(version.weights, self._trial.matches, self._trial.seed)
        self.curve.append(point_of(version.iteration, version.decisions, tally))
        if self.best is None or tally.strength >= self.best.yardstick:
            self.best = Best(version.iteration, tally.strength, version.weights)
        print(f"after {counted(version.decisions, self._trial.unit)}: {tally}")
        metrics = evaluation_metrics({TARGET: tally})
        return metrics | self._finish(self.best) if version.last else metrics

    def snapshot(self) -> dict[str, Any]:
        """Exact state, tensors and plain values."""
        return {
            "best": self.best.snapshot() if self.best else None,
            "curve": msgspec.to_builtins(self.curve),
            "final": msgspec.to_builtins(self.final),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self.best = Best(**snapshot["best"]) if snapshot["best"] else None
        self.curve = msgspec.convert(snapshot["curve"], list[Point])
        self.final = msgspec.convert(snapshot["final"], Point | None)

    def _finish(self, best: Best) -> dict[str, float]:
        """Judge the best version on seeds that did not choose it."""
        trial = self._trial
        spent = next(point.spent for point in self.curve if point.iteration == best.iteration)
        tally = self._play(best.weights, trial.final_matches, rng.derive(trial.seed, _FINAL))
        self.final = rate = point_of(best.iteration, spent, tally)
        print(f"best version, after {counted(spent, trial.unit)}, on unseen seeds: {rate}")
        return {f"final/{TARGET}": rate.win_rate, f"final_low/{TARGET}": rate.low, f"final_high/{TARGET}": rate.high}

    def _play(self, weights: Weights, matches: int, seed: int) -> Tally:
        trial = self._trial
        return evaluate(trial.game, self._make(weights), {TARGET: trial.target}, matches, seed, trial.threads)[TARGET]


def point_of(iteration: int, spent: int, tally: Tally) -> Point:
    """What a version did in held-out matches, after so much of the budget."""
    low, high = tally.interval
    return Point(iteration, spent, tally.wins, tally.draws, tally.losses, tally.win_rate, low, high)
