"""Actors of a Ray cluster act, this process learns: it alone owns weights, optimiser, replay buffer, league and files.

Each actor has one rollout of every learning player under way at most, so nothing piles up. While this process learns,
they go on with the weights of the update before; which rollout comes first depends on the machines, so a run does not
repeat exactly. Weights go to the cluster's object store once an update, and each machine fetches them from there once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic

import torch

from botgame.training.alphastar.engine.acting import Order
from botgame.training.alphastar.engine.blocks import Blocks
from botgame.training.alphastar.engine.messages import packed
from botgame.training.alphastar.engine.plan import Key, Plan
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.processes import Make, Own, Processes
from botgame.training.alphastar.engine.ray_actor import RayActor, arrays_of
from botgame.training.alphastar.engine.ray_cluster import RayCluster
from botgame.training.alphastar.engine.ray_parts import RayParts
from botgame.wording import counted


class RayEngine(Generic[Own]):
    """Has the face of `Processes`, which is an `Engine` too. `worker`: of this process, learns and does not act."""

    keeps_matches = False

    def __init__(self, cluster: RayCluster, worker: Own, make: Make, given: Sequence[Any], threads: int) -> None:
        """`threads`: of the learner. For the others see `Processes`."""
        torch.set_num_threads(threads)
        self.worker, self.size, self.ray = worker, cluster.size, cluster.ray
        self.here = Processes[Own](worker)
        self.words = counted(self.size, "Ray actor")
        self._cluster, self.blocks, self._updates = cluster, Blocks(), 0
        self._live: dict[str, Key] = {}
        self._lasting: dict[str, set[Key]] = {}  # what the last plan of each player names
        self._refs: dict[Key, Any] = {}
        remote = self.ray.remote(RayActor).options(num_cpus=1, max_restarts=-1, max_task_retries=0)
        path = [str(Path(folder).resolve()) for folder in sys.path]
        self._work = self.ray.put(packed((make, tuple(given))))  # kept: a lost actor starts again from it
        self._actors = [remote.remote(Place(rank, self.size), path) for rank in range(self.size)]

    def everywhere(self, method: str, *given: Any) -> list[Any]:
        """The result of a method of the worker; actors hear of what it changed with their next rollout."""
        return self.here.everywhere(method, *given)

    def parts(self, player: str, size: int) -> RayParts:
        """The parts of `player` in the first `size` actors."""
        return RayParts(self, player, size)

    def publish(self, player: str) -> None:
        """Let actors have the weights of a learning player, which have changed here."""
        if player in self._live:
            self._refs.pop(self._live[player], None)  # the store keeps it for those who still use it
        self._updates += 1
        self._live[player] = ("live", player, self._updates)
        self._refs[self._live[player]] = self._put(self.worker.networks[player].state_dict())

    def rollout(self, rank: int, player: str, block: int, version: int, *, first: bool) -> Any:
        """Ask an actor for a rollout; returns the reference of its result. See `Order`."""
        plan = self.worker.plan(player)
        self._keep(player, plan)
        live = {name: self._live[name] for name in plan.live}
        refs = {key: self._refs[key] for key in (*live.values(), *plan.lasting)}
        order = Order(player, block, first, version, live, plan.details)
        return self._actors[rank].rollout.remote(order, refs, [self._work])

    def _keep(self, player: str, plan: Plan) -> None:
        """Publish what the plan names, and take back what no player's last plan does."""
        self._lasting[player] = set(plan.lasting)
        for key, made in plan.lasting.items():
            if key not in self._refs:
                self._refs[key] = self._put(made())
        wanted = {*self._live.values()}.union(*self._lasting.values())
        self._refs = {key: ref for key, ref in self._refs.items() if key in wanted}

    def close(self) -> None:
        """End the actors and leave the cluster."""
        for actor in self._actors:
            self.ray.kill(actor)
        self._actors.clear()
        self._cluster.close()

    def _put(self, tree: Any) -> Any:
        return self.ray.put(arrays_of(tree))
