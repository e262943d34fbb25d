"""A bot under a handicap: what makes levels of one network."""

from __future__ import annotations

import copy

from botgame.game import Array, Game, Handicap, Observation, Policy, SeatLimits
from botgame.noise import noisy
from botgame.seat_limits import check_limits, limits_of


class HandicappedPolicy:
    """Plays like `bot`, which must be a network where the handicap sets a temperature, under a handicap.

    Raises ValueError for a handicap that the game or the bot does not know, UserError where the game has no `random`.
    """

    def __init__(self, game: Game, bot: Policy, handicap: Handicap, name: str) -> None:
        check_handicap(game, handicap)
        self.name = name
        self._origin = bot  # kept, for other levels to share its network
        self._bot = _at_temperature(bot, handicap.temperature)
        if handicap.chance:
            self._bot = noisy(game, self._bot, handicap.chance)
        self.memory_size = self._bot.memory_size
        self.faction = getattr(bot, "faction", "")
        limits = limits_of(bot)
        self.action_cap = min(filter(None, (handicap.action_cap, limits.action_cap)), default=0)
        self.reaction_ticks = max(handicap.reaction_ticks, limits.reaction_ticks)

    def initial_memory(self, n: int) -> Array:
        """Memory of `n` seats at the start of a match: float32 [n, memory_size]."""
        return self._bot.initial_memory(n)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`."""
        return self._bot.act(observation, memory, keys)


def check_handicap(game: Game, handicap: Handicap) -> None:
    """Raise ValueError for limits that `game` cannot impose."""
    check_limits(game, SeatLimits(handicap.action_cap, handicap.reaction_ticks))


def _at_temperature(bot: Policy, temperature: float) -> Policy:
    """The same bot, sampled at another temperature; 0: at its own. The network itself is shared."""
    if not temperature:
        return bot
    if not hasattr(bot, "temperature"):
        raise ValueError(f"temperature is {temperature}, but {bot.name} is no network")
    other = copy.copy(bot)
    other.temperature = temperature
    return other
