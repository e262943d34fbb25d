"""The arena as environments of PettingZoo: `parallel_env()` and `env()`, every seat an agent of the caller's.

Decisions last 2 to 20 ticks, as the action says, so agents are not always due together. In the parallel environment
all agents act in every step, and `infos[agent]["due"]` says whose action counts; the others only see again what they
saw at their last decision. `env()` asks the agents that are due, one after another, and nobody else. Agents stay until
the match is over, and all of them terminate then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from botgame.envs.learner_matches import LearnerMatches
from botgame.envs.matchup import Matchup, learners_only
from botgame.envs.options import Options, takes_options
from botgame.envs.rendering import FRAMES_PER_SECOND, RENDER_MODES, Rendering
from botgame.envs.spaces import action_space, as_element, blank, head_masks, observation_space
from botgame.errors import UserError
from botgame.game import Array, Observation
from botgame.games import DEFAULT, load_game

_Spaces = tuple[spaces.Dict, spaces.MultiDiscrete]


class _Table:
    """One match of agents: what each of them sees, earned and must do, with the names of agents for players."""

    def __init__(self, matchup: Matchup, render_mode: str | None) -> None:
        self.spec, self.matches = matchup.game.spec, LearnerMatches(matchup, refill=False)
        self.agents = [f"player_{number}" for number in range(matchup.learners)]
        self.spaces: dict[str, _Spaces] = {
            agent: (observation_space(self.spec), action_space(self.spec)) for agent in self.agents
        }
        self.over = True
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self.observations: dict[str, Observation] = {}
        self.infos: dict[str, dict[str, Any]] = {}
        self.rendering = Rendering(matchup, self.matches, render_mode)

    @property
    def due(self) -> list[str]:
        """The agents that are to decide, in the order of `matches.due`."""
        return [] if self.over else [self.agents[player] for player in self.matches.player.tolist()]

    def reset(self, seed: int | None) -> None:
        """Start a match; see `LearnerMatches.reset`."""
        rows, info = self.matches.reset([seed])
        self.over = False
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._forget()
        self._take(rows, info)

    def act(self, actions: Mapping[str, Array]) -> None:
        """Answer all agents that are due, and run on until others are or the match is over."""
        if missing := [agent for agent in self.due if agent not in actions]:
            raise UserError(f"no action of {', '.join(missing)}: expected one of each agent that is due", 2)
        rows, rewards, terminated, _, info = self.matches.step([actions[agent] for agent in self.due])
        self.over = bool(terminated[0])
        self.rewards = dict(zip(self.agents, np.ravel(rewards).tolist(), strict=True))
        self._take(rows, info)

    def _take(self, rows: Observation, info: dict[str, Any]) -> None:
        """Note what the agents see that are due, or that the match is over, and what is said of each of them."""
        due = self.due
        if self.over:
            self._forget()
        self.observations |= {agent: self._row(rows, number) for number, agent in enumerate(due)}
        for player, agent in enumerate(self.agents):
            self.infos[agent] = self._info(player, agent in due, info)
        self.rendering.follow(int(np.max(info["ticks"])))

    def _forget(self) -> None:
        self.observations = {agent: self._row(blank(self.spec), 0) for agent in self.agents}

    def _row(self, rows: Observation, number: int) -> Observation:
        return {name: array[number] for name, array in as_element(self.spec, rows).items()}

    def _info(self, player: int, due: bool, info: dict[str, Any]) -> dict[str, Any]:
        legal = self.observations[self.agents[player]]["legal"]
        said: dict[str, Any] = {"due": due, "ticks": int(np.ravel(info["ticks"])[player])}
        said["rewards"] = {name: float(np.ravel(paid)[player]) for name, paid in info["rewards"].items()}
        said["action_mask"] = head_masks(self.spec, legal)
        if "places" in info:
            said["place"] = int(np.ravel(info["places"])[player])
        return said


class MatchParallelEnv(ParallelEnv[str, Observation, Array]):
    """A match in which every agent acts in every step; only the actions of agents that are due count."""

    metadata: dict[str, Any] = {  # noqa: RUF012 (as PettingZoo declares it)
        "name": "botgame_v0",
        "render_modes": list(RENDER_MODES),
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(self, matchup: Matchup, render_mode: str | None = None) -> None:
        self._table, self.render_mode = _Table(matchup, render_mode), render_mode
        self.possible_agents: list[str] = list(self._table.agents)
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> spaces.Dict:
        """The same space object at each call."""
        return self._table.spaces[agent][0]

    def action_space(self, agent: str) -> spaces.MultiDiscrete:
        """The same space object at each call."""
        return self._table.spaces[agent][1]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Start a match: the first of the stream of `seed`, or the next one. `options` are not used."""
        del options
        self._table.reset(seed)
        self.agents = list(self.possible_agents)
        return dict(self._table.observations), dict(self._table.infos)

    def step(
        self, actions: dict[str, Array]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Act, and run on until an agent is due again. There is no truncation: the zone ends every match."""
        table = self._table
        table.act(actions)
        over, never = dict.fromkeys(self.agents, table.over), dict.fromkeys(self.agents, False)
        if table.over:
            self.agents = []
        return dict(table.observations), dict(table.rewards), over, never, dict(table.infos)

    def render(self) -> Array | None:
        """See `Rendering.render`."""
        return self._table.rendering.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._table.rendering.close()


class MatchTurnsEnv(AECEnv[str, Observation, Array]):
    """A match that asks one agent at a time: those that are due, in the order of their seats."""

    metadata: dict[str, Any] = {**MatchParallelEnv.metadata, "is_parallelizable": False}  # noqa: RUF012

    def __init__(self, matchup: Matchup, render_mode: str | None = None) -> None:
        super().__init__()
        self._table, self.render_mode = _Table(matchup, render_mode), render_mode
        self.possible_agents: list[str] = list(self._table.agents)
        self.agents: list[str] = []
        self.agent_selection = ""
        self.terminations: dict[str, bool] = {}
        self._chosen: dict[str, Array] = {}

    def observation_space(self, agent: str) -> spaces.Dict:
        """The same space object at each call."""
        return self._table.spaces[agent][0]

    def action_space(self, agent: str) -> spaces.MultiDiscrete:
        """The same space object at each call."""
        return self._table.spaces[agent][1]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start a match: the first of the stream of `seed`, or the next one. `options` are not used."""
        del options
        self._table.reset(seed)
        self.agents, self._chosen = list(self.possible_agents), {}
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self._publish()

    def observe(self, agent: str) -> Observation:
        """What the agent saw when it was asked last; zeros when the match is over."""
        return self._table.observations[agent]

    def step(self, action: Array | None) -> None:
        """Act for `agent_selection`; None once the match is over, which removes the agent."""
        agent = self.agent_selection
        if not self.agents:
            raise UserError("no agent waits for an action; call reset first", 2)
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        if action is None:
            raise UserError(f"no action of {agent}: it is due", 2)
        self._cumulative_rewards[agent] = 0.0
        self._chosen[agent] = action
        waiting = [due for due in self._table.due if due not in self._chosen]
        if waiting:
            self.agent_selection = waiting[0]
            self.rewards = dict.fromkeys(self.agents, 0.0)
            return
        self._table.act(self._chosen)
        self._chosen = {}
        self._publish()
        self._accumulate_rewards()

    def render(self) -> Array | None:
        """See `Rendering.render`."""
        return self._table.rendering.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._table.rendering.close()

    def _publish(self) -> None:
        """Hand out what the last step brought, and select the next agent."""
        table = self._table
        self.rewards, self.infos = dict(table.rewards), dict(table.infos)
        self.terminations = dict.fromkeys(self.agents, table.over)
        self.truncations = dict.fromkeys(self.agents, False)
        self.agent_selection = self.agents[0] if table.over else table.due[0]


@takes_options("parallel_env")
def parallel_env(seats: int = 2, render_mode: str | None = None, **options: Unpack[Options]) -> MatchParallelEnv:
    """A match of `seats` agents with simultaneous steps; see `botgame.envs.options.Options`."""
    return MatchParallelEnv(_between(seats, options), render_mode)


@takes_options("env")
def env(seats: int = 2, render_mode: str | None = None, **options: Unpack[Options]) -> MatchTurnsEnv:
    """A match of `seats` agents that are asked one after another; see `botgame.envs.options.Options`."""
    return MatchTurnsEnv(_between(seats, options), render_mode)


def _between(seats: int, options: Options) -> Matchup:
    return learners_only(load_game(DEFAULT), seats, **options)
