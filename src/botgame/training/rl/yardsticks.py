"""The judge of `alphastar_rl`: the game's yardstick, the policy at the start, and the best version so far."""

from __future__ import annotations

from typing import Any

from botgame import rng
from botgame.game import Policy
from botgame.policies import load_policy
from botgame.training.evaluation.held_out import (
    BEST,
    START,
    Best,
    evaluate,
    evaluation_lines,
    evaluation_metrics,
    is_better,
    successor,
)
from botgame.training.rl.setting import RLSetting, Version


class Yardsticks:
    """A version becomes the best when it beats that one and holds against the yardstick (see `held_out`).

    Each evaluation has seeds of its own: on the same ones, the best would be the version that suits these seeds.
    """

    def __init__(self, setting: RLSetting, matches: int) -> None:
        """`matches`: held-out duels against each rival."""
        self.best: Best | None = None
        self._setting, self._matches = setting, matches
        self._yardstick = load_policy(setting.game, setting.game.yardstick)

    def evaluate(self, version: Version) -> dict[str, float]:
        """Meet every rival; prints the table and returns metrics."""
        setting, yardstick = self._setting, self._setting.game.yardstick
        rivals: dict[str, Policy] = {yardstick: self._yardstick, START: setting.policy(setting.origin.weights)}
        if self.best:
            rivals[BEST] = setting.policy(self.best.weights)
        policy = setting.policy(version.weights)
        seed = rng.derive(setting.seed, version.iteration)
        tallies = evaluate(setting.game, policy, rivals, self._matches, seed, setting.threads)
        if is_better(tallies, self.best, yardstick):
            self.best = successor(self.best, version.iteration, tallies[yardstick].win_rate, version.weights)
        best = self.best.iteration if self.best else 0
        print(f"evaluation after iteration {version.iteration} (best so far: iteration {best})")
        print("\n".join(evaluation_lines(tallies)))
        return evaluation_metrics(tallies)

    def snapshot(self) -> dict[str, Any]:
        """The best version."""
        return {"best": self.best.snapshot() if self.best else None}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self.best = Best(**snapshot["best"]) if snapshot["best"] else None
