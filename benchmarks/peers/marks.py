"""When a learner is measured: after so many minutes of CPU time of its own, in duels that it does not pay for."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from botgame.game import Decide, Game, Policy, ScriptedPolicy
from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.held_out import evaluate

DUELS = 200
SEED = 0


class Mark(NamedTuple):
    """Where a learner stood: CPU minutes, decisions, and its duels against the yardstick."""

    minutes: float
    decisions: int
    duels: Tally

    def __str__(self) -> str:
        return f"{self.minutes:.2f} CPU minutes, {self.decisions:,} decisions: {self.duels}"


def judged(game: Game, policy: Policy, duels: int = DUELS) -> Tally:
    """Mirrored duels against the game's yardstick, on seeds that no learner trains on; the same for all."""
    yardstick = game.yardstick
    return evaluate(game, policy, {yardstick: game.bots[yardstick]()}, duels, SEED)[yardstick]


class Marks:
    """Measures a learner of `game` in this process after each of `minutes`, and says so. `taken`: the marks so far."""

    def __init__(self, game: Game, minutes: Sequence[float], duels: int = DUELS) -> None:
        self._game, self._left, self._duels = game, sorted(minutes), duels
        self._start = time.process_time()
        self.taken: list[Mark] = []

    def passed(self, decisions: int, decide: Decide) -> bool:
        """To be called now and then: measures when it is time. Whether all marks are taken."""
        spent = time.process_time() - self._start
        while self._left and spent >= 60 * self._left[0]:
            duels = judged(self._game, ScriptedPolicy("peer", decide), self._duels)
            self.taken.append(Mark(spent / 60, decisions, duels))
            self._left.pop(0)
            print(self.taken[-1], file=sys.stderr, flush=True)
        self._start = time.process_time() - spent  # duels cost the learner nothing
        return not self._left
