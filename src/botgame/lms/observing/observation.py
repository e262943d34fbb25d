"""What seats see: one kernel that fills the arrays described in `botgame.spec` for N (match, seat) pairs.

Everything comes from the frame of `reaction` ticks ago, through fog of war, except the seat's own last action and the
`privileged` fields. Each group of fields has its own module; docs/observation.md lists the fields.
"""

from __future__ import annotations

import functools
import threading
from typing import NamedTuple

import numpy as np

from botgame import threads
from botgame.lms.fields import MAX_ITEMS, MAX_MAGES, MAX_SHOTS
from botgame.lms.observing.enemy import observe_enemy, observe_last_seen
from botgame.lms.observing.entities import write_items, write_mages, write_shots
from botgame.lms.observing.items import KINDS, observe_items, rank_items
from botgame.lms.observing.legal import observe_legal
from botgame.lms.observing.outlook import observe_outlook
from botgame.lms.observing.own import observe_body, observe_last_action, observe_world
from botgame.lms.observing.privileged import observe_privileged
from botgame.lms.observing.range_finder import LOOKS, RAY_SCRATCH
from botgame.lms.observing.raster import observe_raster
from botgame.lms.observing.threats import MEASURES, observe_threats, rank_shots
from botgame.lms.observing.view import View, view_of
from botgame.lms.observing.walls import observe_walls
from botgame.lms.rules import CHEST
from botgame.lms.simulation.aiming import observed_slot
from botgame.lms.simulation.kernel import bind, entry, phase
from botgame.lms.simulation.ranking import allocate_ranking
from botgame.lms.simulation.sight import rank_enemies
from botgame.lms.simulation.state import FRAMES, State, Tables
from botgame.lms.spec import ARENA_SPEC

Observation = dict[str, np.ndarray]
_ROWS_A_THREAD = 128  # fewer are done sooner than another thread has begun


class Observed(NamedTuple):
    """The arrays of an observation by name, as the kernel takes them: N rows each (`botgame.spec`)."""

    scalars: np.ndarray
    vectors: np.ndarray
    entities: np.ndarray
    entity_mask: np.ndarray
    raster: np.ndarray
    legal: np.ndarray
    privileged: np.ndarray


class Scratch(NamedTuple):
    """What one seat sees, in order, and room to work in: refilled for each row."""

    enemies: np.ndarray  # RANKED [MAX_MAGES], seats
    shots: np.ndarray  # RANKED [MAX_SHOTS]
    items: np.ndarray  # RANKED [MAX_ITEMS]
    nearest: np.ndarray  # int32 [kinds]: index of the nearest item of each kind
    seen: np.ndarray  # int32 [I]: indices of all items in sight
    geometry: np.ndarray  # float64 [S, MEASURES], see `rank_shots`
    rays: np.ndarray  # float64 [RAY_SCRATCH], see `ray_lengths`
    cells: np.ndarray  # int32 [LOOKS]


def allocate_scratch(shots: int, items: int) -> Scratch:
    """Scratch for an arena of so many shots and items, not yet filled."""
    return Scratch(
        enemies=allocate_ranking(MAX_MAGES),
        shots=allocate_ranking(MAX_SHOTS),
        items=allocate_ranking(MAX_ITEMS),
        nearest=np.empty(KINDS, np.int32),
        seen=np.empty(items, np.int32),
        geometry=np.empty((shots, MEASURES)),
        rays=np.empty(RAY_SCRATCH),
        cells=np.empty(LOOKS, np.int32),
    )


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
        self._sizes = state.shots.shape[1], state.items.shape[1]
        none = np.zeros(0, np.int32)
        examples = allocate_scratch(*self._sizes), none, none, observed_of(ARENA_SPEC.blank(0))
        self._fill = bind(_fill, (state, tables), examples)
        self._scratch = threading.local()  # one for each thread

    def observe(self, match: np.ndarray, seat: np.ndarray) -> Observation:
        """Observations of seats `seat` [N] in matches `match` [N] (integers), one row each, in new arrays.

        Raises IndexError for a seat that does not exist and ValueError for two arrays of different length.
        """
        match, seat = np.ascontiguousarray(match, np.int32), np.ascontiguousarray(seat, np.int32)
        if match.shape != seat.shape or match.ndim != 1:
            raise ValueError(f"matches have shape {match.shape}, seats {seat.shape}: expected [N] both")
        arrays = ARENA_SPEC.blank(len(match))
        ranges = threads.ranges(len(match), _ROWS_A_THREAD)
        calls = [functools.partial(self._fill_rows, match, seat, arrays, slice(*rows)) for rows in ranges]
        if not all(threads.run_all(calls)):
            raise IndexError(f"a seat is not one of {self._seats} (matches, seats)")
        return arrays

    def _fill_rows(self, match: np.ndarray, seat: np.ndarray, arrays: Observation, rows: slice) -> bool:
        if not hasattr(self._scratch, "room"):
            self._scratch.room = allocate_scratch(*self._sizes)
        if rows.stop - rows.start == len(match):
            return bool(self._fill(self._scratch.room, match, seat, Observed(**arrays)))
        part = Observed(**{name: array[rows] for name, array in arrays.items()})
        return bool(self._fill(self._scratch.room, match[rows], seat[rows], part))


