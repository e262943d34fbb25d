"""What the header of a replay holds, and the bounds that make any header safe to re-simulate.

The header is JSON. It comes from a file that anybody may have made, so every number has a bound: the simulation is
compiled without index checks. `Rules` itself bounds the numbers of its table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from botgame.json_reading import decoded, parsed
from botgame.lms.rules import MAX_SECONDS, SCHOOLS, VERBS, Rules, ticks
from botgame.lms.simulation.state import MAX_REACTION, STAMPS, UNCAPPED

MIN_DURATION_TICKS, MAX_DURATION_TICKS = 30, ticks(MAX_SECONDS)
MAX_EVENTS = 10_000
MAX_NAME = 400  # characters of a policy
BOT, HUMAN = 0, 1
CONTROLLERS = ("bot", "human")
PERSON = "human:"  # begins the policy of a seat that a person held at first; the person's name follows

Tick = Annotated[int, Meta(ge=0, le=MAX_DURATION_TICKS)]
SeatIndex = Annotated[int, Meta(ge=0, le=15)]
Controller = Annotated[int, Meta(ge=0, le=len(CONTROLLERS) - 1)]
Reaction = Annotated[int, Meta(ge=0, le=MAX_REACTION)]
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

    policy: Annotated[str, Meta(max_length=MAX_NAME)]
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
    a late decision was taken by the observation that it was made on (`replay.live`). is_cut: the server stopped, or
    everybody had left, so the match was cut off after `ticks` and has no result; those who were alive share the first
    place. countdown_ticks: nobody acted before this tick, so that people could find their mages; their matches only.
    All three are left out where it is not so.
    """

    game: str = "lms-arena"
    mode: Annotated[str, Meta(pattern="^(duel|royale)$")]
    seed: int
    duration_ticks: Annotated[int, Meta(ge=MIN_DURATION_TICKS, le=MAX_DURATION_TICKS)]
    ticks: Annotated[int, Meta(ge=1, le=MAX_DURATION_TICKS)]
    seats: Annotated[tuple[ReplaySeat, ...], Meta(min_length=2, max_length=16)]
    changes: Annotated[tuple[Change, ...], Meta(max_length=MAX_EVENTS)] = ()
    marks: Annotated[tuple[ReplayMark, ...], Meta(max_length=MAX_EVENTS)] = ()
    final: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    rules: msgspec.Raw  # the whole table as JSON
    live: bool | msgspec.UnsetType = msgspec.UNSET
    is_cut: bool | msgspec.UnsetType = msgspec.UNSET
    countdown_ticks: Tick | msgspec.UnsetType = msgspec.UNSET


def mode_of(seats: int) -> Literal["duel", "royale"]:
    """The mode that a number of seats plays."""
    return "duel" if seats == 2 else "royale"


def decode_header(data: bytes) -> Header:
    """Parse and check a header. Raises ValueError with a readable reason."""
    try:
        header: Header = decoded(data, Header)
    except ValueError as error:
        raise ValueError(f"its header is wrong ({error})") from error
    if header.game != "lms-arena":
        raise ValueError(f"it is a replay of the game {header.game[:40]!r}, expected 'lms-arena'")
    if not 0 <= header.seed < 2**64:
        raise ValueError("its seed is not a 64-bit number")
    if header.ticks > header.duration_ticks:
        raise ValueError(f"it lasts {header.ticks} ticks, longer than its duration of {header.duration_ticks}")
    if header.is_cut is True and header.live is not True:
        raise ValueError("it was cut off, which happens only to live matches")
    if header.mode != mode_of(len(header.seats)):
        raise ValueError(f"its mode is {header.mode} but it has {len(header.seats)} seats")
    events: tuple[Change | ReplayMark, ...] = (*header.changes, *header.marks)
    for event in events:
        if event.seat >= len(header.seats) or event.tick > header.ticks:
            raise ValueError(f"an event at tick {event.tick} of seat {event.seat} lies outside the match")
    for cap in (*(seat.cap for seat in header.seats), *(change.cap for change in header.changes)):
        if STAMPS < cap < UNCAPPED:
            raise ValueError(f"it has a cap of {cap} actions, expected 0 to {STAMPS}, or {UNCAPPED} for none")
    decode_rules(bytes(header.rules))
    return header


@lru_cache(maxsize=64)
def decode_rules(data: bytes) -> Rules:
    """The rules table of a header (JSON). Raises ValueError when this release cannot simulate it safely."""
    try:
        return Rules.from_dict(parsed(data))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"its rules table is wrong ({error})") from error
