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
        return mean_figures([actor.report() for actor in self._actors])


def mean_figures(reports: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over the reports that have it."""
    values: dict[str, list[float]] = {}
    for report in reports:
        for name, value in report.items():
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


def matches_begun(state: dict[str, Any]) -> int:
    """How many matches of any stream had begun, from the state of what `make_actor` made: later ones are new."""
    numbers = [part["numbers"] for part in state.get("actors", [state])]
    return max(int(each["first"]) + int(each["step"]) * int(each["taken"]) for each in numbers)
