"""Bots of a family (`botgame.game.Family`): one with given numbers, many at once, or another one in each match."""

from __future__ import annotations

import numpy as np

from botgame.errors import UserError
from botgame.game import Array, Family, Observation, ScriptedPolicy
from botgame.rng import mix, uniforms

_DRAWS = np.uint64(0x6D656D626572)  # purpose of the keys that draw members, so that they are not those of decisions


class Member(ScriptedPolicy):
    """The bot of `family` with these numbers, float64 [D]. Raises UserError for anything else."""

    def __init__(self, name: str, family: Family, numbers: Array) -> None:
        self.family, self.numbers = family, _checked(name, family, numbers)
        super().__init__(name, self._as_member, family.memory_size)

    def _as_member(self, observation: Observation, memory: Array, keys: Array) -> Array:
        return self.family.decide(observation, memory, keys, np.repeat(self.numbers[None], len(keys), axis=0))


def _checked(name: str, family: Family, numbers: Array) -> Array:
    """A copy of the numbers of a bot."""
    expected = f"{len(family.parameters)} numbers, one for each parameter of its family"
    try:
        array = np.array(numbers, np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"bot {name}: expected {expected} ({error})") from error
    if array.shape != (len(family.parameters),):
        raise UserError(f"bot {name}: expected {expected}, got an array of shape {array.shape}")
    return array


def members(name: str, family: Family, numbers: Array) -> ScriptedPolicy:
    """Several bots of the family as one policy, for one call of `act`. numbers: of each of its rows, float64 [n, D]."""

    def decide(observation: Observation, memory: Array, keys: Array) -> Array:
        return family.decide(observation, memory, keys, numbers)

    return ScriptedPolicy(name, decide, family.memory_size)


def standard_numbers(family: Family) -> Array:
    """The numbers of the family's usual bot: float64 [D]."""
    return np.array([each.standard for each in family.parameters])


def from_shares(family: Family, shares: Array) -> Array:
    """Numbers float64 [..., D] at these shares of their ranges, in [0, 1]."""
    lowest, highest = _ends(family)
    return within(family, lowest + np.asarray(shares, np.float64) * (highest - lowest))


def to_shares(family: Family, numbers: Array) -> Array:
    """Inverse of `from_shares`."""
    lowest, highest = _ends(family)
    return np.asarray((numbers - lowest) / (highest - lowest))


def within(family: Family, numbers: Array) -> Array:
    """Numbers float64 [..., D] with those beyond an end of their range at that end."""
    return np.clip(numbers, *_ends(family))


def _ends(family: Family) -> tuple[Array, Array]:
    """The lowest and the highest numbers: float64 [D] each."""
    ends = np.array([(each.lowest, each.highest) for each in family.parameters])
    return ends[:, 0], ends[:, 1]


class RandomMember:
    """Plays as another bot of the family in each match and seat, which the key of its first decision draws.

    Its numbers lie between the standard ones and random ones, at a random share of the way, so that bots of every
    strength come up. Memory: whether it is drawn, its shares of the ranges (D), the memory of the bot itself.
    """

    def __init__(self, name: str, family: Family) -> None:
        self.name, self._family = name, family
        self._own = 1 + len(family.parameters)  # where the bot's own memory begins
        self.memory_size = self._own + family.memory_size
        self._standard = to_shares(family, standard_numbers(family))

    def initial_memory(self, n: int) -> Array:
        """Nobody is drawn yet: zeros, float32 [n, M]."""
        return np.zeros((n, self.memory_size), np.float32)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`."""
        memory = memory.copy()
        fresh = memory[:, 0] == 0
        if fresh.any():
            memory[fresh, 0] = 1
            memory[fresh, 1 : self._own] = self._draw(keys[fresh])
        numbers = from_shares(self._family, memory[:, 1 : self._own])
        return self._family.decide(observation, memory[:, self._own :], keys, numbers), memory

    def _draw(self, keys: Array) -> Array:
        """Shares of the ranges, one row a key: float64 [n, D]."""
        with np.errstate(over="ignore"):
            draws = uniforms(mix(keys, _DRAWS), self._own)
        return np.asarray(self._standard + draws[:, :1] * (draws[:, 1:] - self._standard))
