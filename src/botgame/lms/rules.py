"""The rules as data: every number of the arena in one table, with units, handed to the simulation as an argument.

Replays and checkpoints carry the whole table (`Rules.to_dict`), so a balance change never breaks an old file.
`RULES_VERSION` changes only when the meaning of the code changes. Distances are in cells, times in seconds.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

RULES_VERSION = 1
TICKS_PER_SECOND = 30

SCHOOLS = ("pyromancer", "cryomancer", "stormcaller")
VERBS = ("none", "bolt", "offence", "mobility", "defence", "interact")
NONE, BOLT, OFFENCE, MOBILITY, DEFENCE, INTERACT = range(6)
DELAY_TICKS = (2, 3, 4, 5, 6, 8, 12, 20)
LEADS = (0.0, 0.4, 0.75, 1.0, 1.3)
ITEM_KINDS = ("health", "mana", "rune", "chest")
HEALTH, MANA, RUNE, CHEST = range(4)
ABILITY_KINDS = ("projectile", "dash", "blink", "ward")
PROJECTILE, DASH, BLINK, WARD = range(4)
MIN_SEATS, MAX_SEATS = 2, 16
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
    mana: float
    cooldown: float
    speed: float = 0.0
    range: float = 0.0
    radius: float = 0.0
    damage: float = 0.0
    blast: float = 0.0
    blast_damage: float = 0.0
    slow: float = 0.0
    duration: float = 0.0
    absorb: float = 0.0
    sweep: float = 0.0
    self_slow: float = 0.0


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
    duel_size: int = 20  # cells along a side, 2 seats
    royale_size: int = 32  # cells along a side, 3-16 seats
    mage_radius: float = 0.4
    mage_speed: float = 4.0  # cells/s
    health: float = 100.0
    mana: float = 100.0
    mana_regen: float = 6.0  # per second
    sight: float = 10.0  # cells: mages are seen within it along a free line; items and spells glow through fog
    sight_period: int = 3  # ticks between two looks
    spawn_radius: float = 0.36  # of the side
    wall_density: float = 0.55  # chance that a 4x4 block of cells holds a pillar
    pickup_radius: float = 0.8
    interact_radius: float = 1.4
    heal: float = 30.0
    mana_gain: float = 50.0
    rune_damage: float = 1.5  # damage factor while a rune lasts
    rune_duration: float = 8.0
    duel_items: tuple[int, int, int, int] = (4, 4, 2, 2)  # health, mana, rune, chest
    royale_items: tuple[int, int, int, int] = (10, 10, 6, 8)
    zone_start: float = 0.75  # radius at the start, of the side
    zone_hold: tuple[float, ...] = (0.15, 0.40, 0.62, 0.80)  # phase k holds until this share of the match,
    zone_close: tuple[float, ...] = (0.30, 0.52, 0.72, 0.92)  # then shrinks until this share
    zone_radius: tuple[float, ...] = (0.50, 0.30, 0.15, 0.0)  # to this radius, of the side
    zone_damage: float = 3.0  # hp/s outside at the start of the first shrink
    zone_damage_end: float = 25.0  # hp/s outside at the end
    reaction_ticks: int = 4  # observation delay of bots, at most 7
    action_cap: int = 22  # non-repeating actions in a window
    action_window: float = 5.0  # s
    action_spacing: int = 3  # ticks between two of them
    abilities: tuple[tuple[Ability, ...], ...] = field(default=_ABILITIES)

    def __post_init__(self) -> None:
        """Named errors for what would break the simulation rather than the balance."""
        if self.version != RULES_VERSION:
            raise ValueError(f"rules version {self.version} is not {RULES_VERSION}: it needs another botgame release")
        if not 0 <= self.reaction_ticks <= 7:
            raise ValueError(f"reaction_ticks is {self.reaction_ticks}, expected 0..7")
        if not 1 <= self.action_cap <= 22:
            raise ValueError(f"action_cap is {self.action_cap}, expected 1..22")
        if self.duel_size % 4 or self.royale_size % 4:
            raise ValueError("duel_size and royale_size must be multiples of 4")
        for school in self.abilities:
            for ability in school:
                if ability.kind not in ABILITY_KINDS:
                    raise ValueError(f"ability {ability.name} has kind {ability.kind}, expected one of {ABILITY_KINDS}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
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

    def scalars(self) -> dict[str, float]:
        """The plain numbers by name: the constants of the compiled table."""
        return {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), int | float)}


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
