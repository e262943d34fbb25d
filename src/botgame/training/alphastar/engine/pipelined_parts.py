"""A learning player for which other processes act while this one learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered
from botgame.training.alphastar.engine.remote_parts import RemoteParts
from botgame.training.alphastar.engine.rollout import Rollout

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

    def snapshot(self) -> list[dict[str, Any]]:
        """Exact state: the replay buffer, the rollouts to take next, and the matches as they stand behind them."""
        (own,) = super().snapshot()
        return [{**own, "acting": self._engine.snapshot(self._player, self._actors)} if self._ordered else own]

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Inverse of `snapshot`. After another engine or another number of processes, matches begin anew."""
        acting: dict[str, Any] = snapshots[0].get("acting", {})
        self._ordered = len(acting.get("matches", [])) == self._actors
        super().restore(snapshots)
        self._engine.begin(self._player)
        if self._ordered:
            self._engine.restore(self._player, acting)
