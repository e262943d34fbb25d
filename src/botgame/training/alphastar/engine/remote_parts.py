"""A learning player whose matches run in other workers, and which learns in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from botgame.training.alphastar.engine.blocks import Blocks
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.processes import Processes
from botgame.training.alphastar.engine.resharding import reshard


class RemoteEngine(Protocol):
    """The engine of those workers. here: this process alone; blocks: of match numbers."""

    here: Processes[Any]
    blocks: Blocks

    def publish(self, player: str) -> None:
        """Let the workers act with the weights of a learning player, which have changed here."""


class RemoteParts(Parts):
    """One part, this process's, holds all sequences; how it gets them is up to each engine."""

    def __init__(self, engine: RemoteEngine, player: str) -> None:
        super().__init__(engine.here, player, 1)
        self._remote = engine

    def publish(self) -> None:
        """Let the workers act with the player's weights, which have changed here, from their next rollouts on."""
        self._remote.publish(self._player)

    def snapshot(self) -> list[dict[str, Any]]:
        """The replay buffer, and the number from which on matches are new."""
        return [{"skip": self._remote.blocks.begun, "replay_buffer": self.own.replay_buffer.snapshot()}]

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Go on with the sequences that any engine left; what becomes of matches is up to each engine."""
        given = snapshots[0] if "skip" in snapshots[0] else reshard(snapshots, 1)[0]
        self._remote.blocks.skip(given["skip"])
        self.own.restore(given)
