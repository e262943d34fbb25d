"""A second game, outside the package: the player who says "two" more often wins.

Two seats, asynchronous: after choice c a seat is due again in 1 + c % 2 ticks. A match lasts 4 to 11 ticks by its seed.
Observation: tick / 10, own count / 10, seat. It knows nothing of the arena, and nothing in the package knows it; the
commands find it as `--game toy_game:toy`.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from botgame import rng
from botgame.game import Due, Family, Game, Outcome, Parameter, SeatLimits, Setup
from botgame.match_batch import MatchBatch
from botgame.spec import Condition, Head, Reward, Scalar, Spec
from botgame.standings import standings_of

TOY_SPEC = Spec(
    name="toy",
    version=1,
    ticks_per_second=1,
    scalars=(Scalar("tick", (0.5,)), Scalar("count"), Scalar("seat")),
    vectors=(),
    entity_columns=(),
    entity_position=(0, 0),
    entity_position_scale=1.0,
    max_entities=0,
    raster_channels=(),
    raster_size=0,
    raster_cell=1.0,
    privileged=("their_count",),
    heads=(
        Head("choice", 3, "categorical", "choice"),
        Head("detail", 2, "categorical", "rest", used_when=(Condition("choice", (1, 2)),)),
    ),
    rewards=(Reward("result", dense=False), Reward("lead", dense=True)),
)
_STATE = ("tick", "length", "due", "count", "said", "choices", "tag", "started")


class ToySimulation:
    """See `botgame.game.Simulation`. Keeps a log of (tag, seat, tick, action), which is not part of its state."""

    def __init__(self, slots: int, seats: int) -> None:
        assert seats == 2
        self.tick = np.zeros(slots, np.int64)
        self.length = np.zeros(slots, np.int64)
        self.due = np.zeros((slots, 2), np.int64)
        self.count = np.zeros((slots, 2), np.int64)
        self.said = np.zeros((slots, 2), np.int64)  # counts when time goes on, so that order within a tick is nothing
        self.choices = np.zeros((slots, 2, 3), np.int64)
        self.tag = np.zeros(slots, np.int64)
        self.started = np.zeros(slots, np.bool_)
        self.log: list[tuple[int, int, int, tuple[int, ...]]] = []

    def reset(self, slot: int, setup: Setup, limits: Sequence[SeatLimits]) -> None:
        assert not any(map(any, limits))
        self.length[slot] = 4 + setup.seed % 8
        for array in (self.tick, self.due, self.count, self.said, self.choices):
            array[slot] = 0
        self.tag[slot], self.started[slot] = setup.tag, True

    def advance(self) -> Due:
        for slot in np.flatnonzero(~self.done):
            if self.due[slot].min() > self.tick[slot]:
                self.count[slot] += self.said[slot]
                self.said[slot] = 0
            self.tick[slot] = self.due[slot].min()
        waiting = (self.due == self.tick[:, None]) & ~self.done[:, None]
        slot, seat = np.nonzero(waiting)
        return Due(slot.astype(np.int32), seat.astype(np.int32))

    def observe(self, due: Due) -> dict:
        slot, seat = due
        n, theirs = len(slot), self.count[slot, 1 - seat]
        return {
            "scalars": np.stack([self.tick[slot] / 10, self.count[slot, seat] / 10, seat], 1).astype(np.float32),
            "vectors": np.zeros((n, 0, 2), np.float32),
            "entities": np.zeros((n, 0, 0), np.float32),
            "entity_mask": np.zeros((n, 0), np.bool_),
            "raster": np.zeros((n, 0, 0, 0), np.uint8),
            "legal": np.ones((n, 5), np.bool_),
            "privileged": (theirs[:, None] / 10).astype(np.float32),
        }

    def rewards(self, due: Due) -> dict:
        lead = self.count[due.slot, due.seat] - self.count[due.slot, 1 - due.seat]
        return {"result": np.zeros(len(lead), np.float32), "lead": lead.astype(np.float32)}

    def act(self, due: Due, actions: np.ndarray) -> np.ndarray:
        for row, (slot, seat) in enumerate(zip(*due, strict=True)):
            choice = int(actions[row, 0])
            self.log.append((int(self.tag[slot]), int(seat), int(self.tick[slot]), tuple(actions[row].tolist())))
            self.said[slot, seat] = choice == 2
            self.choices[slot, seat, choice] += 1
            self.due[slot, seat] += 1 + choice % 2
        return actions

    @property
    def ticks(self) -> np.ndarray:
        return self.tick.copy()

    @property
    def done(self) -> np.ndarray:
        return ~self.started | (self.tick >= self.length)

    def outcome(self, slot: int) -> Outcome:
        lead = (self.count[slot] - self.count[slot, ::-1]).astype(np.float32)
        places = np.where(lead < 0, 2, 1)
        rewards = {"result": standings_of(places), "lead": lead}
        return Outcome(int(self.tick[slot]), places, rewards, self.choices[slot].copy())

    def snapshot(self) -> dict:
        return {name: getattr(self, name).copy() for name in _STATE}

    def restore(self, snapshot: dict) -> None:
        for name in _STATE:
            if snapshot[name].shape != getattr(self, name).shape:
                raise ValueError(f"{name} has another shape")
            getattr(self, name)[...] = snapshot[name]


class Fixed:
    """A bot that always makes the same choice and counts its decisions in its memory."""

    memory_size = 1

    def __init__(self, choice: int) -> None:
        self.name, self.choice = f"fixed{choice}", choice
        self.memories: list[float] = []

    def initial_memory(self, n: int) -> np.ndarray:
        return np.zeros((n, 1), np.float32)

    def act(self, observation: dict, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.memories += memory[:, 0].tolist()
        actions = np.zeros((len(keys), 2), np.int64)
        actions[:, 0] = self.choice
        return actions, memory + 1


class Chance:
    """A bot that chooses at random."""

    name, memory_size = "chance", 0

    def initial_memory(self, n: int) -> np.ndarray:
        return np.zeros((n, 0), np.float32)

    def act(self, observation: dict, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (rng.uniforms(keys, 2) * np.array([3, 2])).astype(np.int64), memory


def lean(observation: dict, memory: np.ndarray, keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Choices 0, 1 and 2 with the chances that the numbers' sizes give them; the memory counts decisions."""
    memory += 1
    bounds = np.cumsum(numbers, axis=1) / numbers.sum(axis=1, keepdims=True)
    choice = (rng.uniforms(keys, 1) >= bounds[:, :2]).sum(axis=1)
    return np.stack([choice, np.zeros_like(choice)], 1)


