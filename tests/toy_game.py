"""A game of a few lines for tests of actor and learner: whoever says "two" more often wins.

Two seats, asynchronous: after choice c a seat is due again in 1 + c % 2 ticks. A match lasts 4 to 11 ticks, by its
number. Observation: tick / 10, own count / 10, seat. It knows nothing of the arena, and the actor nothing of it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.spec import Condition, Head, Reward, Scalar, Spec

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


class ToySetup(NamedTuple):
    seed: int
    players: tuple[int, ...]


class ToyEnded(NamedTuple):
    slot: int
    episode: int
    setup: ToySetup
    scores: np.ndarray
    results: np.ndarray


class ToyStep(NamedTuple):
    ended: list
    slot: np.ndarray
    seat: np.ndarray
    player: np.ndarray
    episode: np.ndarray
    observation: dict
    keys: np.ndarray
    scores: np.ndarray


class ToyMatches:
    """Endless matches; `draw(episode)` gives the players of each. Keeps a log of (episode, seat, tick, action)."""

    def __init__(self, slots: int, draw: Callable[[int], tuple[int, int]], seed: int = 0) -> None:
        self.slots, self.draw, self.seed = slots, draw, seed
        self.taken = 0
        self.episode = np.full(slots, -1, np.int64)
        self.players = np.zeros((slots, 2), np.int64)
        self.tick = np.zeros(slots, np.int64)
        self.length = np.zeros(slots, np.int64)
        self.due = np.zeros((slots, 2), np.int64)
        self.count = np.zeros((slots, 2), np.int64)
        self.said = np.zeros((slots, 2), np.int64)  # counts when time goes on, so that order within a tick is nothing
        self.log: list[tuple[int, int, int, tuple[int, ...]]] = []
        for slot in range(slots):
            self._take(slot)

    def _take(self, slot: int) -> None:
        self.episode[slot] = self.taken
        self.players[slot] = self.draw(self.taken)
        self.length[slot] = 4 + rng.derive(self.seed, self.taken) % 8
        self.tick[slot] = self.due[slot] = self.count[slot] = self.said[slot] = 0
        self.taken += 1

    def next(self) -> ToyStep:
        ended = []
        for slot in range(self.slots):
            if self.due[slot].min() > self.tick[slot]:
                self.count[slot] += self.said[slot]
                self.said[slot] = 0
            self.tick[slot] = self.due[slot].min()
            if self.tick[slot] >= self.length[slot]:
                lead = (self.count[slot] - self.count[slot, ::-1]).astype(np.float32)
                setup = ToySetup(0, tuple(self.players[slot].tolist()))
                ended.append(ToyEnded(slot, int(self.episode[slot]), setup, lead, np.sign(lead)))
                self._take(slot)
        slot, seat = np.nonzero(self.due == self.tick[:, None])
        theirs = self.count[slot, 1 - seat]
        own = self.count[slot, seat]
        n = len(slot)
        observation = {
            "scalars": np.stack([self.tick[slot] / 10, own / 10, seat], 1).astype(np.float32),
            "vectors": np.zeros((n, 0, 2), np.float32),
            "entities": np.zeros((n, 0, 0), np.float32),
            "entity_mask": np.zeros((n, 0), np.bool_),
            "raster": np.zeros((n, 0, 0, 0), np.uint8),
            "legal": np.ones((n, 5), np.bool_),
            "privileged": (theirs[:, None] / 10).astype(np.float32),
        }
        keys = [rng.derive(self.seed, int(e), int(p), int(t)) for e, p, t in
                zip(self.episode[slot], seat, self.tick[slot], strict=True)]  # fmt: skip
        return ToyStep(
            ended, slot, seat, self.players[slot, seat], self.episode[slot], observation,
            np.array(keys, np.uint64), (own - theirs).astype(np.float32),
        )  # fmt: skip

    def act(self, step: ToyStep, actions: np.ndarray) -> np.ndarray:
        for row, (slot, seat) in enumerate(zip(step.slot, step.seat, strict=True)):
            choice = int(actions[row, 0])
            self.log.append((int(self.episode[slot]), int(seat), int(self.tick[slot]), tuple(actions[row].tolist())))
            self.said[slot, seat] = choice == 2
            self.due[slot, seat] += 1 + choice % 2
        return actions

    def snapshot(self) -> dict:
        names = ("episode", "players", "tick", "length", "due", "count", "said")
        return {"taken": self.taken, **{name: getattr(self, name).copy() for name in names}}

    def restore(self, snapshot: dict) -> None:
        for name, value in snapshot.items():
            setattr(self, name, value if name == "taken" else value.copy())


class Fixed:
    """An opponent that always makes the same choice and counts its decisions in its memory."""

    memory_size = 1

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.memories: list[float] = []

    def initial_memory(self, n: int) -> np.ndarray:
        return np.zeros((n, 1), np.float32)

    def act(self, observation: dict, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.memories += memory[:, 0].tolist()
        actions = np.zeros((len(keys), 2), np.int64)
        actions[:, 0] = self.choice
        return actions, memory + 1
