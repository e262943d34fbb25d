"""A learning player whose matches run in the actors of a Ray cluster, and which learns in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered
from botgame.training.alphastar.engine.ray_flights import Flights
from botgame.training.alphastar.engine.remote_parts import RemoteParts
from botgame.training.alphastar.engine.rollout import Rollout

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.ray_engine import RayEngine


class RayParts(RemoteParts):
    """One part, this process's, holds all sequences; `actors` of them act for it."""

    def __init__(self, engine: RayEngine[Any], player: str, actors: int) -> None:
        super().__init__(engine, player)
        self._flights = Flights(engine, player, actors)
        self.publish()

    def collect(self, version: int) -> list[Gathered]:
        """Take rollouts until an iteration's sequences are there; each actor goes on at once with the next one."""
        wanted, rollouts = self.own.wanted, list[Rollout]()
        self._flights.start(version)
        while sum(rollout.sequences for rollout in rollouts) < wanted:
            rollouts += self._flights.land()
            self._flights.start(version)
        return [self.own.receive(rollouts)]