@entry
def _fill(state: State, tables: Tables, scratch: Scratch, match: np.ndarray, seat: np.ndarray, out: Observed) -> bool:
    """Fill row n with what seat `seat[n]` of match `match[n]` sees. False, and the rest unfilled, if there is none."""
    for n in range(match.shape[0]):
        b, p = match[n], seat[n]
        if not (0 <= b < state.matches.shape[0] and 0 <= p < state.mages.shape[1]):
            return False
        slot = observed_slot(state.matches[b].tick, state.mages[b, p].reaction)
        view = view_of(state, tables, b, p, slot)
        seen = fill_fields(state, view, b, slot, scratch, out.scalars[n], out.vectors[n], out.legal[n])
        fill_table(state, view, b, slot, scratch, out.entities[n], out.entity_mask[n])
        observe_raster(
            view, state.past_shots[b, slot], state.items[b], scratch.seen[:seen], state.walls[b], out.raster[n]
        )
        latest = state.matches[b].tick % FRAMES
        observe_privileged(
            view, state.mages[b], state.past_mages[b, latest], state.past_shots[b, latest], out.privileged[n]
        )
    return True


@phase
def fill_fields(
    state: State,
    view: View,
    b: int,
    slot: int,
    scratch: Scratch,
    scalars: np.ndarray,
    vectors: np.ndarray,
    legal: np.ndarray,
) -> int:
    """List what the seat sees in frame `slot`, and fill the scalars, vectors and legal actions that follow from it.

    Returns the number of items in sight, which are in `scratch.seen`.
    """
    mages, shots = state.past_mages[b, slot], state.past_shots[b, slot]
    items, walls = state.items[b], state.walls[b]
    enemies = rank_enemies(mages, view.seat, scratch.enemies)
    rank_shots(view, shots, walls, scratch.geometry, scratch.shots)
    seen = rank_items(view, items, state.past_available[b, slot], scratch.seen, scratch.items, scratch.nearest)
    observe_body(view, scalars, vectors)
    observe_world(view, scalars, vectors)
    observe_last_action(view, scalars)
    observe_enemy(view, mages, scratch.enemies, enemies, scalars, vectors)
    observe_last_seen(view, scalars, vectors)
    observe_threats(view, shots, scratch.shots, scratch.geometry, scalars, vectors)
    observe_items(view, items, scratch.nearest, scalars, vectors)
    observe_walls(view, walls, scratch.rays, scratch.cells, scalars, vectors)
    observe_outlook(view, scratch.shots, scratch.geometry, scalars, vectors)
    observe_legal(view, items, scratch.nearest[CHEST], enemies, scalars, legal)
    return seen


@phase
def fill_table(
    state: State, view: View, b: int, slot: int, scratch: Scratch, rows: np.ndarray, mask: np.ndarray
) -> None:
    """The entity table, from what `fill_fields` listed."""
    rows[:] = 0.0
    count = write_mages(view, state.past_mages[b, slot], scratch.enemies, rows, 0)
    count = write_shots(view, state.past_shots[b, slot], scratch.shots, scratch.geometry, rows, count)
    count = write_items(view, state.items[b], scratch.items, rows, count)
    for row in range(mask.shape[0]):
        mask[row] = row < count
