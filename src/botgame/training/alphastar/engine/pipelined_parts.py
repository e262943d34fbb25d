"""A learning player for which other processes act while this one learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered, Rollout
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.resharding import reshard

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.pipelined_engine import PipelinedEngine


class PipelinedParts(Parts):
    """One part, this process's, holds all sequences; `actors` processes act for it."""

    def __init__(self, engine: PipelinedEngine[Any], player: str, actors: int) -> None:
        super().__init__(engine.here, player, 1)
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

    def publish(self) -> None:
        """Let the processes act with the player's weights, which have changed here, from their next rollouts on."""
        self._engine.publish(self._player)

    def snapshot(self) -> list[dict[str, Any]]:
        """The replay buffer, and the number from which on matches are new: running ones are not kept."""
        return [{"skip": self._engine.begun, "replay_buffer": self.own.replay_buffer.snapshot()}]

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Go on from what any engine left; matches begin anew."""
        (given,) = reshard(snapshots, 1)
        self._engine.skip(given["skip"])
        self._engine.begin(self._player)
        self._ordered = False
        self.own.restore(given)
