"""The agents that come with an environment of Kaggle, as bots of many matches at once.

Such an agent is a function that may keep what it remembers in a global variable of its module, as if there were one
match and one seat in the world. So each seat of each match has its own copy of the module.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kaggle_environments

from botgame.adapters.global_generators import seeded
from botgame.errors import UserError

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
Agent = Callable[..., Any]


class MatchAgents:
    """The agents in the match that `env` plays. An agent that comes later is first shown what its seat has seen."""

    def __init__(self, env: Any) -> None:
        self._env, self._made = env, dict[tuple[str, int], Agent]()

    def forget(self) -> None:
        """Another match begins."""
        self._made.clear()

    def decide(self, name: str, seat: int, key: int) -> Any:
        """The action of agent `name` in a seat that is active; `key` is where its random numbers come from.

        Raises UserError where the agent fails.
        """
        with seeded(key):
            try:
                if (name, seat) not in self._made:
                    self._made[name, seat] = self._arrived(name, seat)
                return self._ask(self._made[name, seat], self._env.state, seat)
            except Exception as error:  # whatever the agent's own code raises
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise UserError(f"bot {name!r} failed ({reason}); play another one") from error

    def _arrived(self, name: str, seat: int) -> Agent:
        agent = _of_both(own_copy(self._env.agents[name]))
        for state in self._env.steps[:-1]:
            if state[seat]["status"] == ACTIVE:
                self._ask(agent, state, seat)
        return agent

    def _ask(self, agent: Agent, state: Sequence[Mapping[str, Any]], seat: int) -> Any:
        seen = _handed_out(seen_by(self._env.specification, state, seat))
        return agent(seen, self._env.configuration)


def _of_both(agent: Agent) -> Agent:
    """The agent as a function of the observation and the configuration, of which it may take fewer."""
    named = inspect.signature(agent).parameters.values()
    count = sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in named)
    takes_all = any(each.kind is each.VAR_POSITIONAL for each in named)

    @functools.wraps(agent)
    def both(*given: Any) -> Any:
        return agent(*(given if takes_all else given[:count]))

    return both


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
    """The agent in a module of its own; a copy of the agent where it is no function of a module's top level."""
    name = getattr(agent, "__name__", "")
    spec = getattr(sys.modules.get(getattr(agent, "__module__", "")), "__spec__", None)
    if not name or spec is None or spec.loader is None or getattr(agent, "__qualname__", "") != name:
        return copy.deepcopy(agent)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own: Agent = getattr(module, name, agent)
    return own
