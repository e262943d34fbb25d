"""Several actors as one: a learner that plays duels and free-for-alls fills one buffer with both, each its share.

The matches of an actor have one number of seats, so each number of seats is an environment with its own actor. Shares
are of the learner's sequences and hold over the whole run: what one actor overshoots, the next call makes up for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from botgame.training.alphastar.actor.actor import Actor, Collected, Environment
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.network.network import Network


class Actors:
    """Has the face of an `Actor`. Actor k collects `shares[k]` of all sequences; the shares sum to 1."""

    def __init__(self, actors: Sequence[Actor], shares: Sequence[float]) -> None:
        self._actors, self._shares = list(actors), list(shares)
        self._counts = [0] * len(self._actors)  # sequences that each has collected so far

    def collect(self, buffer: ReplayBuffer, sequences: int, version: int) -> Collected:
        """See `Actor.collect`. The first actor fills up what the others leave."""
        goal, got = sum(self._counts) + sequences, 0
        decisions = 0
        ended: list[Any] = []
        for place in [*range(1, len(self._actors)), 0]:
            wanted = round(self._shares[place] * goal) - self._counts[place] if place else sequences - got
            if wanted <= 0:
                continue
            part = self._actors[place].collect(buffer, wanted, version)
            self._counts[place] += part.sequences
            got, decisions = got + part.sequences, decisions + part.decisions
            ended += part.ended
        return Collected(got, decisions, ended)

    def snapshot(self) -> dict[str, Any]:
        """Exact state between two calls of `collect`."""
        return {"counts": list(self._counts), "actors": [actor.snapshot() for actor in self._actors]}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Inverse of `snapshot`."""
        self._counts = [int(count) for count in snapshot["counts"]]
        for actor, part in zip(self._actors, snapshot["actors"], strict=True):
            actor.restore(part)

    def report(self) -> dict[str, float]:
        """See `Actor.report`; the mean over the actors that report a figure."""
        values: dict[str, list[float]] = {}
        for actor in self._actors:
            for name, value in actor.report().items():
                values.setdefault(name, []).append(value)
        return {name: sum(each) / len(each) for name, each in values.items()}


def make_actor(
    environments: Sequence[Environment],
    student: Network,
    teacher: Network | None,
    config: RLConfig,
    device: torch.device | str,
) -> Actor | Actors:
    """One actor for each environment, joined where there are several."""
    actors = [Actor(environment, student, teacher, config, device) for environment in environments]
    return actors[0] if len(actors) == 1 else Actors(actors, [environment.share for environment in environments])


def matches_taken(state: dict[str, Any]) -> list[int]:
    """How many set-ups each environment's matches had taken, from the state of what `make_actor` made."""
    return [int(part["matches"]["taken"]) for part in state.get("actors", [state])]
