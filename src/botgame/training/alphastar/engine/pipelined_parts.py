"""A learning player for which other processes act while this one learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered, Rollout
from botgame.training.alphastar.engine.remote_parts import RemoteParts

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.pipelined_engine import PipelinedEngine


class PipelinedParts(RemoteParts):
    """One part, this process's, holds all sequences; `actors` processes act for it."""

    def __init__(self, engine: PipelinedEngine[Any], player: str, actors: int) -> None:
        super().__init__(engine, player)
        self._engine, self._actors = engine, actors
        self._ordered = False
        engine.begin(player)
        self.publish()

    def collect(self, version: int) -> list[Gathered]:
        """Take a rollout of every process, more until there are enough to begin with, and ask for the next ones."""
        wanted, rollouts = self.own.wanted, list[Rollout]()
        while sum(rollout.sequences for rollout in rollouts) < wanted:
            if not self._ordered:
                self._engine.order(self._player, self._actors, version)
            rollouts += self._engine.rollouts(self._player, self._actors)
            self._engine.order(self._player, self._actors, version)
            self._ordered = True
        return [self.own.receive(rollouts)]

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Go on from what any engine left; matches begin anew."""
        super().restore(snapshots)
        self._engine.begin(self._player)
        self._ordered = False
