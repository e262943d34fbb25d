"""A user's own bot in a game that takes no other actions than legal ones: its mistakes are named before they count."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from botgame.bot_answer import checked_answer
from botgame.errors import UserError
from botgame.game import Array, Observation, Policy
from botgame.seat_limits import limits_of
from botgame.spec import Spec


class OwnBot:
    """Acts as `policy` does. Raises UserError for an action that is no category of its head, or is not legal."""

    def __init__(self, policy: Policy, spec: Spec) -> None:
        self._policy, self._spec = policy, spec
        self._sizes = np.array([head.size for head in spec.heads])
        self.name, self.memory_size = policy.name, policy.memory_size
        self.faction = getattr(policy, "faction", "")
        self.action_cap, self.reaction_ticks = limits_of(policy)

    def initial_memory(self, n: int) -> Array:
        """See `Policy.initial_memory`."""
        return self._policy.initial_memory(n)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`."""
        answer = self._policy.act(observation, memory, keys)
        actions, remembered = checked_answer(self._policy, answer, len(keys), len(self._sizes))
        return self._checked(actions, observation["legal"]), remembered

    def _checked(self, actions: Array, legal: Array) -> Array:
        with np.errstate(invalid="ignore"):  # NaN
            chosen = actions.astype(np.int64)
        unknown = (chosen != actions) | (chosen < 0) | (chosen >= self._sizes)
        if unknown.any():
            self._refuse(actions, unknown, "expected a category from 0 to {}")
        if (illegal := self._spec.illegal(chosen, legal)).any():
            self._refuse(chosen, illegal, "which is not legal; choose one that `legal` allows")
        return chosen

    def _refuse(self, actions: Array, wrong: Array, why: str) -> NoReturn:
        row, column = np.argwhere(wrong)[0].tolist()
        head = self._spec.heads[column]
        reason = why.format(head.size - 1)
        raise UserError(f"bot {self.name!r} returned {actions[row, column]} for the head {head.name}, {reason}")
