"""Before and after: a bot and what it became, against each other and against the game's yardstick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from botgame.game import Game, Policy
from botgame.policies import load_policy
from botgame.rng import derive
from botgame.training.evaluation.duels import Tally, mirrored_results
from botgame.training.evaluation.held_out import TOLERATED_LOSS

FORMAT = "botgame-comparison-1"
_HEAD_TO_HEAD, _YARDSTICK = 1, 2  # purposes of seeds


class Comparison(NamedTuple):
    """What was played. head_to_head: after against before; before, after: each against the yardstick, on one seed."""

    yardstick: str
    head_to_head: Tally
    before: Tally
    after: Tally

    @property
    def is_better(self) -> bool:
        """Whether the bot became better beyond doubt, and wins at most `TOLERATED_LOSS` less against the yardstick."""
        kept = self.after.win_rate >= self.before.win_rate - TOLERATED_LOSS
        return self.head_to_head.interval[0] > 0.5 and kept

    @property
    def reason(self) -> str:
        """Why it is not better, in words."""
        low, high = self.head_to_head.interval
        if high < 0.5:
            return "it loses to what it was before"
        if low <= 0.5:
            return "against what it was before, the interval holds 50 %"
        return f"it wins less against {self.yardstick} than before"

    def lines(self, before: str, after: str) -> list[str]:
        """For the console; the arguments are the names of both bots."""
        return [
            f"before: {before} against {self.yardstick}: {self.before}",
            f"after: {after} against {self.yardstick}: {self.after}",
            f"head to head: {after} against {before}: {self.head_to_head}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        figures = {name: getattr(self, name).to_dict() for name in ("head_to_head", "before", "after")}
        return {"format": FORMAT, "yardstick": self.yardstick, "is_better": self.is_better, **figures}


def compare(
    game: Game, before: Policy, after: Policy, matches: int, seed: int, on_match: Callable[[], object]
) -> Comparison:
    """Play `matches` mirrored duels of each kind; `on_match` is called after each."""
    yardstick = load_policy(game, game.yardstick)
    rated = derive(seed, _YARDSTICK)
    return Comparison(
        game.yardstick,
        mirrored_results(game, after, before, matches, derive(seed, _HEAD_TO_HEAD), on_match),
        mirrored_results(game, before, yardstick, matches, rated, on_match),
        mirrored_results(game, after, yardstick, matches, rated, on_match),
    )
