"""`--game pettingzoo:NAME`: the environments of PettingZoo, with turns (AEC) and with simultaneous moves (Parallel).

NAME is a module of PettingZoo, as `connect_four_v3`, or anybody's, as `mpe2.simple_spread_v3`, with a function
`parallel_env` or `env`. Agents are seats in the order of `possible_agents`; one that has died, or was
not born yet, is not due. A return of 1 is the largest one of a few random matches.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from botgame.adapters.adapted import adapted_game
from botgame.adapters.copies import Copy
from botgame.adapters.rehearsal import rehearse
from botgame.adapters.spaces import Layout
from botgame.errors import UserError
from botgame.game import Array, Game, Observation

_FAMILIES = ("classic", "butterfly", "sisl", "atari")
_SEEDS = 2**31


class ParallelCopy:
    """A `Copy` around an environment of the Parallel API. unit: what a return of 1 is."""

    def __init__(self, env: Any, layout: Layout, unit: float) -> None:
        self._env, self._layout, self._unit = env, layout, unit
        self._agents: list[str] = list(env.possible_agents)
        self._observations: dict[str, Any] = {}
        self._infos: dict[str, Any] = {}
        self._totals = np.zeros(len(self._agents))

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._observations, self._infos = self._env.reset(seed=seed % _SEEDS)
        self._totals[:] = 0

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return sorted(self._agents.index(agent) for agent in self._env.agents)

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return _gone(self._agents, self._env)

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        agent = self._agents[seat]
        self._layout.write(seat, self._observations[agent], self._infos.get(agent), into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        chosen = {self._agents[seat]: self._layout.action(action) for seat, action in actions.items()}
        self._observations, rewards, _, _, self._infos = self._env.step(chosen)
        for agent, reward in rewards.items():
            self._totals[self._agents.index(agent)] += float(reward)

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return (self._totals / self._unit).astype(np.float32)


class TurnsCopy:
    """A `Copy` around an environment of the AEC API. unit: what a return of 1 is."""

    def __init__(self, env: Any, layout: Layout, unit: float) -> None:
        self._env, self._layout, self._unit = env, layout, unit
        self._agents: list[str] = list(env.possible_agents)
        self._totals = np.zeros(len(self._agents))

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._env.reset(seed=seed % _SEEDS)
        self._totals[:] = 0
        self._bury()

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return [self._agents.index(self._env.agent_selection)] if self._env.agents else []

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return _gone(self._agents, self._env)

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        agent = self._agents[seat]
        self._layout.write(seat, self._env.observe(agent), self._env.infos.get(agent), into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        ((_, action),) = actions.items()
        self._step(self._layout.action(action))
        self._bury()

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return (self._totals / self._unit).astype(np.float32)

    def _step(self, action: Any) -> None:
        self._env.step(action)
        for agent, reward in self._env.rewards.items():
            self._totals[self._agents.index(agent)] += float(reward)

    def _bury(self) -> None:
        """Take the turns of agents that have died, which the API asks for: they do nothing and are removed."""
        env = self._env
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            self._step(None)


def _gone(agents: Sequence[str], env: Any) -> list[int]:
    """The seats of the agents that have left the environment."""
    return [seat for seat, agent in enumerate(agents) if agent not in env.agents]


def pettingzoo(name: str) -> Game:
    """The game of that environment. Raises UserError for one that there is not, or that cannot be translated."""
    module, title = _module(name), f"pettingzoo:{name}"
    env = _make(module, title)
    layout = _layout(env, title)
    spec = layout.spec

    def copy(unit: float) -> Copy:
        made = _make(module, title)
        return ParallelCopy(made, layout, unit) if hasattr(module, "parallel_env") else TurnsCopy(made, layout, unit)

    rehearsal = rehearse(spec, lambda: copy(1.0))
    return adapted_game(
        spec,
        lambda: copy(rehearsal.unit),
        len(env.possible_agents),
        unit=rehearsal.unit,
        rules={"environment": name},
        unsaved=rehearsal.unsaved,
        settled=rehearsal.settled,
    )


def _module(name: str) -> ModuleType:
    places = [*(f"pettingzoo.{family}.{name}" for family in _FAMILIES if "." not in name), name]
    try:
        for place in places:
            if importlib.util.find_spec(place):
                return importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise UserError(f"game pettingzoo:{name}: there is no module {error.name!r}; install it", 2) from error
    raise UserError(f"game pettingzoo:{name}: there is no module {' or '.join(places)}; correct the name", 2)


def _make(module: ModuleType, title: str) -> Any:
    make = getattr(module, "parallel_env", None) or getattr(module, "env", None)
    if make is None:
        raise UserError(f"game {title}: {module.__name__} has neither a parallel_env nor an env to call", 2)
    try:
        return make()
    except Exception as error:  # whatever the environment's own code raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"game {title} could not be made ({reason})", 2) from error


def _layout(env: Any, title: str) -> Layout:
    """The layout that all agents share. Raises UserError for agents that differ."""
    first, *others = env.possible_agents
    observation, action = env.observation_space(first), env.action_space(first)
    for agent in others:
        for kind, mine, theirs in (
            ("observation", observation, env.observation_space(agent)),
            ("action", action, env.action_space(agent)),
        ):
            if mine != theirs:
                raise UserError(
                    f"game {title}: the {kind} space of {agent}, {theirs}, is not that of {first}, {mine}; all agents "
                    "must have the same",
                    2,
                )
    return Layout(title, observation, action, len(env.possible_agents))
