"""Torpedoes: two boats in a square pond, each of which sees only what is near. docs/your_game.md explains it.

Ten ticks a second. A boat moves, and fires at where the other one is now; a torpedo takes time to get there, and a boat
that moves sideways is missed. Scouts are fast and see far, gunboats take more hits and decide less often.
"""

from collections.abc import Sequence

import numpy as np

from botgame import rng
from botgame.game import Due, Game, Outcome, ScriptedPolicy, SeatLimits, Setup
from botgame.spec import Head, Reward, Scalar, Spec
from botgame.standings import standings_of

FACTIONS = ("scout", "gunboat")
SPEED, SIGHT = np.array([0.05, 0.04]), np.array([1.2, 0.9])  # of each faction: a tick, and how far it sees
HEALTH, RELOAD, DELAY = np.array([3, 4]), np.array([12, 12]), np.array([2, 3])  # hits, ticks, ticks between decisions
TORPEDO, RANGE_TICKS, RADIUS, LONGEST = 0.12, 12, 0.1, 400
ANGLES = np.arange(8)[:, None] * np.pi / 4
DIRECTIONS = np.vstack([[[0, 0]], np.hstack([np.cos(ANGLES), np.sin(ANGLES)])])  # stay, then the eight ways

SPEC = Spec(
    name="torpedoes", version=1, ticks_per_second=10,
    scalars=tuple(map(Scalar, (
        "x", "y", "health", "reload", "scout", "time", "seen", "distance", "their_health", "danger", "danger_distance",
    ))),
    vectors=("to_enemy", "to_danger", "danger_heading"),
    entity_columns=(), entity_position=(0, 0), entity_position_scale=1.0, max_entities=0,
    raster_channels=(), raster_size=0, raster_cell=1.0, privileged=("their_x", "their_y", "their_reload"),
    heads=(
        Head("fire", 2, "categorical", "fire", labels=("hold", "fire")),
        Head("move", 9, "direction", "move", directions=tuple(map(tuple, DIRECTIONS.tolist()))),
    ),
    rewards=(Reward("result", dense=False), Reward("damage", dense=True)),
)  # fmt: skip
STATE = {  # every array of a slot's state: its shape for one slot, and its dtype
    "tick": ((), np.int64), "started": ((), np.bool_), "faction": ((2,), np.int64), "health": ((2,), np.int64),
    "reload": ((2,), np.int64), "wait": ((2,), np.int64), "firing": ((2,), np.bool_), "left": ((2,), np.int64),
    "place": ((2, 2), float), "heading": ((2, 2), float), "torpedo": ((2, 2), float), "velocity": ((2, 2), float),
}  # fmt: skip


