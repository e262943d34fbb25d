"""The judge of `exploit`: the learner's win rate against the frozen target over time, and the best version of all."""

from __future__ import annotations

from typing import Any

import msgspec

from botgame import rng
from botgame.game import Policy
from botgame.training.best_response.results import Point
from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.held_out import Best, evaluate, evaluation_metrics
from botgame.training.rl.setting import RLSetting, Version
from botgame.wording import counted

TARGET = "target"
_FINAL = 0x66696E616C  # purpose of the random key of the last evaluation


class TargetJudge:
    """`curve` holds every evaluation; `final` judges the best version on other seeds once the run has ended."""

    def __init__(self, setting: RLSetting, target: Policy, matches: int, final_matches: int) -> None:
        """`matches`: held-out duels of a periodic evaluation, `final_matches`: of the last one."""
        self.best: Best | None = None
        self.curve: list[Point] = []
        self.final: Point | None = None
        self._setting, self._target = setting, target
        self._matches, self._final_matches = matches, final_matches

    def evaluate(self, version: Version) -> dict[str, float]:
        """Meet the target; prints a line and returns metrics."""
        tally = self._play(version, self._matches, self._setting.seed)
        self.curve.append(_point(version.iteration, version.decisions, tally))
        if self.best is None or tally.strength >= self.best.yardstick:
            self.best = Best(version.iteration, tally.strength, version.weights)
        print(f"after {counted(version.decisions, 'decision')}: {tally}")
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
        decisions = next(point.decisions for point in self.curve if point.iteration == best.iteration)
        version = Version(best.weights, best.iteration, decisions, last=True)
        tally = self._play(version, self._final_matches, rng.derive(self._setting.seed, _FINAL))
        self.final = _point(best.iteration, decisions, tally)
        print(f"best version, after {counted(decisions, 'decision')}, on unseen seeds: {self.final}")
        rate = self.final
        return {f"final/{TARGET}": rate.win_rate, f"final_low/{TARGET}": rate.low, f"final_high/{TARGET}": rate.high}

    def _play(self, version: Version, matches: int, seed: int) -> Tally:
        setting, rivals = self._setting, {TARGET: self._target}
        policy = setting.policy(version.weights)
        return evaluate(setting.game, policy, rivals, matches, seed, setting.threads)[TARGET]


def _point(iteration: int, decisions: int, tally: Tally) -> Point:
    return Point.of(iteration, decisions, tally.wins, tally.draws, tally.losses)
