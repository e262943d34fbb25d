"""The agents that come with an environment of Kaggle, as bots of many matches at once.

Such an agent is a function that may keep what it remembers in a global variable of its module, as if there were one
match and one seat in the world. So each seat of each match has its own copy of the module.
"""

from __future__ import annotations

import copy
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kaggle_environments

from botgame.adapters.global_generators import seeded

ACTIVE = "ACTIVE"
Agent = Callable[..., Any]


class MatchAgents:
    """The agents in the match that `env` plays. An agent that comes later is first shown what its seat has seen."""

    def __init__(self, env: Any) -> None:
        self._env, self._made = env, dict[tuple[str, int], Agent]()

    def forget(self) -> None:
        """Another match begins."""
        self._made.clear()

    def decide(self, name: str, seat: int, key: int) -> Any:
        """The action of agent `name` in a seat that is active; `key` is where its random numbers come from."""
        with seeded(key):
            if (name, seat) not in self._made:
                self._made[name, seat] = self._arrived(name, seat)
            return self._ask(self._made[name, seat], self._env.state, seat)

    def _arrived(self, name: str, seat: int) -> Agent:
        agent = own_copy(self._env.agents[name])
        for state in self._env.steps[:-1]:
            if state[seat]["status"] == ACTIVE:
                self._ask(agent, state, seat)
        return agent

    def _ask(self, agent: Agent, state: Sequence[Mapping[str, Any]], seat: int) -> Any:
        seen = _handed_out(seen_by(self._env.specification, state, seat))
        given = seen, self._env.configuration
        return agent(*given[: agent.__code__.co_argcount])


def seen_by(specification: Mapping[str, Any], state: Sequence[Mapping[str, Any]], seat: int) -> dict[str, Any]:
    """What an agent reads: its own observation, and what is shared, which lies with the first agent."""
    shared = {key for key, part in specification["observation"].items() if part.get("shared")}
    first = {key: value for key, value in state[0]["observation"].items() if key in shared}
    return {**state[seat]["observation"], **first}


def _handed_out(seen: dict[str, Any]) -> Any:
    """A copy for an agent, which may change it; its fields read as attributes too, as Kaggle's package hands it out."""
    utils = getattr(kaggle_environments, "utils", None)
    return getattr(utils, "structify", copy.deepcopy)(seen)


def own_copy(agent: Agent) -> Agent:
    """The agent in a module of its own; the agent itself where it is no function of a module's top level."""
    spec = getattr(sys.modules.get(agent.__module__), "__spec__", None)
    if spec is None or spec.loader is None or agent.__qualname__ != agent.__name__:
        return agent
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own: Agent = getattr(module, agent.__name__, agent)
    return own
