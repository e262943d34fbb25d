"""Acting for learning players whose weights, replay buffers and leagues are elsewhere: a worker that takes orders.

It owns nothing that a run would miss. When it is lost its running matches are void, and it may be started again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from botgame.training.alphastar.engine.blocks import BLOCK
from botgame.training.alphastar.engine.part import Rollout
from botgame.training.alphastar.engine.plan import Fetch, ForgottenError, Key
from botgame.training.alphastar.engine.worker import Worker


class Order(NamedTuple):
    """One rollout to make for `player`.

    block: the player's matches here have the numbers from `block` * BLOCK on; first: it is the first rollout with them.
    version: of the learner. live: the keys of the weights of learning players. details: see `Plan`.
    """

    player: str
    block: int
    first: bool
    version: int
    live: dict[str, Key]
    details: Any


class ActingWorker:
    """Obeys orders with a worker that is made when the first one comes. fetch: what was published under a key."""

    def __init__(self, make: Callable[[], Worker], fetch: Fetch) -> None:
        self._make, self._fetch = make, fetch
        self._worker: Worker | None = None
        self._blocks: dict[str, int] = {}
        self._live: dict[str, Key] = {}

    def rollout(self, order: Order) -> Rollout | None:
        """Act; None where this worker cannot go on with the order's block, as after it was made anew."""
        try:
            return self._rollout(order)
        except ForgottenError:
            self._blocks.pop(order.player, None)
            return None

    def _rollout(self, order: Order) -> Rollout | None:
        player = order.player
        if self._blocks.get(player) != order.block and not order.first:
            return None
        worker = self._worker = self._worker or self._make()
        if self._blocks.get(player) != order.block:
            self._begin(worker, order)
        worker.follow(player, order.details, self._fetch)
        self._load(worker, order.live)
        return worker.parts[player].roll(order.version)

    def _begin(self, worker: Worker, order: Order) -> None:
        """Begin a player's matches, with numbers of their own."""
        worker.begin(order.player, order.details, self._fetch)
        for environment in worker.parts[order.player].environments:
            environment.numbers.skip(order.block * BLOCK)
        self._live.pop(order.player, None)
        self._blocks[order.player] = order.block

    def _load(self, worker: Worker, live: dict[str, Key]) -> None:
        """Give the networks of learning players their present weights."""
        for name, key in live.items():
            if self._live.get(name) != key:
                worker.networks[name].load_state_dict(self._fetch(key))
                self._live[name] = key
