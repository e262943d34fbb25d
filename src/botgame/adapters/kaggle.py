"""`--game kaggle:NAME` or `kaggle:NAME:SEATS`: the environments of Kaggle's simulation competitions.

SEATS is one of the numbers of agents that the environment allows, its first from two on unless given. A seat's return
is its reward as it stands. 1 is the largest one of a few random matches; where these pay step by step, what the best of
them would have earned in a match of the longest duration. What counts in Kaggle's competitions is who has more: so the
finishing order is a reward of its own, `result`. The environment's own agents are bots of the game by their names.
"""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kaggle_environments
import numpy as np

from botgame import rng
from botgame.adapters.adapted import adapted_game, adapted_spec, seat_names
from botgame.adapters.global_generators import seeded, spared
from botgame.adapters.kaggle_agents import ACTIVE, INACTIVE, MatchAgents, seen_by
from botgame.adapters.kaggle_spec import Parts, head_of
from botgame.adapters.kaggle_speed import speed_up
from botgame.adapters.rehearsal import rehearse
from botgame.bot_names import RANDOM
from botgame.errors import UserError
from botgame.game import Array, Game, Observation, Policy, ScriptedPolicy
from botgame.spec import Array as Layout

_FOLLOWS = 1  # memory that nobody reads: a bot with memory is asked in every turn, also where it acts at random
_RAW = "raw"  # array of an observation: object [N, 1], where the environment's own agents see it: `MatchAgents`, seat


class KaggleCopy:
    """A `Copy` around one environment, which draws from Python's and NumPy's global generators."""

    def __init__(self, env: Any, parts: Parts, actions: Sequence[Any], seats: int, unit: float) -> None:
        self._env, self._parts, self._actions = env, parts, actions
        self._seats, self._unit, self._seed, self._tick = seats, unit, 0, 0
        self._agents = MatchAgents(env)
        self._last = np.zeros((seats, len(actions)))  # one-hot, of each seat's last action

    def reset(self, seed: int) -> None:
        """See `Copy.reset`."""
        self._seed, self._tick = seed, 0
        self._last[:] = 0
        self._agents.forget()
        with seeded(rng.derive(seed, 0)):
            self._env.reset(self._seats)

    @property
    def waiting(self) -> Sequence[int]:
        """See `Copy.waiting`."""
        return [seat for seat, state in enumerate(self._env.state) if state["status"] == ACTIVE]

    @property
    def out(self) -> Sequence[int]:
        """See `Copy.out`; an inactive seat may get its turn again."""
        return [seat for seat, state in enumerate(self._env.state) if state["status"] not in (ACTIVE, INACTIVE)]

    def observe(self, seat: int, into: Observation) -> None:
        """See `Copy.observe`."""
        seen = seen_by(self._env.specification, self._env.state, seat)
        parts, last = self._parts.encode(seen, seat), self._last[seat]
        into["scalars"][: len(parts) + len(last)] = np.concatenate([parts, last])
        if self._seats > 1:
            into["scalars"][len(parts) + len(last) + seat] = 1.0
        if _RAW in into:
            into[_RAW][0] = self._agents, seat

    def act(self, actions: Mapping[int, Array]) -> None:
        """See `Copy.act`."""
        chosen = [self._actions[int(actions[seat][0])] if seat in actions else None for seat in range(self._seats)]
        for seat, action in actions.items():
            self._last[seat] = np.arange(len(self._actions)) == action[0]
        self._tick += 1
        with seeded(rng.derive(self._seed, self._tick)):
            self._env.step(chosen)

    @property
    def returns(self) -> Array:
        """See `Copy.returns`; a seat that broke the rules has the reward None, which counts 0."""
        return np.array([(state["reward"] or 0) / self._unit for state in self._env.state], np.float32)


def kaggle(name: str) -> Game:
    """The game of that environment. Raises UserError for one that there is not, or that cannot be translated."""
    title, (plain, _, wanted) = f"kaggle:{name}", name.partition(":")
    env = _make(plain, title)
    speed_up(type(env))
    seats = _seats(env, wanted, title)
    env.reset(seats)
    shape = int(env.configuration.get("rows", 0)), int(env.configuration.get("columns", 0))
    parts = Parts(seen_by(env.specification, env.state, 0), shape, seats, title)
    head, actions = head_of(env.specification["action"], title)
    last = [f"own last action {label}" for label in head.labels]
    spec = adapted_spec(title, [*parts.names, *last, *seat_names(seats)], [head], dense=True, ranked=True)

    def copy(unit: float) -> KaggleCopy:
        return KaggleCopy(_make(plain, title), parts, actions, seats, unit)

    rehearsal = rehearse(spec, lambda: copy(1.0))
    unit = max(rehearsal.unit, rehearsal.pace * int(env.configuration.get("episodeSteps", 0)))
    return adapted_game(
        spec,
        lambda: copy(unit),
        seats,
        unit=unit,
        rules={"environment": name, "version": str(env.specification.get("version", ""))},
        bots=_agents(env, actions),
        extra={_RAW: Layout((1,), np.dtype(object))},
        unsaved=rehearsal.unsaved,
        guard=spared,
        settled=rehearsal.settled,
    )


def _agents(env: Any, actions: Sequence[Any]) -> dict[str, Callable[[], Policy]]:
    def bot(name: str) -> Policy:
        def decide(observation: Observation, _memory: Array, keys: Array) -> Array:
            asked = zip(observation[_RAW][:, 0], keys.tolist(), strict=True)
            with spared():
                answers = [agents.decide(name, seat, key) for (agents, seat), key in asked]
            return np.array([_numbered(name, answer, actions) for answer in answers], np.int64)[:, None]

        return ScriptedPolicy(name, decide, memory_size=_FOLLOWS)

    return {name: functools.partial(bot, name) for name in env.agents if name != RANDOM}


def _numbered(name: str, answer: Any, actions: Sequence[Any]) -> int:
    """The category of an agent's answer."""
    try:
        return actions.index(answer)
    except ValueError:  # also of arrays, which do not compare
        shown = reprlib.repr(answer)
        raise UserError(f"bot {name!r} answered {shown}, which is no action of its game; play another one") from None


def _seats(env: Any, wanted: str, title: str) -> int:
    known = [int(number) for number in env.specification["agents"]]
    if wanted and (not wanted.isdecimal() or int(wanted) not in known):
        raise UserError(f"game {title}: it has {', '.join(map(str, known))} seats, not {wanted}", 2)
    return int(wanted) if wanted else next((number for number in known if number > 1), known[0])


def _make(name: str, title: str) -> Any:
    try:
        with seeded(0):  # it begins a match
            return kaggle_environments.make(name)
    except Exception as error:  # whatever the environment's own code raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"game {title} could not be made ({reason}); correct the name or install it", 2) from error
