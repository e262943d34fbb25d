"""What one process of a run holds: networks, and its part of every learning player. Each kind of run has its own."""

from __future__ import annotations

from typing import Any

from botgame.training.alphastar.engine.exchange import Exchange
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.plan import Fetch, Plan
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics
from botgame.training.alphastar.network.network import Network


class Worker:
    """Networks and parts by learning player; a process may have no part of a player with few matches.

    `plan`, `begin`, `follow`, `snapshot` and `restore` are of those kinds of runs for which other workers can act.
    """

    def __init__(self, networks: dict[str, Network], exchange: Exchange | None = None) -> None:
        """exchange: with the parent; None in the parent itself."""
        self.networks, self.parts = networks, dict[str, Part]()
        self._exchange = exchange

    def of_part(self, player: str, method: str, *given: Any) -> Any:
        """What a method of this process's part of `player` returns."""
        return getattr(self.parts[player], method)(*given)

    def plan(self, player: str) -> Plan:
        """How to act for `player` now, for a worker in another process that shares no memory with this one."""
        raise NotImplementedError

    def begin(self, player: str, details: Any, fetch: Fetch) -> None:
        """Begin the work of `player` as a plan's `details` say, without running matches."""
        raise NotImplementedError

    def follow(self, player: str, details: Any, fetch: Fetch) -> None:
        """Meet the opponents that a plan's `details` name from now on; those that learn have networks then."""
        raise NotImplementedError

    def snapshot(self, player: str) -> dict[str, Any]:
        """Exact state of the matches of `player` that run here, between two rollouts."""
        return {"actor": self.parts[player].actor.snapshot()}

    def restore(self, player: str, details: Any, snapshot: dict[str, Any], fetch: Fetch) -> None:
        """Inverse of `snapshot`, after `begin`. details: of a plan that was made since the last rollout began."""
        self.follow(player, details, fetch)
        self.parts[player].actor.restore(snapshot["actor"])

    def settle(self, player: str) -> None:
        """Give the player's network the weights that the parent has published."""
        if self._exchange:
            self._exchange.fetch(self.networks[player])

    def gradient(self, player: str, number: int, options: GradientOptions) -> Metrics | None:
        """Leave this part's share of the gradient of a minibatch for the parent; returns what `Part.gradient` does."""
        assert self._exchange is not None
        self.settle(player)
        metrics = self.parts[player].gradient(number, options)
        if metrics is None:
            self._exchange.leave_nothing()
        else:
            self._exchange.leave(self.networks[player])
        return metrics
