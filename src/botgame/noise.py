"""`BOT~SHARE`: a bot that acts at random in a share of its decisions, which makes a ladder of weaker opponents.

Learning from random weights needs opponents that it can beat now and then; a strong bot that errs is one at any level.
"""

from __future__ import annotations

import numpy as np

from botgame.bot_names import RANDOM
from botgame.errors import UserError
from botgame.game import Array, Game, Observation, Policy
from botgame.rng import mix, uniforms
from botgame.seat_limits import limits_of

_ERRS = np.uint64(0x6572727321)  # purpose of the keys that decide when, so that they are not those that decide what


class NoisyPolicy:
    """Acts as `policy` does, but as `noise` in a share of its decisions, each drawn by itself."""

    def __init__(self, policy: Policy, noise: Policy, share: float) -> None:
        self._policy, self._noise, self._share = policy, noise, share
        self._own = policy.memory_size
        self.name = f"{policy.name}~{share:g}"
        self.memory_size = self._own + noise.memory_size
        self.faction = getattr(policy, "faction", "")
        self.action_cap, self.reaction_ticks = limits_of(policy)

    def initial_memory(self, n: int) -> Array:
        """That of both, side by side: float32 [n, M]."""
        return np.concatenate([self._policy.initial_memory(n), self._noise.initial_memory(n)], axis=1)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`. Both follow the match with a memory of their own, whichever acts."""
        with np.errstate(over="ignore"):
            errs = uniforms(mix(keys, _ERRS), 1)[:, 0] < self._share
        meant, own = _act_where(~errs, self._policy, observation, memory[:, : self._own], keys)
        random, other = _act_where(errs, self._noise, observation, memory[:, self._own :], keys)
        actions = np.zeros((len(keys), max(meant.shape[1], random.shape[1])), np.int64)
        actions[~errs], actions[errs] = meant, random
        return actions, np.concatenate([own, other], axis=1)


def _act_where(
    chosen: Array, policy: Policy, observation: Observation, memory: Array, keys: Array
) -> tuple[Array, Array]:
    """Actions int64 [k, H] of the k rows where bool [n] is True, and the new memory of all: float32 [n, M].

    A policy with memory follows all rows; one without is asked about the chosen ones alone, which costs less.
    """
    if policy.memory_size:
        actions, memory = policy.act(observation, memory, keys)
        return actions[chosen], memory
    if not chosen.any():
        return np.zeros((0, 1), np.int64), memory
    some = {name: column[chosen] for name, column in observation.items()}
    return policy.act(some, memory[chosen], keys[chosen])[0], memory


def noisy(game: Game, policy: Policy, share: float) -> NoisyPolicy:
    """`policy`, acting at random in this share. Raises UserError for a share beyond 0 to 1, or without `random`."""
    if not 0 < share <= 1:
        raise UserError(f"bot {policy.name}~{share:g}: expected a share above 0, at most 1, of random decisions")
    if RANDOM not in game.bots:
        raise UserError(f"bot {policy.name}~{share:g}: game {game.name} has no bot {RANDOM!r} to act at random")
    return NoisyPolicy(policy, game.bots[RANDOM](), share)
