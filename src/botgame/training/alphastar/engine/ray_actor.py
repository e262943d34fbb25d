"""An actor of a Ray cluster: plays its share of the matches of every learning player, and returns whole rollouts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import ray
import torch

from botgame.errors import UserError
from botgame.training.alphastar.engine.acting import ActingWorker, Order
from botgame.training.alphastar.engine.messages import unpacked
from botgame.training.alphastar.engine.plan import ForgottenError, Key
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.rollout import Rollout
from botgame.training.alphastar.engine.worker import Worker

REMEMBERED = 64  # keys of earlier plans: opponents in running matches may have to be fetched again


class Refused(NamedTuple):
    """What a user can put right: the message and the exit code of a UserError."""

    message: str
    code: int


class RayActor:
    """Makes its worker when the first rollout is asked for, and obeys one order after another.

    path: where modules are found. What an actor is made of must be small: Ray keeps nothing large to start it again.
    """

    def __init__(self, place: Place, path: Sequence[str]) -> None:
        torch.set_num_threads(1)
        sys.path += [folder for folder in path if folder not in sys.path]
        self._place = place
        self._work: Any = None  # comes with each rollout
        self._refs: dict[Key, Any] = {}
        self._acting = ActingWorker(self._made, self._fetch)

    def rollout(self, order: Order, refs: dict[Key, Any], work: Sequence[Any]) -> Rollout | Refused | None:
        """See `ActingWorker.rollout`. refs: where what a key names lies.

        work: one reference of `packed` (make, given); the worker is `make(place, None, *given)`. It is in a list,
        as Ray replaces a bare reference by what it refers to.
        """
        self._remember(refs)
        (self._work,) = work
        try:
            return self._acting.rollout(order)
        except UserError as error:
            return Refused(str(error), error.code)

    def _made(self) -> Worker:
        work: tuple[Callable[..., Worker], tuple[Any, ...]] = unpacked(ray.get(self._work))
        make, given = work
        return make(self._place, None, *given)

    def _remember(self, refs: dict[Key, Any]) -> None:
        earlier = [key for key in self._refs if key[0] != "live" and key not in refs]
        self._refs = {key: self._refs[key] for key in earlier[-REMEMBERED:]} | refs

    def _fetch(self, key: Key) -> Any:
        if key not in self._refs:
            raise ForgottenError(key)
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
