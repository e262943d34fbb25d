"""What the header of a replay holds, and the bounds that make any header safe to re-simulate.

The header is JSON. It comes from a file that anyone may have made, so every number has a bound: the simulation is
compiled without index checks, and a rules table with absurd speeds or sizes must be refused here.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from botgame.lms.rules import MAX_SECONDS, SCHOOLS, VERBS, Rules, ticks
from botgame.lms.simulation.state import UNCAPPED

MAX_DURATION_TICKS = ticks(MAX_SECONDS)
MAX_EVENTS = 10_000
BOT, HUMAN = 0, 1
CONTROLLERS = ("bot", "human")

Tick = Annotated[int, Meta(ge=0, le=MAX_DURATION_TICKS)]
SeatIndex = Annotated[int, Meta(ge=0, le=15)]
Controller = Annotated[int, Meta(ge=0, le=len(CONTROLLERS) - 1)]
Reaction = Annotated[int, Meta(ge=0, le=7)]
Cap = Annotated[int, Meta(ge=0, le=UNCAPPED)]
Flag = Annotated[int, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Damage = Annotated[float, Meta(ge=0.0, le=1e6)]


class ReplaySeat(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One seat: who played it under which limits, and how it ended.

    controller: who held the seat at the start (0 bot, 1 human). reaction: observation delay in ticks; cap_moves: 1
    where changes of direction count towards the action cap; cap: the seat's own one, 0 where the rules' holds
    (`arena.Limits`). rating: on the scale of the reports (base 10, 400 = 10:1) or None. decisions: number of its rows
    in the columns. death_tick: -1 for a survivor.
    """

    policy: Annotated[str, Meta(max_length=400)]
    school: Annotated[int, Meta(ge=0, lt=len(SCHOOLS))]
    controller: Controller = BOT
    reaction: Reaction
    cap_moves: Flag
    cap: Cap = 0
    rating: Annotated[float, Meta(ge=-10_000.0, le=10_000.0)] | None = None
    decisions: Count
    place: Annotated[int, Meta(ge=1, le=16)]
    kills: Annotated[int, Meta(ge=0, le=15)]
    damage_dealt: Damage
    damage_taken: Damage
    illegal: Count
    capped: Count
    casts: Annotated[tuple[Count, ...], Meta(min_length=len(VERBS), max_length=len(VERBS))]
    death_tick: Annotated[int, Meta(ge=-1, le=MAX_DURATION_TICKS)]

    @property
    def limits(self) -> tuple[int, int, int]:
        """Those that the seat began under, as `arena.Limits` has them."""
        return self.reaction, self.cap_moves, self.cap


