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
from botgame.adapters.own_code import as_reward, own_code, several
from botgame.adapters.rehearsal import rehearse
from botgame.adapters.spaces import Layout
from botgame.errors import UserError
from botgame.game import Array, Game, Observation

_FAMILIES = ("classic", "butterfly", "sisl", "atari")
_SEEDS = 2**31
_RESET = ("observations", "infos")
_STEP = ("observations", "rewards", "terminations", "truncations", "infos")


class _Agents:
    """The agents of an environment as seats, and what each has earned."""

    def __init__(self, env: Any, game: str) -> None:
        self._env, self._game = env, game
        self.names: list[Any] = list(env.possible_agents)
        self._seats = {agent: seat for seat, agent in enumerate(self.names)}
        self.totals = np.zeros(len(self.names))

    def seat(self, agent: Any) -> int:
        """Raises UserError for an agent that is none of the possible ones."""
        if agent not in self._seats:
            known = ", ".join(map(str, self.names))
            raise UserError(f"game {self._game}: agent {agent!r} is none of possible_agents, {known}; add it there")
        return self._seats[agent]

    def pay(self, rewards: Mapping[Any, Any]) -> None:
        """Add what a step has paid."""
        for agent, reward in rewards.items():
            self.totals[self.seat(agent)] += as_reward(reward, self._game)

    @property
    def gone(self) -> list[int]:
        """The seats of the agents that have left the environment."""
        return [seat for seat, agent in enumerate(self.names) if agent not in self._env.agents]


def _all_over(agents: Sequence[Any], terminations: Mapping[Any, Any], truncations: Mapping[Any, Any]) -> bool:
    """Whether no agent goes on, though the environment may not have removed them."""
    return all(terminations.get(agent, False) or truncations.get(agent, False) for agent in agents)


class ParallelCopy:
    """A `Copy` around an environment of the Parallel API. unit: what a return of 1 is."""

    def __init__(self, env: Any, layout: Layout, unit: float) -> None:
        self._env, self._layout, self._unit = env, layout, unit
        self._agents = _Agents(env, layout.name)
        self._observations: dict[Any, Any] = {}
        self._infos: dict[Any, Any] = {}
        self._waiting: list[int] = []

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._agents.totals[:] = 0
        with own_code(self._layout.name, "reset"):
            observations, infos = several(self._env.reset(seed=seed % _SEEDS), _RESET, self._layout.name, "reset")
            self._take(observations, infos, {}, {})

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return self._waiting

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return self._agents.gone

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        agent = self._agents.names[seat]
        if agent not in self._observations:
            raise UserError(
                f"game {self._layout.name}: no observation of {agent}, one of agents; correct the environment"
            )
        self._layout.write(seat, self._observations[agent], self._infos.get(agent), into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        chosen = {self._agents.names[seat]: self._layout.action(action) for seat, action in actions.items()}
        with own_code(self._layout.name, "step"):
            observations, rewards, *ends, infos = several(self._env.step(chosen), _STEP, self._layout.name, "step")
            self._agents.pay(rewards)
            self._take(observations, infos, *ends)

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return (self._agents.totals / self._unit).astype(np.float32)

    def _take(self, observations: Any, infos: Any, ended: Mapping[Any, Any], cut: Mapping[Any, Any]) -> None:
        """Take what a call returned."""
        self._observations, self._infos, agents = dict(observations), dict(infos or {}), self._env.agents
        self._waiting = [] if _all_over(agents, ended, cut) else sorted(map(self._agents.seat, agents))


class TurnsCopy:
    """A `Copy` around an environment of the AEC API. unit: what a return of 1 is."""

    def __init__(self, env: Any, layout: Layout, unit: float) -> None:
        self._env, self._layout, self._unit = env, layout, unit
        self._agents = _Agents(env, layout.name)
        self._waiting: list[int] = []

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._agents.totals[:] = 0
        with own_code(self._layout.name, "reset"):
            self._env.reset(seed=seed % _SEEDS)
            self._bury()

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return self._waiting

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`."""
        return self._agents.gone

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        agent = self._agents.names[seat]
        with own_code(self._layout.name, "observe"):
            observation, info = self._env.observe(agent), self._env.infos.get(agent)
        self._layout.write(seat, observation, info, into)

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        ((_, action),) = actions.items()
        with own_code(self._layout.name, "step"):
            self._step(self._layout.action(action))
            self._bury()

    @property
    def returns(self) -> Array:
        """See `Copy.returns`."""
        return (self._agents.totals / self._unit).astype(np.float32)

    def _step(self, action: Any) -> None:
        self._env.step(action)
        self._agents.pay(self._env.rewards)

    def _bury(self) -> None:
        """Take the turns of agents that have died, which the API asks for: they do nothing and are removed."""
        env = self._env
        while not _all_over(env.agents, env.terminations, env.truncations):
            agent = env.agent_selection
            if not _all_over([agent], env.terminations, env.truncations):
                self._waiting = [self._agents.seat(agent)]
                return
            self._step(None)
            if agent in env.agents:
                raise UserError(
                    f"game {self._layout.name}: step(None) has not removed {agent}, which is over; call _was_dead_step"
                )
        self._waiting = []


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
    for place in places:
        try:
            with own_code(f"pettingzoo:{name}", f"import {place}", but=ModuleNotFoundError):
                if _is_path(place) and importlib.util.find_spec(place):
                    return importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise UserError(f"game pettingzoo:{name}: there is no module {error.name!r}; install it", 2) from error
    raise UserError(f"game pettingzoo:{name}: there is no module {' or '.join(places)}; correct the name", 2)


def _is_path(place: str) -> bool:
    """Whether it may be the dotted name of a module."""
    return all(part.isidentifier() for part in place.split("."))


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
    if not getattr(env, "possible_agents", None):
        raise UserError(f"game {title}: its possible_agents are missing or empty; name all agents there", 2)
    with own_code(title, "observation_space or action_space"):
        spaces = {agent: (env.observation_space(agent), env.action_space(agent)) for agent in env.possible_agents}
    (first, (observation, action)), *others = spaces.items()
    for agent, (seen, done) in others:
        for kind, mine, theirs in (("observation", observation, seen), ("action", action, done)):
            if mine != theirs:
                raise UserError(
                    f"game {title}: the {kind} space of {agent}, {theirs}, is not that of {first}, {mine}; all agents "
                    "must have the same",
                    2,
                )
    return Layout(title, observation, action, len(env.possible_agents))
