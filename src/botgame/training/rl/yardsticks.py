"""The judge of `alphastar_rl`: `lms_re`, the policy that training started from, and the best version so far."""

from __future__ import annotations

from typing import Any

from botgame.game import Policy
from botgame.policies import load_policy
from botgame.training.evaluation.held_out import (
    BEST,
    START,
    YARDSTICK,
    Best,
    evaluate,
    evaluation_lines,
    evaluation_metrics,
    is_better,
)
from botgame.training.rl.setting import Setting, Version


class Yardsticks:
    """A version becomes the best when it beats that one and holds against `lms_re` (see `rl_evaluation`)."""

    def __init__(self, setting: Setting, matches: int) -> None:
        """`matches`: held-out duels against each yardstick."""
        self.best: Best | None = None
        self._setting, self._matches = setting, matches
        self._yardstick = load_policy(YARDSTICK)

    def evaluate(self, version: Version) -> dict[str, float]:
        """Meet every yardstick; prints the table and returns metrics."""
        setting = self._setting
        rivals: dict[str, Policy] = {YARDSTICK: self._yardstick, START: setting.policy(setting.origin["weights"])}
        if self.best:
            rivals[BEST] = setting.policy(self.best.weights)
        tallies = evaluate(setting.policy(version.weights), rivals, self._matches, setting.seed, setting.threads)
        if is_better(tallies, self.best):
            self.best = Best(version.iteration, tallies[YARDSTICK].win_rate, version.weights)
        best = self.best.iteration if self.best else 0
        print(f"evaluation after iteration {version.iteration} (best so far: iteration {best})")
        print("\n".join(evaluation_lines(tallies)))
        return evaluation_metrics(tallies)

    def state(self) -> dict[str, Any]:
        """The best version."""
        return {"best": self.best.state() if self.best else None}

    def load(self, state: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self.best = Best(**state["best"]) if state["best"] else None