class Change(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """From `tick` on `seat` is held by `controller` under these limits."""

    tick: Tick
    seat: SeatIndex
    controller: Controller
    reaction: Reaction
    cap_moves: Flag
    cap: Cap = 0

    @property
    def limits(self) -> tuple[int, int, int]:
        """The new ones, as `arena.Limits` has them."""
        return self.reaction, self.cap_moves, self.cap


class ReplayMark(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A person marked what `seat` did just before `tick` as good (+1) or bad (-1)."""

    tick: Tick
    seat: SeatIndex
    value: Annotated[int, Meta(ge=-1, le=1)]


class Header(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything about a match but its decisions. `final` is the state digest at the end, 16 hex digits.

    live: the match was played in real time: seats decided whenever their decision was ready, not exactly when due, and
    a late decision was taken by the observation that it was made on (`replay.live`). Left out where it is not so.
    """

    game: str = "lms-arena"
    mode: Annotated[str, Meta(pattern="^(duel|royale)$")]
    seed: int
    duration_ticks: Annotated[int, Meta(ge=30, le=MAX_DURATION_TICKS)]
    ticks: Annotated[int, Meta(ge=1, le=MAX_DURATION_TICKS)]
    seats: Annotated[tuple[ReplaySeat, ...], Meta(min_length=2, max_length=16)]
    changes: Annotated[tuple[Change, ...], Meta(max_length=MAX_EVENTS)] = ()
    marks: Annotated[tuple[ReplayMark, ...], Meta(max_length=MAX_EVENTS)] = ()
    final: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    rules: msgspec.Raw  # the whole table as JSON
    live: bool | msgspec.UnsetType = msgspec.UNSET


def mode_of(seats: int) -> Literal["duel", "royale"]:
    """The mode that a number of seats plays."""
    return "duel" if seats == 2 else "royale"


def decode_header(data: bytes) -> Header:
    """Parse and check a header. Raises ValueError with a readable reason."""
    try:
        header = msgspec.json.decode(data, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"its header is wrong ({error})") from error
    if header.game != "lms-arena":
        raise ValueError(f"it is a replay of the game {header.game[:40]!r}, expected 'lms-arena'")
    if not 0 <= header.seed < 2**64:
        raise ValueError("its seed is not a 64-bit number")
    if header.ticks > header.duration_ticks:
        raise ValueError(f"it lasts {header.ticks} ticks, longer than its duration of {header.duration_ticks}")
    if header.mode != mode_of(len(header.seats)):
        raise ValueError(f"its mode is {header.mode} but it has {len(header.seats)} seats")
    events: tuple[Change | ReplayMark, ...] = (*header.changes, *header.marks)
    for event in events:
        if event.seat >= len(header.seats) or event.tick > header.ticks:
            raise ValueError(f"an event at tick {event.tick} of seat {event.seat} lies outside the match")
    decode_rules(bytes(header.rules))
    return header


# Bounds of every number of the table; generous for balance, tight enough that no kernel leaves its arrays.
_RULE_BOUNDS: dict[str, tuple[float, float]] = {
    "duel_size": (8, 64), "royale_size": (8, 64), "mage_radius": (0.05, 0.45), "mage_speed": (0, 20),
    "health": (1, 10_000), "mana": (0, 10_000), "mana_regen": (0, 1_000), "sight": (0, 100), "sight_period": (1, 60),
    "spawn_radius": (0.05, 0.45), "wall_density": (0, 1), "pickup_radius": (0, 10), "interact_radius": (0, 10),
    "heal": (0, 10_000), "mana_gain": (0, 10_000), "rune_damage": (0, 100), "rune_duration": (0, 100),
    "zone_start": (0.01, 10), "zone_damage": (0.1, 10_000), "zone_damage_end": (1, 10_000),
    "action_window": (0.1, 60), "action_spacing": (0, 60),
}  # fmt: skip
_ABILITY_BOUNDS: dict[str, tuple[float, float]] = {
    "mana": (0, 10_000), "cooldown": (0, 100), "speed": (0, 60), "range": (0, 60), "radius": (0, 5),
    "damage": (0, 10_000), "blast": (0, 60), "blast_damage": (0, 10_000), "slow": (0, 1), "duration": (0, 60),
    "absorb": (0, 10_000), "sweep": (0, 60), "self_slow": (0, 1),
}  # fmt: skip
_SLOWEST = 0.5  # cells/s: times of flight stay small
_INTEGERS = ("version", "duel_size", "royale_size", "sight_period", "reaction_ticks", "action_cap", "action_spacing")


@lru_cache(maxsize=64)
def decode_rules(data: bytes) -> Rules:
    """The rules table of a header (JSON). Raises ValueError when this release cannot simulate it safely."""
    try:
        rules = Rules.from_dict(msgspec.json.decode(data))
        plain = rules.to_dict()
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its rules table is wrong ({error})") from error
    for name, value in plain.items():
        if name != "abilities":
            _check_rule(name, value)
    if [len(school) for school in rules.abilities] != [4] * len(SCHOOLS):
        raise ValueError(f"its rules table needs {len(SCHOOLS)} schools of 4 abilities")
    for row in (row for school in plain["abilities"] for row in school):
        if not isinstance(row["name"], str) or len(row["name"]) > 40:
            raise ValueError("its rules table has an ability without a proper name")
        for name, (low, high) in _ABILITY_BOUNDS.items():
            _check_number(f"{row['name']}.{name}", row[name], low, high)
        if 0 < row["speed"] < _SLOWEST:
            raise ValueError(f"its rule {row['name']}.speed is {row['speed']!r}, expected 0 or {_SLOWEST:g} and more")
    return rules


def _check_rule(name: str, value: Any) -> None:
    if name in ("duel_items", "royale_items"):
        _check_list(name, value, 4, 0, 32, integer=True)
    elif name in ("zone_hold", "zone_close", "zone_radius"):
        _check_list(name, value, 4, 0.0, 10.0)
        rising = name != "zone_radius"
        if rising and (sorted(value) != value or value[-1] > 1.0):
            raise ValueError(f"its rule {name} must rise and end by 1")
        if not rising and value[-1] != 0:
            raise ValueError("its rule zone_radius must end at 0, or the match would not end")
    elif name in _RULE_BOUNDS:
        low, high = _RULE_BOUNDS[name]
        _check_number(name, value, low, high, integer=name in _INTEGERS)
    elif name in _INTEGERS:
        _check_number(name, value, 0, 2**31 - 1, integer=True)  # `Rules` itself bounds these
    else:
        raise ValueError(f"its rules table has an unknown number {name!r}: it needs another botgame release")


def _check_list(name: str, value: Any, length: int, low: float, high: float, *, integer: bool = False) -> None:
    if not isinstance(value, list) or len(value) != length:
        raise ValueError(f"its rule {name} must be {length} numbers")
    for entry in value:
        _check_number(name, entry, low, high, integer=integer)


def _check_number(name: str, value: Any, low: float, high: float, *, integer: bool = False) -> None:
    kinds = int if integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"its rule {name} is {value!r}, expected {low:g}..{high:g}")
