"""The rules as data: every number of the arena in one table, handed to the simulation as an argument.

Replays and checkpoints carry the whole table (`Rules.to_dict`), so a balance change never breaks an old file.
`RULES_VERSION` changes only when the meaning of the code changes. A table may come from a file that anybody made, and
the simulation is compiled without index checks: the bounds of the numbers are what keeps it within its arrays.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from botgame.lms.numbers import check_numbers, number

RULES_VERSION = 1
TICKS_PER_SECOND = 30

SCHOOLS = ("pyromancer", "cryomancer", "stormcaller")
SLOTS = ("bolt", "offence", "mobility", "defence")  # the abilities of a school
SLOT_COUNT = len(SLOTS)
VERBS = ("none", *SLOTS, "interact")
NONE, BOLT, OFFENCE, MOBILITY, DEFENCE = range(5)
INTERACT = VERBS.index("interact")
TARGETED = (BOLT, OFFENCE)  # verbs that can be aimed at an enemy in sight
AIMED = (*TARGETED, MOBILITY)  # verbs that can be aimed in a direction
DELAY_TICKS = (2, 3, 4, 5, 6, 8, 12, 20)
LEADS = (0.0, 0.4, 0.75, 1.0, 1.3)
ITEM_KINDS = ("health", "mana", "rune", "chest")
HEALTH, MANA, RUNE, CHEST = range(len(ITEM_KINDS))
ABILITY_KINDS = ("projectile", "dash", "blink", "ward")
PROJECTILE, DASH, BLINK, WARD = range(len(ABILITY_KINDS))
MIN_SEATS, MAX_SEATS = 2, 16
_SLOWEST = 0.5  # cells/s: times of flight stay small
MIN_SECONDS, MAX_SECONDS = 10.0, 600.0  # of a match that a person may ask for


@dataclass(frozen=True)
class Ability:
    """One row of the ability table. A number that its kind does not use is 0.

    projectile: flies `speed` up to `range`, hits within `radius` of a mage for `damage`, then bursts within `blast`
    (full damage at the centre of the hit mage, `blast_damage` to others) and slows by `slow` for `duration`.
    dash: moves at `speed` in the aimed direction for `duration`. blink: jumps up to `range` to the last free point.
    ward: absorbs `absorb` damage for `duration`; on casting it hurts for `blast_damage` and slows within `blast`,
    destroys enemy projectiles within `sweep`, and slows the caster by `self_slow` while it lasts.
    """

    name: str
    kind: str
    mana: float = number(0.0, 0, 10_000)
    cooldown: float = number(0.0, 0, 100, "s")
    speed: float = number(0.0, 0, 60, "cells/s")
    range: float = number(0.0, 0, 60, "cells")
    radius: float = number(0.0, 0, 5, "cells")
    damage: float = number(0.0, 0, 10_000, "hp")
    blast: float = number(0.0, 0, 60, "cells")
    blast_damage: float = number(0.0, 0, 10_000, "hp")
    slow: float = number(0.0, 0, 1)  # share of speed
    duration: float = number(0.0, 0, 60, "s")
    absorb: float = number(0.0, 0, 10_000, "hp")
    sweep: float = number(0.0, 0, 60, "cells")
    self_slow: float = number(0.0, 0, 1)  # share of speed

    def __post_init__(self) -> None:
        """Raise ValueError for a row that the simulation cannot take."""
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 40:
            raise ValueError("an ability has no proper name")
        if self.kind not in ABILITY_KINDS:
            raise ValueError(f"ability {self.name} has kind {self.kind!r}, expected one of {', '.join(ABILITY_KINDS)}")
        try:
            check_numbers(self)
        except ValueError as error:
            raise ValueError(f"ability {self.name}: {error}") from error
        if 0 < self.speed < _SLOWEST:
            raise ValueError(f"ability {self.name}: speed is {self.speed!r}, expected 0, or {_SLOWEST:g} or more")


class ZonePhase(NamedTuple):
    """The zone has its old size up to tick `closes`; then it shrinks and has `radius` (cells) from tick `closed` on."""

    closes: int
    closed: int
    radius: float


_BOLT = Ability("bolt", "projectile", mana=4, cooldown=0.6, speed=11, range=10, radius=0.15, damage=8)

_ABILITIES: tuple[tuple[Ability, ...], ...] = (
    (
        _BOLT,
        Ability("fireball", "projectile", 22, 4.0, speed=9, range=9, radius=0.3, damage=23, blast=1.8, blast_damage=12),
        Ability("flame_rush", "dash", 15, 5.0, speed=11, duration=0.25),
        Ability("ember_ward", "ward", 22, 8.0, absorb=18, duration=2.0, blast=3.0, blast_damage=12),
    ),
    (
        _BOLT,
        Ability(
            "frost_lance", "projectile", 20, 3.5, speed=18, range=10, radius=0.2, damage=15.5, slow=0.45, duration=2
        ),
        Ability("ice_slide", "dash", 15, 5.0, speed=9, duration=0.35),
        Ability("ice_block", "ward", 25, 9.0, absorb=40, duration=2.5, self_slow=0.5),
    ),
    (
        _BOLT,
        Ability("lightning", "projectile", 22, 3.5, speed=20, range=13, radius=0.15, damage=14.5),
        Ability("blink", "blink", 18, 5.0, range=4.5),
        Ability("gust", "ward", 20, 7.0, absorb=14, duration=1.5, blast=3.0, slow=0.3, sweep=3.0),
    ),
)


@dataclass(frozen=True)
class Rules:
    """The whole table. Raises ValueError with the name of the number when one is out of range."""

    version: int = RULES_VERSION
    duel_size: int = number(20, 8, 64, "cells")  # along a side, 2 seats
    royale_size: int = number(32, 8, 64, "cells")  # along a side, 3-16 seats
    mage_radius: float = number(0.4, 0.05, 0.45, "cells")
    mage_speed: float = number(4.0, 0, 20, "cells/s")
    health: float = number(100.0, 1, 10_000, "hp")
    mana: float = number(100.0, 0, 10_000)
    mana_regen: float = number(6.0, 0, 1_000, "mana/s")
    sight: float = number(10.0, 0, 100, "cells")  # mages are seen within it along a free line; the rest through walls
    sight_period: int = number(3, 1, 60, "ticks")  # between two looks
    spawn_radius: float = number(0.36, 0.05, 0.45)  # of the side
    wall_density: float = number(0.55, 0, 1)  # probability that a 4x4 block of cells holds a pillar
    pickup_radius: float = number(0.8, 0, 10, "cells")
    interact_radius: float = number(1.4, 0, 10, "cells")
    heal: float = number(30.0, 0, 10_000, "hp")
    mana_gain: float = number(50.0, 0, 10_000)
    rune_damage: float = number(1.5, 0, 100)  # factor of damage while a rune lasts
    rune_duration: float = number(8.0, 0, 100, "s")
    duel_items: tuple[int, int, int, int] = number((4, 4, 2, 2), 0, 32)  # health, mana, rune, chest
    royale_items: tuple[int, int, int, int] = number((10, 10, 6, 8), 0, 32)
    zone_start: float = number(0.75, 0.01, 10)  # radius at the start, of the side
    zone_hold: tuple[float, ...] = number((0.15, 0.40, 0.62, 0.80), 0, 1)  # phase k holds until this share of a match,
    zone_close: tuple[float, ...] = number((0.30, 0.52, 0.72, 0.92), 0, 1)  # then shrinks until this share
    zone_radius: tuple[float, ...] = number((0.50, 0.30, 0.15, 0.0), 0, 10)  # to this radius, of the side
    zone_damage: float = number(3.0, 0.1, 10_000, "hp/s")  # outside, at the start of the first shrink
    zone_damage_end: float = number(25.0, 1, 10_000, "hp/s")  # outside, at the end
    reaction_ticks: int = number(4, 0, 7, "ticks")  # age of what bots see
    action_cap: int = number(22, 1, 22)  # non-repeating actions in a window
    action_window: float = number(5.0, 0.1, 60, "s")
    action_spacing: int = number(3, 0, 60, "ticks")  # between two of them
    abilities: tuple[tuple[Ability, ...], ...] = field(default=_ABILITIES)

    def __post_init__(self) -> None:
        """Raise ValueError for a table that the simulation cannot take."""
        if self.version != RULES_VERSION:
            raise ValueError(f"rules version {self.version!r} is not {RULES_VERSION}: it needs another botgame release")
        check_numbers(self)
        if self.duel_size % 4 or self.royale_size % 4:
            raise ValueError("duel_size and royale_size must be multiples of 4")
        for name in ("zone_hold", "zone_close"):
            if any(later < earlier for earlier, later in pairwise(getattr(self, name))):
                raise ValueError(f"{name} must rise")
        if self.zone_radius[-1] != 0:
            raise ValueError("zone_radius must end at 0, or matches would not end")
        if [len(school) for school in self.abilities] != [SLOT_COUNT] * len(SCHOOLS):
            raise ValueError(f"abilities must be {len(SCHOOLS)} schools of {SLOT_COUNT}")

    def to_dict(self) -> dict[str, Any]:
        """The table as plain JSON types."""
        return json.loads(json.dumps(asdict(self)))

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Rules:
        """Inverse of `to_dict`. Raises ValueError, KeyError or TypeError for foreign data."""
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        plain["abilities"] = tuple(tuple(Ability(**row) for row in school) for school in data["abilities"])
        return Rules(**plain)

    def digest(self) -> str:
        """16 hex digits that change with any number."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def size(self, seats: int) -> int:
        """Cells along a side, without the border, for a match of `seats`."""
        return self.duel_size if seats == 2 else self.royale_size

    def items(self, seats: int) -> tuple[int, int, int, int]:
        """Number of items of each kind at the start of a match of `seats`."""
        return self.duel_items if seats == 2 else self.royale_items

    def zone_phases(self, duration_ticks: int, seats: int) -> list[ZonePhase]:
        """When and how far the zone shrinks in a match of `seats`: to the tick as the simulation does it."""
        shares = np.arange(duration_ticks + 1) / duration_ticks
        holds = np.searchsorted(shares, self.zone_hold, side="right") - 1
        closes = np.searchsorted(shares, self.zone_close, side="left")
        radii = [share * self.size(seats) for share in self.zone_radius]
        return [ZonePhase(*phase) for phase in zip(holds.tolist(), closes.tolist(), radii, strict=True)]


def ticks(seconds: float) -> int:
    """Seconds to the nearest number of ticks."""
    return round(seconds * TICKS_PER_SECOND)


DIRECTION_BINS = 32


def _direction_table() -> np.ndarray:
    """Unit vectors at multiples of 1/32 turn by half-angle formulas: only + - * / sqrt, so equal on every machine."""
    root = [(1.0, 0.0), (0.0, 1.0)]
    while len(root) < DIRECTION_BINS // 4 + 1:
        finer = []
        for (ax, ay), (bx, by) in pairwise(root):
            length = float(np.sqrt((ax + bx) ** 2 + (ay + by) ** 2))
            finer += [(ax, ay), ((ax + bx) / length, (ay + by) / length)]
        root = [*finer, root[-1]]
    quarter = root[:-1]
    table = list(quarter)
    for _ in range(3):
        quarter = [(-y, x) for x, y in quarter]
        table += quarter
    return np.array(table, np.float64)


DIRECTIONS: np.ndarray = _direction_table()  # [32, 2], bin k at k/32 turn, x right, y down
MOVES: np.ndarray = np.concatenate([np.zeros((1, 2)), DIRECTIONS[::4]])  # [9, 2], 0 = stay, then 8 directions
MOVE_COUNT = len(MOVES)
