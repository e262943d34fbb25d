"""A package with the interface of `kaggle_environments`: `make`, and environments that hold plain dicts.

The game "geese_lite": every seat walks over a board of 3 x 4; a seat that meets another, or its own trail, is out; each
step survived pays 10, and the length of the trail 1 each. Numbers come from Python's global generator, as Kaggle's do.
"""

import copy
import random
from collections.abc import Callable

import numpy as np

SPECIFICATION = {
    "name": "geese_lite",
    "version": "1.0.0",
    "agents": [1, 2, 3, 4],
    "observation": {
        "geese": {"type": "array", "shared": True},
        "food": {"type": "array", "shared": True},
        "index": {"type": "integer"},
        "step": {"type": "integer", "shared": True},
        "remainingOverageTime": {"type": "number"},
    },
    "action": {"type": "string", "enum": ["STAY", "EAST", "SOUTH"]},
}
ROWS, COLUMNS = 3, 4


def greedy(observation: dict) -> str:
    return "EAST" if observation["geese"][observation["index"]][0] % COLUMNS < COLUMNS - 1 else "SOUTH"


_asked: dict[int, int] = {}  # by seat: agents of Kaggle remember as if there were one match in the world


def turning(observation: dict) -> str:
    index = observation["index"]
    _asked[index] = _asked.get(index, 0) + 1
    return ("STAY", "EAST", "SOUTH")[_asked[index] % 3]


def times_asked(agent: Callable[[dict], str], seat: int) -> int:
    """How often `turning`, in a module of its own, was asked for the seat."""
    return agent.__wrapped__.__globals__["_asked"].get(seat, 0)


def silent(observation: dict) -> None:
    observation["geese"].clear()  # what it is given is its own


class Stubborn:
    """An agent that is no function; it remembers its first answer in itself."""

    def __init__(self) -> None:
        self.answer = ""

    def __call__(self, observation: dict) -> str:
        self.answer = self.answer or ("STAY", "EAST", "SOUTH")[observation["step"] % 3]
        return self.answer


def failing(observation: dict) -> str:
    raise ValueError(f"no idea\nin step {observation['step']}")


_STUBBORN = Stubborn()


class Followers:
    """Agents as other callables: a method, and a function behind a decorator; both want two arguments."""

    def method(self, observation: dict, configuration: dict) -> str:
        return "EAST" if configuration["columns"] == COLUMNS else "STAY"

    @staticmethod
    def decorated(*given: dict) -> str:
        return _FOLLOWERS.method(*given)


_FOLLOWERS = Followers()


class Environment:
    """What is used of `kaggle_environments.core.Environment`."""

    def __init__(self, specification: dict) -> None:
        self.specification, self.configuration = specification, {"rows": ROWS, "columns": COLUMNS, "episodeSteps": 8}
        self.agents = {"random": lambda: "STAY", "greedy": greedy, "turning": turning, "silent": silent}
        self.agents |= {"stubborn": _STUBBORN, "failing": failing, "array": lambda: np.array([1, 2])}
        self.agents |= {"method": _FOLLOWERS.method, "decorated": Followers.decorated}
        self.reset()

    def reset(self, num_agents: int | None = None) -> list:
        seats = num_agents or self.specification["agents"][0]
        self._step, heads = 0, random.sample(range(ROWS * COLUMNS), seats)
        own = [{"index": seat, "remainingOverageTime": 60} for seat in range(seats)]
        own[0] |= {"geese": [[head] for head in heads], "food": [random.randrange(ROWS * COLUMNS)], "step": 0}
        self.state = [{"observation": seen, "status": "ACTIVE", "reward": 0, "info": {}} for seen in own]
        self.steps = [self.state]
        return self.state

    def step(self, actions: list) -> list:
        assert len(actions) == len(self.state)
        self.state = copy.deepcopy(self.state)
        self.steps.append(self.state)
        shared = self.state[0]["observation"]
        self._step += 1
        shared["step"] = self._step
        for action, goose, state in zip(actions, shared["geese"], self.state, strict=True):
            if state["status"] != "ACTIVE":
                assert action is None
                continue
            row, column = divmod(goose[0], COLUMNS)
            row, column = (row + (action == "SOUTH")) % ROWS, (column + (action == "EAST")) % COLUMNS
            if action != "STAY":
                goose.insert(0, row * COLUMNS + column)
        taken = [cell for goose in shared["geese"] for cell in goose]
        shared["food"] = random.sample(range(ROWS * COLUMNS), 1 + self._step % 2)
        for goose, state in zip(shared["geese"], self.state, strict=True):
            if state["status"] == "ACTIVE" and taken.count(goose[0]) > 1:
                state["status"], goose[:] = "DONE", []
            elif state["status"] == "ACTIVE":
                state["reward"] = 10 * self._step + len(goose)
        if self._step == 8 or sum(state["status"] == "ACTIVE" for state in self.state) < 2:
            for state in self.state:
                state["status"] = "DONE"
        return self.state


class Pensions(Environment):
    """A seat that is out earns most."""

    def step(self, actions: list) -> list:
        for each in super().step(actions):
            each["reward"] += 100 * (each["status"] == "DONE")
        return self.state


class Unpaid(Environment):
    """Nobody earns anything in its few steps."""

    def step(self, actions: list) -> list:
        for each in super().step(actions):
            each["reward"] = 0
        return self.state


class Gallery(Environment):
    """Its agents see what no scalar can say."""

    def reset(self, num_agents: int | None = None) -> list:
        state = super().reset(num_agents)
        for each in state:
            each["observation"]["picture"] = [list("abcdefghijklmnopqrstuvwxyz")]
        return state


_OTHERS = {"pensions": Pensions, "unpaid": Unpaid, "pictures": Gallery}


def make(environment: str) -> Environment:
    if environment == "words":
        return Environment({**SPECIFICATION, "action": {"type": "string"}})
    if environment in _OTHERS:
        return _OTHERS[environment](SPECIFICATION)
    if environment != "geese_lite":
        raise ValueError("Unknown Environment Specification")
    return Environment(SPECIFICATION)
