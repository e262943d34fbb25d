"""An actor of a Ray cluster: plays its share of the matches of every learning player, and returns whole rollouts.

It owns nothing that a run would miss. Its running matches are void when it is lost, and it may be started again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import ray
import torch

from botgame.errors import UserError
from botgame.training.alphastar.engine.messages import unpacked
from botgame.training.alphastar.engine.part import Rollout
from botgame.training.alphastar.engine.plan import Key
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.worker import Worker

BLOCK = 2**32  # more matches than an actor begins in its life
REMEMBERED = 64  # keys of earlier plans: opponents in running matches may have to be fetched again


class Order(NamedTuple):
    """One rollout to make for `player`.

    block: the player's matches here have the numbers from `block` * BLOCK on; first: it is the first rollout with them.
    version: of the learner. live: the keys of the weights of learning players. refs: where what a key names lies.
    """

    player: str
    block: int
    first: bool
    version: int
    live: dict[str, Key]
    refs: dict[Key, Any]
    details: Any


class Refused(NamedTuple):
    """What a user can put right: the message and the exit code of a UserError."""

    message: str
    code: int


class _ForgottenError(Exception):
    """An opponent of a running match is in no plan any more, and was too long ago in one."""


class RayActor:
    """work: `packed` (make, place, given); the worker is `make(place, None, *given)`. path: where modules are found."""

    def __init__(self, work: bytes, path: Sequence[str]) -> None:
        torch.set_num_threads(1)
        sys.path += [folder for folder in path if folder not in sys.path]
        self._work = work
        self._worker: Worker | None = None
        self._blocks: dict[str, int] = {}
        self._live: dict[str, Key] = {}
        self._refs: dict[Key, Any] = {}

    def rollout(self, order: Order) -> Rollout | Refused | None:
        """Act; None where this actor cannot go on with the order's block, as it has been started anew since."""
        try:
            return self._rollout(order)
        except _ForgottenError:
            self._blocks.pop(order.player, None)
            return None
        except UserError as error:
            return Refused(str(error), error.code)

    def _rollout(self, order: Order) -> Rollout | None:
        if self._blocks.get(order.player) != order.block and not order.first:
            return None
        worker = self._worker = self._worker or self._made()
        self._remember(order.refs)
        if self._blocks.get(order.player) != order.block:
            worker.begin(order.player, order.details, self._fetch)
            for environment in worker.parts[order.player].environments:
                environment.numbers.skip(order.block * BLOCK)
            self._live.pop(order.player, None)
            self._blocks[order.player] = order.block
        worker.follow(order.player, order.details, self._fetch)
        self._load(worker, order.live)
        return worker.parts[order.player].roll(order.version)

    def _made(self) -> Worker:
        work: tuple[Callable[..., Worker], Place, tuple[Any, ...]] = unpacked(self._work)
        make, place, given = work
        return make(place, None, *given)

    def _load(self, worker: Worker, live: dict[str, Key]) -> None:
        """Give the networks of learning players their present weights."""
        for name, key in live.items():
            if self._live.get(name) != key:
                worker.networks[name].load_state_dict(self._fetch(key))
                self._live[name] = key

    def _remember(self, refs: dict[Key, Any]) -> None:
        earlier = [key for key in self._refs if key[0] != "live" and key not in refs]
        self._refs = {key: self._refs[key] for key in earlier[-REMEMBERED:]} | refs

    def _fetch(self, key: Key) -> Any:
        if key not in self._refs:
            raise _ForgottenError(key)
        return tensors_of(ray.get(self._refs[key]))


def arrays_of(tree: Any) -> Any:
    """A tree of tensors with their memory as arrays, to publish."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu().numpy()
    if isinstance(tree, dict):
        return {key: arrays_of(value) for key, value in tree.items()}
    return tree


def tensors_of(tree: Any) -> Any:
    """Inverse of `arrays_of`, with memory of its own."""
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree.copy())
    if isinstance(tree, dict):
        return {key: tensors_of(value) for key, value in tree.items()}
    return tree
