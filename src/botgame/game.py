"""What a bot is: the batched `Policy` protocol that scripted, learned and users' own bots share.

A policy sees only the observation (`botgame.spec` lists its arrays), keeps float32 memory that its caller stores and
resets with each episode, and draws randomness from one key a row. So a row's action depends on that row alone, and
results do not change with how rows are batched.

A policy that was trained in one school alone says so in a further attribute `school`, the school's name. One that plays
under a cap on actions of its own says so in `action_cap` (`botgame.lms.arena.Limits`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from botgame.errors import UserError
from botgame.lms.rules import SCHOOLS

Observation = dict[str, np.ndarray]
Decide = Callable[[Observation, np.ndarray, np.ndarray], np.ndarray]


@runtime_checkable
class Policy(Protocol):
    """A bot. `name` is shown in tables; `memory_size` is the number M of floats it keeps per seat, possibly 0."""

    name: str
    memory_size: int

    def initial_memory(self, n: int) -> np.ndarray:
        """Memory at the start of an episode: float32 [n, M]."""
        ...

    def act(self, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decide for n seats.

        observation: dict of arrays with n rows; memory: float32 [n, M]; keys: uint64 [n], one random key a row
        (`botgame.rng.uniforms(keys, k)` makes k numbers of each).
        Returns actions int64 [n, H] (H heads in spec order, 0 in unused ones) and the new memory float32 [n, M].
        """
        ...


class ScriptedPolicy:
    """A policy around a function of (observation, memory, keys) that returns actions and updates memory in place."""

    def __init__(self, name: str, decide: Decide, memory_size: int = 0) -> None:
        self.name = name
        self.memory_size = memory_size
        self._decide = decide

    def initial_memory(self, n: int) -> np.ndarray:
        """Zeros, float32 [n, M]."""
        return np.zeros((n, self.memory_size), np.float32)

    def act(self, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Policy.act`; the memory handed in stays as it is."""
        memory = memory.copy()
        return self._decide(observation, memory, keys), memory


def action_cap(policy: object) -> int:
    """Non-repeating actions in a window that a policy plays under; 0: as many as the rules allow."""
    return int(getattr(policy, "action_cap", 0))


def own_schools(policies: Sequence[Policy]) -> dict[int, int]:
    """The school of each policy that was trained in one alone, by its index; which is where it should play.

    Raises UserError for a school that this release does not have.
    """
    named = {index: getattr(policy, "school", "") for index, policy in enumerate(policies)}
    for index, school in named.items():
        if school and school not in SCHOOLS:
            name, known = policies[index].name, ", ".join(SCHOOLS)
            raise UserError(f"{name}: trained in school {school!r}, this release has {known}; train it again")
    return {index: SCHOOLS.index(school) for index, school in named.items() if school}
