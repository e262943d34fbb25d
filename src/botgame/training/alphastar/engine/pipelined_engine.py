"""Other processes act for the next iteration while this one learns from the last: two cores then do both at once.

What they act with is one iteration older than in `Processes`, which only acts or learns. Every process gets its orders
in a fixed order and each iteration takes one rollout of each, so a run repeats exactly for the same number of
processes. A process has one order at a time, so nothing piles up. A commit waits for the rollouts under way and keeps
them, and the matches as they stand behind them, so a run also resumes exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.util import Finalize
from typing import Any, Generic

import torch

from botgame.errors import UserError
from botgame.training.alphastar.engine.acting import ActingWorker, Order
from botgame.training.alphastar.engine.blocks import Blocks
from botgame.training.alphastar.engine.child_process import ChildProcess, Line
from botgame.training.alphastar.engine.messages import packed, unpacked
from botgame.training.alphastar.engine.pipelined_parts import PipelinedParts
from botgame.training.alphastar.engine.plan import ForgottenError, Key, Plan
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.processes import Make, Own, Processes, answer, end, result_of
from botgame.training.alphastar.engine.rollout import Rollout


class PipelinedEngine(Generic[Own]):
    """`size` processes act, this one learns. `worker`: of this process; make, given: as of `Processes`."""

    keeps_matches = True

    def __init__(self, worker: Own, size: int, make: Make, given: Sequence[Any]) -> None:
        """The processes start beside what this one does next. The caller closes them."""
        self.worker, self.size = worker, size
        self.here = Processes[Own](worker)
        self.words = f"{size + 1} processes, of which one learns"
        self.blocks, self._updates = Blocks(), 0
        self._block: dict[str, int] = {}  # of each player's matches
        self._weights: dict[str, tuple[Key, dict[str, torch.Tensor]]] = {}
        self._children = [ChildProcess() for _ in range(size)]
        for rank, child in enumerate(self._children):
            child.send(packed((_serve, (make, Place(rank, size), tuple(given)))))
        self._held: list[dict[str, set[Key]]] = [{} for _ in self._children]  # what each player's last plan names
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
        if player not in self._block:
            self._block[player] = self.blocks.new()
        for rank in range(size):
            self._hear(rank)
            first = (rank, player) not in self._begun
            order = Order(player, self._block[player], first, version, live, plan.details)
            self._send(rank, "rollout", (order,), *self._news(rank, player, plan, weights))
            self._begun.add((rank, player))
            self._away[rank] = player

    def rollouts(self, player: str, size: int) -> list[Rollout]:
        """What the first `size` processes have acted since the last `order`; waits for it."""
        for rank in range(size):
            if (rank, player) not in self._there:
                self._hear(rank)
        return [self._there.pop((rank, player)) for rank in range(size)]

    def begin(self, player: str) -> None:
        """Let the next `order` begin with new matches; what is under way belongs to those before and is left."""
        for rank in range(self.size):
            if self._away[rank] == player:
                self._hear(rank)
            self._there.pop((rank, player), None)
            self._begun.discard((rank, player))
        self._block.pop(player, None)

    def snapshot(self, player: str, size: int) -> dict[str, Any]:
        """Exact state of what the first `size` processes act for a player that `order` was called for.

        rollouts: as `rollouts` will return them; matches: of each process, after its rollout. lasting: what these need
        of plans, beside what the present one names.
        """
        known = set(self.worker.plan(player).lasting)
        for rank in range(size):
            self._hear(rank)
            self._send(rank, "snapshot", (player, known), self._kept(rank), {})
        states = [result_of(child) for child in self._children[:size]]
        return {
            "block": self._block[player],
            "rollouts": [self._there[rank, player].snapshot() for rank in range(size)],
            "matches": [matches for matches, _ in states],
            "lasting": {key: value for _, lasting in states for key, value in lasting.items()},
        }

    def restore(self, player: str, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`, after `begin`."""
        plan, block = self.worker.plan(player), int(snapshot["block"])
        for rank, matches in enumerate(snapshot["matches"]):
            given = (player, block, plan.details, matches)
            self._send(rank, "restore", given, *self._news(rank, player, plan, snapshot["lasting"]))
        for rank, rollout in enumerate(snapshot["rollouts"]):
            result_of(self._children[rank])
            self._there[rank, player] = Rollout.restore(rollout)
            self._begun.add((rank, player))
        self._block[player] = block

    def close(self) -> None:
        """End the processes."""
        self._close()

    def _news(self, rank: int, player: str, plan: Plan, weights: dict[Key, Any]) -> tuple[set[Key], dict[Key, Any]]:
        """Keys of what a process holds that some player's last plan names, and what this plan names beside them."""
        before = self._kept(rank)
        self._held[rank][player] = set(plan.lasting)
        kept = before & self._kept(rank)
        return kept, weights | {key: made() for key, made in plan.lasting.items() if key not in kept}

    def _kept(self, rank: int) -> set[Key]:
        """Keys of what a process holds, the weights of learning players aside."""
        return set[Key]().union(*self._held[rank].values())

    def _send(self, rank: int, method: str, given: tuple[Any, ...], kept: set[Key], told: dict[Key, Any]) -> None:
        """Call a method of a process's `ActingWorker`, which holds only what `kept` and `told` name from now on."""
        self._children[rank].send(packed((method, given, kept, told)))

    def _hear(self, rank: int) -> None:
        """Take what a process is acting, if anything. Raises UserError when it has died or met a user's mistake."""
        player = self._away[rank]
        if player is None:
            return
        self._away[rank] = None
        rollout = result_of(self._children[rank])
        if rollout is None:
            raise UserError(f"a frozen opponent of {player} is missing: put its file back, then add --resume")
        self._there[rank, player] = rollout


def _end(children: list[ChildProcess]) -> None:
    """End them in the middle of their rollouts, which nobody waits for any more."""
    for child in children:
        child.kill()
    end(children)


def _serve(line: Line, make: Make, place: Place, given: tuple[Any, ...]) -> None:
    """Run a process that acts: one order after another until the parent hangs up."""
    torch.set_num_threads(1)
    published: dict[Key, Any] = {}

    def fetch(key: Key) -> Any:
        if key not in published:
            raise ForgottenError(key)
        return published[key]

    acting = ActingWorker(lambda: make(place, None, *given), fetch)
    while (message := line.receive()) is not None:
        method, given_now, kept, told = unpacked(message)
        published = {key: published[key] for key in kept} | told
        line.send(answer(lambda: getattr(acting, method)(*given_now)))  # noqa: B023 - called at once
