"""Other processes act for the next iteration while this one learns from the last: two cores then do both at once.

What they act with is one update older than in `Processes`, which only acts or learns. Every process gets its orders in
a fixed order and each iteration takes one rollout of each, so a run repeats exactly for the same number of processes.
A process has one order at a time, so nothing piles up.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.util import Finalize
from typing import Any, Generic

import torch

from botgame.training.alphastar.engine.acting import BLOCK, ActingWorker, Order
from botgame.training.alphastar.engine.child_process import ChildProcess, Line
from botgame.training.alphastar.engine.messages import packed, unpacked
from botgame.training.alphastar.engine.part import Rollout
from botgame.training.alphastar.engine.pipelined_parts import PipelinedParts
from botgame.training.alphastar.engine.plan import Key, Plan
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.processes import Make, Own, Processes, answer, end, result_of


class PipelinedEngine(Generic[Own]):
    """`size` processes act, this one learns. `worker`: of this process; make, given: as of `Processes`."""

    repeats = False  # going on begins new matches

    def __init__(self, worker: Own, size: int, make: Make, given: Sequence[Any]) -> None:
        """The processes start beside what this one does next. The caller closes them."""
        self.worker, self.size = worker, size
        self.here = Processes[Own](worker)
        self.words = f"{size + 1} processes, of which one learns"
        self._updates, self._new_block = 0, 0
        self._blocks: dict[str, int] = {}
        self._weights: dict[str, tuple[Key, dict[str, torch.Tensor]]] = {}
        self._children = [ChildProcess() for _ in range(size)]
        for rank, child in enumerate(self._children):
            child.send(packed((_serve, (make, Place(rank, size), tuple(given)))))
        self._sent: list[set[Key]] = [set() for _ in self._children]
        self._away: list[str | None] = [None] * size  # whom each process acts for
        self._begun: set[tuple[int, str]] = set()
        self._there: dict[tuple[int, str], Rollout] = {}  # rollouts that came before they were asked for
        self._close = Finalize(self, _end, [self._children], exitpriority=0)

    def everywhere(self, method: str, *given: Any) -> list[Any]:
        """The result of a method of the worker; the others hear of what it changed with their next order."""
        return self.here.everywhere(method, *given)

    def parts(self, player: str, size: int) -> PipelinedParts:
        """The parts of `player`, for which `size` processes act."""
        return PipelinedParts(self, player, size)

    def publish(self, player: str) -> None:
        """Let the processes act with the weights of a learning player, which have changed here, from now on."""
        self._updates += 1
        weights = self.worker.networks[player].state_dict()
        copies = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
        self._weights[player] = ("live", player, self._updates), copies

    def order(self, player: str, size: int, version: int) -> None:
        """Ask the first `size` processes for a rollout each, with the present weights."""
        plan = self.worker.plan(player)
        live = {name: self._weights[name][0] for name in plan.live}
        weights = dict(self._weights[name] for name in plan.live)
        for rank in range(size):
            self._hear(rank)
            first = (rank, player) not in self._begun
            order = Order(player, self._blocks[player], first, version, live, plan.details)
            self._children[rank].send(packed((order, weights | self._news(rank, plan))))
            self._begun.add((rank, player))
            self._away[rank] = player

    def rollouts(self, player: str, size: int) -> list[Rollout]:
        """What the first `size` processes have acted since the last `order`; waits for it."""
        for rank in range(size):
            if (rank, player) not in self._there:
                self._hear(rank)
        return [self._there.pop((rank, player)) for rank in range(size)]

    def begin(self, player: str) -> None:
        """Begin with new matches of a player; what is under way belongs to those before and is left."""
        for rank in range(self.size):
            if self._away[rank] == player:
                self._hear(rank)
            self._there.pop((rank, player), None)
            self._begun.discard((rank, player))
        self._blocks[player] = self._new_block
        self._new_block += 1

    @property
    def begun(self) -> int:
        """Numbers from here on are those of no match yet."""
        return self._new_block * BLOCK

    def skip(self, begun: int) -> None:
        """Leave out the numbers before `begun`, for players that begin from now on."""
        self._new_block = max(self._new_block, -(-begun // BLOCK))

    def close(self) -> None:
        """End the processes."""
        self._close()

    def _news(self, rank: int, plan: Plan) -> dict[Key, Any]:
        """What a plan names that a process has not been sent yet."""
        missing = plan.lasting.keys() - self._sent[rank]
        self._sent[rank] |= missing
        return {key: plan.lasting[key]() for key in missing}

    def _hear(self, rank: int) -> None:
        """Take what a process is acting, if anything. Raises UserError when it has died or met a user's mistake."""
        player = self._away[rank]
        if player is not None:
            self._away[rank] = None
            self._there[rank, player] = result_of(self._children[rank])


def _end(children: list[ChildProcess]) -> None:
    """End them in the middle of their rollouts, which nobody waits for any more."""
    for child in children:
        child.kill()
    end(children)


def _serve(line: Line, make: Make, place: Place, given: tuple[Any, ...]) -> None:
    """Run a process that acts: one order after another until the parent hangs up."""
    torch.set_num_threads(1)
    published: dict[Key, Any] = {}
    acting = ActingWorker(lambda: make(place, None, *given), published.__getitem__)
    while (message := line.receive()) is not None:
        order, told = unpacked(message)
        _forget_weights(published)
        published.update(told)
        line.send(answer(lambda: acting.rollout(order)))  # noqa: B023 - called at once


def _forget_weights(published: dict[Key, Any]) -> None:
    """Those of learning players come with every order; frozen ones come once, and running matches may need them."""
    for key in [key for key in published if key[0] == "live"]:
        del published[key]
