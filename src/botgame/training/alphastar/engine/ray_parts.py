"""A learning player whose matches run in the actors of a Ray cluster, and which learns in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered, Rollout
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.ray_flights import Flights
from botgame.training.alphastar.engine.resharding import reshard

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.ray_engine import RayEngine


class RayParts(Parts):
    """One part, this process's, holds all sequences; `actors` of them act for it."""

    def __init__(self, engine: RayEngine[Any], player: str, actors: int) -> None:
        super().__init__(engine.here, player, 1)
        self._engine, self._flights = engine, Flights(engine, player, actors)
        self.publish()

    def collect(self, version: int) -> list[Gathered]:
        """Take rollouts until an iteration's sequences are there; each actor goes on at once with the next one."""
        wanted, rollouts = self.own.wanted, list[Rollout]()
        self._flights.start(version)
        while sum(rollout.sequences for rollout in rollouts) < wanted:
            rollouts += self._flights.land()
            self._flights.start(version)
        return [self.own.receive(rollouts)]

    def publish(self) -> None:
        """Let the actors have the player's weights, which have changed here, with their next rollouts."""
        self._engine.publish(self._player)

    def snapshot(self) -> list[dict[str, Any]]:
        """The replay buffer, and the number from which on matches are new: running ones are not kept."""
        return [{"skip": self._engine.begun, "replay_buffer": self.own.replay_buffer.snapshot()}]

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Go on from what any engine left; matches begin anew."""
        (given,) = reshard(snapshots, 1)
        self._engine.skip(given["skip"])
        self.own.restore(given)
