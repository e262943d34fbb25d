"""The state of B matches x P seats as arrays of records, and the rules as compiled tables.

All that changes in a match is here, also the counter of its random stream, so a copy of the arrays is a copy of the
matches. `past_*` hold the last `FRAMES` ticks, for observations that are `reaction` ticks old; tick t is in slot
t % FRAMES. A late decision may count by a frame that is up to `LATEST` ticks older still, and always by one of
`OLDEST_KEPT` ticks: replays of live matches depend on both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from botgame.lms.actions import HEAD_COUNT
from botgame.lms.numbers import numbers_of
from botgame.lms.rules import ABILITY_KINDS, SCHOOLS, SLOT_COUNT, TICKS_PER_SECOND, VERBS, Ability, Rules, ticks
from botgame.lms.simulation.kernel import records

FRAMES = 16
LATEST, OLDEST_KEPT = 3, 7  # ticks
MAX_REACTION = FRAMES - 1 - LATEST  # ticks, 400 ms: the largest observation delay of a seat
SHOTS_PER_SEAT = 6
STAMPS = 22
UNCAPPED = 255  # a seat's cap that no number of stamps reaches

MAGE = np.dtype(
    [
        ("x", "f8"),
        ("y", "f8"),  # cells; the border wall is cell 0
        ("vx", "f8"),
        ("vy", "f8"),  # cells per tick, as really moved in the last tick
        ("face_x", "f8"),
        ("face_y", "f8"),  # unit vector of the last aim or move
        ("health", "f8"),
        ("mana", "f8"),
        ("shield", "f8"),  # damage that the ward still absorbs
        ("slow", "f8"),  # share of speed lost while tick < slow_until
        ("self_slow", "f8"),  # the same, by the own ward
        ("dash_x", "f8"),
        ("dash_y", "f8"),  # cells per tick while tick < dash_until
        ("damage_dealt", "f8"),
        ("damage_taken", "f8"),  # hp, to and from other mages
        ("seen_x", "f8"),
        ("seen_y", "f8"),  # where the nearest enemy was last seen
        ("slow_until", "i4"),
        ("shield_until", "i4"),
        ("rune_until", "i4"),
        ("dash_until", "i4"),  # ticks
        ("ready", "i4", (SLOT_COUNT,)),  # tick from which the ability of each slot can be cast again
        ("visible", "i4"),  # bit s: seat s is seen
        ("seen_tick", "i4"),
        ("seen_seat", "i4"),  # -1: never
        ("school", "i4"),
        ("alive", "i4"),
        ("death_tick", "i4"),  # -1 while alive
        ("kills", "i4"),
        ("place", "i4"),  # 0 while undecided; 1 = winner; ties share a place
        ("due", "i4"),  # tick of the next decision
        ("decided", "i4"),  # tick of the last decision, -1 before the first
        ("pending", "i4"),  # 1: `choice` is to be carried out in the next tick
        ("choice", "i4", (HEAD_COUNT,)),  # the accepted action (what replays record)
        ("target", "i4"),  # seat that `choice` aims at, -1: none
        ("chest", "i4"),  # index of the item that `choice` opens, -1: none
        ("cap", "i4"),  # a limit of the seat: counted actions in a window, 0: as many as the rules allow
        ("aim_x", "f8"),
        ("aim_y", "f8"),  # unit vector of the pending cast
        ("last", "i4", (HEAD_COUNT,)),  # the previous accepted action
        ("move", "i4"),  # direction held now
        ("stamps", "i4", (STAMPS,)),  # ticks of the last non-repeating actions, a ring
        ("stamp_count", "i4"),  # how many there have been
        ("illegal", "i4"),
        ("capped", "i4"),  # actions refused so far
        ("casts", "i4", (len(VERBS),)),  # verbs carried out
        ("reaction", "i4"),  # limits of the seat: observation delay in ticks,
        ("cap_moves", "i4"),  # 1: changes of direction count towards the cap (bots), 0: verbs only (people)
    ],
    align=True,
)

_SEEN = (
    *("x", "y", "alive", "visible", "health", "vx", "vy", "mana", "shield", "slow", "self_slow", "seen_x", "seen_y"),
    *("slow_until", "shield_until", "rune_until", "dash_until", "ready", "seen_tick"),
    *("school", "kills"),
)
SEEN_MAGE = np.dtype([(name, MAGE[name]) for name in _SEEN], align=True)  # what delayed observations read of a mage

SHOT = np.dtype(
    [
        ("x", "f8"),
        ("y", "f8"),
        ("vx", "f8"),
        ("vy", "f8"),  # cells, cells per tick
        ("factor", "f8"),  # damage factor of the caster's rune
        ("ends", "i4"),  # tick at which its range is spent
        ("active", "i4"),
        ("owner", "i4"),  # seat
        ("row", "i4"),  # ability row of the owner's school: 0 bolt, 1 offence
        ("school", "i4"),
    ],
    align=True,
)

ITEM = np.dtype([("x", "f8"), ("y", "f8"), ("kind", "i4"), ("available", "i4")], align=True)

MATCH = np.dtype(
    [
        ("seed", "u8"),
        ("counter", "u8"),  # random stream and how many numbers were drawn
        ("zone_x", "f8"),
        ("zone_y", "f8"),
        ("zone_r", "f8"),
        ("zone_damage", "f8"),  # damage in hp per tick
        ("tick", "i4"),
        ("duration", "i4"),  # ticks
        ("alive", "i4"),
        ("done", "i4"),
        ("cells", "i4"),  # along a side, border included
    ],
    align=True,
)


def _layout(table: Any) -> list[tuple[str, str, tuple[int, ...]]]:
    """The record fields for the numbers of a table: see `compile_rules`."""
    return [
        (name, "i4" if about.integer or about.unit == "s" else "f8", (about.length,) if about.length else ())
        for name, about in numbers_of(table).items()
    ]


CONSTANTS = np.dtype(_layout(Rules), align=True)
ABILITY = np.dtype([("kind", "i4"), ("flight", "i4"), *_layout(Ability)], align=True)  # flight: ticks to its range


class Tables(NamedTuple):
    """The rules, compiled: `constants` CONSTANTS [1] and `abilities` ABILITY [schools, slots]."""

    constants: np.ndarray
    abilities: np.ndarray


class State(NamedTuple):
    """B matches. Shapes: P seats, S shots, I items, G cells with border, F frames."""

    matches: np.ndarray  # MATCH [B]
    mages: np.ndarray  # MAGE [B, P]
    shots: np.ndarray  # SHOT [B, S]; seat p owns slots p * SHOTS_PER_SEAT ...
    items: np.ndarray  # ITEM [B, I]
    walls: np.ndarray  # uint8 [B, G, G], [row y, column x], 1 = wall
    past_matches: np.ndarray  # MATCH [B, F]
    past_mages: np.ndarray  # SEEN_MAGE [B, F, P]
    past_shots: np.ndarray  # SHOT [B, F, S]
    past_available: np.ndarray  # uint8 [B, F, I], of the items, which stay where they are


def allocate(matches: int, seats: int, rules: Rules) -> State:
    """Zeroed state; a match is playable after `botgame.lms.arena.Arena.reset`."""
    shots, items, cells = seats * SHOTS_PER_SEAT, sum(rules.items(seats)), rules.size(seats) + 2
    return State(
        matches=records((matches,), MATCH),
        mages=records((matches, seats), MAGE),
        shots=records((matches, shots), SHOT),
        items=records((matches, items), ITEM),
        walls=np.zeros((matches, cells, cells), np.uint8),
        past_matches=records((matches, FRAMES), MATCH),
        past_mages=records((matches, FRAMES, seats), SEEN_MAGE),
        past_shots=records((matches, FRAMES, shots), SHOT),
        past_available=np.zeros((matches, FRAMES, items), np.uint8),
    )


def compile_rules(rules: Rules) -> Tables:
    """The rules as records, with seconds converted to ticks, and rates per second to rates per tick."""
    constants = records((1,), CONSTANTS)
    _compile(rules, constants[0])
    abilities = records((len(SCHOOLS), SLOT_COUNT), ABILITY)
    for school, row in np.ndindex(abilities.shape):
        ability, out = rules.abilities[school][row], abilities[school, row]
        _compile(ability, out)
        out["kind"] = ABILITY_KINDS.index(ability.kind)
        out["flight"] = ticks(ability.range / ability.speed) if ability.speed and ability.range else 0
    return Tables(constants, abilities)


def _compile(table: Any, out: Any) -> None:
    """Fill the record `out` with the numbers of a table."""
    for name, about in numbers_of(table.__class__).items():
        out[name] = _compiled(getattr(table, name), about.unit)


def _compiled(value: Any, unit: str) -> Any:
    if unit == "s":
        return ticks(value)
    return value / TICKS_PER_SECOND if unit.endswith("/s") else value
