"""Acting for learning players whose weights, replay buffers and leagues are elsewhere: a worker that takes orders.

It owns nothing but running matches, which may be saved and restored. When it is lost they are void, and it may be
started again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from botgame.training.alphastar.engine.blocks import BLOCK
from botgame.training.alphastar.engine.plan import Fetch, ForgottenError, Key
from botgame.training.alphastar.engine.rollout import Rollout
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

    def snapshot(self, player: str, known: Collection[Key]) -> tuple[dict[str, Any], dict[Key, Any]]:
        """Exact state of a player's matches, and what a plan named for them that is not `known` to who asks."""
        assert self._worker is not None
        lasting = self._worker.plan(player).lasting
        return self._worker.snapshot(player), {key: made() for key, made in lasting.items() if key not in known}

    def restore(self, player: str, block: int, details: Any, snapshot: dict[str, Any]) -> None:
        """Go on with a player's matches as `snapshot` left them. details: of a plan, see `Worker.restore`."""
        worker = self._worker = self._worker or self._make()
        self._begin(worker, player, block, details)
        worker.restore(player, details, snapshot, self._fetch)

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
            self._begin(worker, player, order.block, order.details)
        worker.follow(player, order.details, self._fetch)
        self._load(worker, order.live)
        return worker.parts[player].roll(order.version)

    def _begin(self, worker: Worker, player: str, block: int, details: Any) -> None:
        """Begin a player's matches, with numbers of their own."""
        worker.begin(player, details, self._fetch)
        for environment in worker.parts[player].environments:
            environment.numbers.skip(block * BLOCK)
        self._live.pop(player, None)
        self._blocks[player] = block

    def _load(self, worker: Worker, live: dict[str, Key]) -> None:
        """Give the networks of learning players their present weights."""
        for name, key in live.items():
            if self._live.get(name) != key:
                worker.networks[name].load_state_dict(self._fetch(key))
                self._live[name] = key