class Torpedoes:
    """The simulation: see `botgame.game.Simulation`, whose methods these are."""

    def __init__(self, slots: int, seats: int) -> None:
        for name, (shape, dtype) in STATE.items():
            setattr(self, name, np.zeros((slots, *shape), dtype))

    def reset(self, slot: int, setup: Setup, limits: Sequence[SeatLimits]) -> None:
        for name in STATE:
            getattr(self, name)[slot] = 0
        place = rng.uniforms(np.array([setup.seed], np.uint64), 2)[0] * 1.6 - 0.8
        self.place[slot], self.faction[slot], self.started[slot] = (place, -place), setup.factions, True
        self.health[slot] = HEALTH[self.faction[slot]]

    def advance(self) -> Due:
        while (running := ~self.done & (self.wait > 0).all(1)).any():
            self._tick(np.flatnonzero(running))
        slot, seat = np.nonzero((self.wait == 0) & ~self.done[:, None])
        return Due(slot.astype(np.int32), seat.astype(np.int32))

    def _tick(self, slots: np.ndarray) -> None:
        """A tenth of a second of some matches: torpedoes start, everything moves, torpedoes hit, time passes."""
        place, torpedo, velocity = self.place[slots], self.torpedo[slots], self.velocity[slots]
        faction, firing, left = self.faction[slots], self.firing[slots], self.left[slots]
        aim = place[:, ::-1] - place
        aim /= np.maximum(np.linalg.norm(aim, axis=2, keepdims=True), 1e-9)
        torpedo, velocity = np.where(firing[..., None], (place, aim * TORPEDO), (torpedo, velocity))
        left = np.where(firing, RANGE_TICKS, np.maximum(left - 1, 0))
        place, torpedo = np.clip(place + self.heading[slots] * SPEED[faction][..., None], -1, 1), torpedo + velocity
        hit = (left > 0) & (np.linalg.norm(torpedo - place[:, ::-1], axis=2) < RADIUS)
        self.health[slots] -= hit[:, ::-1]
        self.wait[slots] -= 1
        self.tick[slots] += 1
        self.reload[slots] = np.where(firing, RELOAD[faction], np.maximum(self.reload[slots] - 1, 0))
        self.place[slots], self.torpedo[slots], self.velocity[slots] = place, torpedo, velocity
        self.left[slots], self.firing[slots] = np.where(hit, 0, left), False

    def observe(self, due: Due) -> dict[str, np.ndarray]:
        slot, seat = due
        seen, faction = SPEC.blank(len(slot)), self.faction[slot, seat]
        own, theirs = self.place[slot, seat], self.place[slot, 1 - seat]
        gap, danger = theirs - own, self.torpedo[slot, 1 - seat] - own
        distance, near = np.linalg.norm(gap, axis=1), np.linalg.norm(danger, axis=1)
        visible = distance < SIGHT[faction]
        threat = (self.left[slot, 1 - seat] > 0) & (near < SIGHT[faction])
        seen["scalars"][:] = np.stack([
            own[:, 0], own[:, 1], self.health[slot, seat] / 4, self.reload[slot, seat] / 12, faction == 0,
            self.tick[slot] / LONGEST, visible, visible * distance, visible * self.health[slot, 1 - seat] / 4,
            threat, threat * near,
        ], 1)  # fmt: skip
        units = np.stack([gap, danger, self.velocity[slot, 1 - seat]], 1)
        units /= np.maximum(np.linalg.norm(units, axis=2, keepdims=True), 1e-9)
        seen["vectors"][:] = units * np.stack([visible, threat, threat], 1)[..., None]
        seen["privileged"][:] = np.column_stack([theirs, self.reload[slot, 1 - seat] / 12])
        seen["legal"][:] = True
        seen["legal"][:, 1] = visible & (self.reload[slot, seat] == 0)  # "fire"
        return seen

    def act(self, due: Due, actions: np.ndarray) -> np.ndarray:
        """What a boat does begins with the next tick, so that nobody sees what the other has just decided."""
        slot, seat = due
        self.firing[slot, seat], self.heading[slot, seat] = actions[:, 0] == 1, DIRECTIONS[actions[:, 1]]
        self.wait[slot, seat] = DELAY[self.faction[slot, seat]]
        return actions

    def _lead(self) -> np.ndarray:
        share = (self.health / HEALTH[self.faction]).astype(np.float32)  # of each boat
        return share - share[:, ::-1]

    def rewards(self, due: Due) -> dict[str, np.ndarray]:
        return {"result": np.zeros(len(due.slot), np.float32), "damage": self._lead()[due.slot, due.seat]}

    @property
    def ticks(self) -> np.ndarray:
        return self.tick.copy()

    @property
    def done(self) -> np.ndarray:
        return ~self.started | (self.tick >= LONGEST) | (self.health <= 0).any(1)

    def outcome(self, slot: int) -> Outcome:
        lead = self._lead()[slot]
        places, counts = np.where(lead < 0, 2, 1), np.zeros((2, 0), np.int64)
        return Outcome(int(self.tick[slot]), places, {"result": standings_of(places), "damage": lead}, counts)

    def snapshot(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name).copy() for name in STATE}

    def restore(self, snapshot: dict[str, np.ndarray]) -> None:
        for name in STATE:
            if snapshot[name].shape != getattr(self, name).shape:
                raise ValueError(f"{name} has another shape")
            setattr(self, name, snapshot[name].copy())


def hunter(observation: dict, memory: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """A bot: steams at the other boat, to the middle of the pond while it sees none, and fires when it can."""
    towards = np.where(observation["scalars"][:, 6:7] > 0, observation["vectors"][:, 0], -observation["scalars"][:, :2])
    return np.stack([observation["legal"][:, 1], np.argmax(towards @ DIRECTIONS.T, axis=1)], 1).astype(np.int64)


def make() -> Game:
    return Game(
        name="torpedoes", spec=SPEC, simulate=Torpedoes, bots={"hunter": lambda: ScriptedPolicy("hunter", hunter)},
        yardsticks=("hunter",), opponents={"self": 0.3, "past": 0.2, "hunter": 0.5}, factions=FACTIONS,
        reward_weights={"damage": 0.5},
    )  # fmt: skip
