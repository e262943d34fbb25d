"""What seats see: one kernel that fills the arrays described in `botgame.spec` for N (match, seat) pairs.

Everything comes from the frame `reaction` ticks ago, through fog, except the memory of the seat's own actions and
the `privileged` fields. Each group of fields has its own file (`observe_*`); docs/observation.md lists the fields.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from botgame.lms.observing.enemy import observe_enemy, observe_last_seen
from botgame.lms.observing.entities import write_items, write_mages, write_shots
from botgame.lms.observing.items import KINDS, observe_items, rank_items
from botgame.lms.observing.legal import observe_legal
from botgame.lms.observing.outlook import observe_outlook
from botgame.lms.observing.own import observe_body, observe_memory, observe_world
from botgame.lms.observing.privileged import observe_privileged
from botgame.lms.observing.range_finder import LOOKS, RAY_SCRATCH
from botgame.lms.observing.raster import observe_raster
from botgame.lms.observing.threats import MEASURES, observe_threats, rank_shots
from botgame.lms.observing.walls import observe_walls
from botgame.lms.rules import CHEST
from botgame.lms.simulation.kernel import bind, entry, phase
from botgame.lms.simulation.sight import rank_enemies
from botgame.lms.simulation.state import FRAMES, State, Tables
from botgame.lms.spec import ARENA_SPEC, MAX_ITEMS, MAX_MAGES, MAX_SHOTS

Observation = dict[str, np.ndarray]


class Observed(NamedTuple):
    """The arrays of an observation by name, as the kernel takes them: N rows each (`botgame.spec`)."""

    scalars: np.ndarray
    vectors: np.ndarray
    entities: np.ndarray
    entity_mask: np.ndarray
    raster: np.ndarray
    legal: np.ndarray
    privileged: np.ndarray


class Ranks(NamedTuple):
    """What one seat sees, in order: scratch arrays, refilled for each row."""

    enemies: np.ndarray  # int32 [MAX_MAGES] seats
    shots: np.ndarray  # int32 [MAX_SHOTS] indices
    geometry: np.ndarray  # float64 [S, MEASURES], see `rank_shots`
    seen: np.ndarray  # int32 [I] indices of all items in sight
    items: np.ndarray  # int32 [MAX_ITEMS] indices
    nearest: np.ndarray  # int32 [4 kinds] indices
    rays: np.ndarray  # float64 [RAY_SCRATCH], see `ray_lengths`
    cells: np.ndarray  # int32 [LOOKS]


def observed_of(arrays: Observation) -> Observed:
    """The arrays of an observation of the arena for the kernel, whatever their order.

    Raises ValueError for a name, dtype, shape or memory layout that the kernel could not write to.
    """
    layout = ARENA_SPEC.arrays
    if set(arrays) != set(layout):
        raise ValueError(f"an observation has the arrays {', '.join(layout)}; found {', '.join(arrays)}")
    rows = len(arrays["scalars"])
    for name, (shape, dtype) in layout.items():
        found = arrays[name]
        if found.dtype != dtype or found.shape != (rows, *shape) or not found.flags.c_contiguous:
            raise ValueError(f"`{name}` is {found.dtype} {found.shape}, expected {dtype} {(rows, *shape)} in C order")
    return Observed(**arrays)


class Observer:
    """Fills observations of one arena: the kernel bound once to its arrays."""

    def __init__(self, state: State, tables: Tables) -> None:
        self._seats = state.mages.shape
        ranks = Ranks(
            enemies=np.empty(MAX_MAGES, np.int32),
            shots=np.empty(MAX_SHOTS, np.int32),
            geometry=np.empty((state.shots.shape[1], MEASURES)),
            seen=np.empty(state.items.shape[1], np.int32),
            items=np.empty(MAX_ITEMS, np.int32),
            nearest=np.empty(KINDS, np.int32),
            rays=np.empty(RAY_SCRATCH),
            cells=np.empty(LOOKS, np.int32),
        )
        none = np.zeros(0, np.int32)
        self._fill = bind(_fill, (state, tables, ranks), (none, none, observed_of(ARENA_SPEC.blank(0))))

    def observe(self, match: np.ndarray, seat: np.ndarray) -> Observation:
        """Observations of seats `seat` [N] in matches `match` [N] (integers), one row each, in new arrays.

        Raises IndexError for a seat that does not exist and ValueError for two arrays of different length.
        """
        match, seat = np.ascontiguousarray(match, np.int32), np.ascontiguousarray(seat, np.int32)
        if match.shape != seat.shape or match.ndim != 1:
            raise ValueError(f"matches have shape {match.shape}, seats {seat.shape}: expected [N] both")
        arrays = ARENA_SPEC.blank(len(match))
        if not self._fill(match, seat, Observed(**arrays)):
            raise IndexError(f"a seat is not one of {self._seats} (matches, seats)")
        return arrays


@entry
def _fill(state: State, tables: Tables, ranks: Ranks, match: np.ndarray, seat: np.ndarray, out: Observed) -> bool:
    """Fill row n with what seat `seat[n]` of match `match[n]` sees. False, and the rest unfilled, if there is none."""
    for n in range(match.shape[0]):
        b, p = match[n], seat[n]
        if not (0 <= b < state.matches.shape[0] and 0 <= p < state.mages.shape[1]):
            return False
        slot = max(0, state.matches[b].tick - state.mages[b, p].reaction) % FRAMES
        items_seen = _fill_fields(state, tables, b, p, slot, ranks, out.scalars[n], out.vectors[n], out.legal[n])
        _fill_table(state, tables, b, p, slot, ranks, out.entities[n], out.entity_mask[n])
        _fill_rest(state, tables, b, p, slot, ranks.seen, items_seen, out.scalars[n], out.raster[n], out.privileged[n])
    return True


@phase
def _fill_fields(
    state: State,
    tables: Tables,
    b: int,
    p: int,
    slot: int,
    ranks: Ranks,
    scalars: np.ndarray,
    vectors: np.ndarray,
    legal: np.ndarray,
) -> int:
    """Rank what seat `p` of match `b` sees in frame `slot`; the scalars, vectors and legal actions that follow.

    Returns the number of items in sight, which are in `ranks.seen`.
    """
    constants, abilities, match = tables.constants[0], tables.abilities, state.past_matches[b, slot]
    mages, shots, items = state.past_mages[b, slot], state.past_shots[b, slot], state.items[b]
    me, tick, sight, reaction = mages[p], match.tick, constants.sight, state.mages[b, p].reaction
    seen = rank_enemies(mages, p, ranks.enemies)
    rank_shots(shots, me, p, tick, sight, abilities, state.walls[b], ranks.geometry, ranks.shots)
    in_sight = rank_items(items, state.past_available[b, slot], me, sight, ranks.seen, ranks.items, ranks.nearest)
    observe_body(me, tick, constants, scalars, vectors)
    observe_world(me, match, constants, scalars, vectors)
    observe_enemy(mages, p, ranks.enemies, seen, tick, reaction, constants, abilities, scalars, vectors)
    observe_last_seen(me, tick, scalars, vectors)
    observe_threats(shots, ranks.shots, ranks.geometry, abilities, scalars, vectors)
    observe_items(items, me, ranks.nearest, scalars, vectors)
    observe_walls(me, constants, state.walls[b], ranks.rays, ranks.cells, scalars, vectors)
    now, current = state.mages[b, p], state.matches[b].tick
    observe_outlook(me, now, current, ranks.shots, ranks.geometry, constants, scalars, vectors)
    observe_legal(me, tick, items, ranks.nearest[CHEST], seen, constants, abilities, scalars, legal)
    return in_sight


@phase
def _fill_table(
    state: State, tables: Tables, b: int, p: int, slot: int, ranks: Ranks, rows: np.ndarray, mask: np.ndarray
) -> None:
    """The entity table, from the ranks of `_fill_fields`."""
    constants, abilities, tick = tables.constants[0], tables.abilities, state.past_matches[b, slot].tick
    mages, shots, items = state.past_mages[b, slot], state.past_shots[b, slot], state.items[b]
    me = mages[p]
    rows[:] = 0.0
    count = write_mages(mages, ranks.enemies, me, tick, constants, rows, 0)
    count = write_shots(shots, ranks.shots, ranks.geometry, me, p, abilities, constants, rows, count)
    count = write_items(items, ranks.items, me, constants, rows, count)
    for row in range(mask.shape[0]):
        mask[row] = row < count


@phase
def _fill_rest(
    state: State,
    tables: Tables,
    b: int,
    p: int,
    slot: int,
    items: np.ndarray,
    items_seen: int,
    scalars: np.ndarray,
    raster: np.ndarray,
    privileged: np.ndarray,
) -> None:
    """The map of the delayed frame, and what is current: the memory of own actions, the critic's fields."""
    constants, tick, sight = tables.constants[0], state.matches[b].tick, tables.constants[0].sight
    me, match, walls = state.past_mages[b, slot, p], state.past_matches[b, slot], state.walls[b]
    shots = state.past_shots[b, slot]
    observe_raster(me, p, match, shots, state.items[b], items, items_seen, sight, walls, raster)
    observe_memory(state.mages[b, p], tick, constants, scalars)
    latest = tick % FRAMES
    seen, shots = state.past_mages[b, latest], state.past_shots[b, latest]
    observe_privileged(state.mages[b], seen, shots, p, tick, constants, privileged)