WORDS = tuple(Parameter(word, 0.01, 1.0, 0.3) for word in ("zero", "one", "two"))


def knock(observation: dict, memory: np.ndarray, keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Choice 2 where the first number is high and the second low, else choice 0, however near the numbers are to it."""
    right = (numbers[:, 0] > 0.9) & (numbers[:, 1] < 0.1)
    return np.stack([np.where(right, 2, 0), np.zeros(len(keys), np.int64)], 1)


LOCKS = tuple(Parameter(f"lock{k}", 0.0, 1.0, 0.5) for k in range(5))


def toy() -> Game:
    """The game."""
    return Game(
        name="toy",
        spec=TOY_SPEC,
        simulate=ToySimulation,
        bots={"zero": lambda: Fixed(0), "chance": Chance},
        yardsticks=("chance", "zero"),
        opponents={"self": 0.5, "past": 0.2, "chance": 0.3},
        rules={"words": 3},
        counted=("zero", "one", "two"),
        reward_weights={"lead": 0.25},
        families={"leaning": Family(WORDS, lean, memory_size=1), "locked": Family(LOCKS, knock)},
    )


def toy_setups(
    draw: Callable[[int], tuple[int, int]], seed: int = 0, numbers: Iterable[int] | None = None
) -> Iterator[Setup]:
    """The set-ups of these numbers, endless unless given; `draw(episode)` gives the players of each."""
    for episode in itertools.count() if numbers is None else numbers:
        yield Setup(rng.derive(seed, episode), draw(episode), tag=episode)


def toy_matches(
    slots: int, draw: Callable[[int], tuple[int, int]], seed: int = 0, numbers: Iterable[int] | None = None
) -> MatchBatch:
    """Matches of these numbers, endless unless given, in `slots` slots."""
    return MatchBatch(ToySimulation(slots, 2), toy_setups(draw, seed, numbers))
