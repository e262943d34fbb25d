"""Matches in which the expert's bots decide within the compiled loop: no call from Python for each of their decisions.

They decide as they do from outside (`botgame.lms.bots.expert.deciding`), on the part of the observation that they read.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from botgame.families import Member
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.bots.expert.deciding import decide_row
from botgame.lms.bots.expert.parameters import RECORD
from botgame.lms.observing.observation import Scratch, allocate_scratch, fill_fields, fill_table
from botgame.lms.observing.view import view_of
from botgame.lms.simulation.advance import is_a_seat_due, list_due
from botgame.lms.simulation.aiming import observed_slot
from botgame.lms.simulation.decide import decide
from botgame.lms.simulation.kernel import bind, entry, mix, phase, records
from botgame.lms.simulation.state import State, Tables
from botgame.lms.simulation.tick import tick
from botgame.lms.simulation.world import World, world_of
from botgame.lms.spec import ARENA_SPEC


class Answered(NamedTuple):
    """The seats that are answered here."""

    held: np.ndarray  # uint8 [B, P]: 1 where a bot holds the seat
    bases: np.ndarray  # uint64 [B, P]: a decision's key is `mix(base, tick)`
    bots: np.ndarray  # RECORD [B, P]


class Desk(NamedTuple):
    """Room for one decision: what the bot sees, what it wants and what is accepted."""

    scratch: Scratch
    scalars: np.ndarray
    vectors: np.ndarray
    legal: np.ndarray
    entities: np.ndarray
    mask: np.ndarray
    wanted: np.ndarray  # int64 [HEAD_COUNT]
    accepted: np.ndarray  # int64 [HEAD_COUNT]


def allocate_desk(shots: int, items: int) -> Desk:
    """A desk for an arena of so many shots and items."""
    row = {name: array[0] for name, array in ARENA_SPEC.blank(1).items()}
    return Desk(
        allocate_scratch(shots, items),
        row["scalars"],
        row["vectors"],
        row["legal"],
        row["entities"],
        row["entity_mask"],
        np.zeros(HEAD_COUNT, np.int64),
        np.zeros(HEAD_COUNT, np.int64),
    )


class ExpertSeats:
    """The seats of B matches of P seats that the expert's bots hold. `advance` is for `Arena.run_ranges`."""

    def __init__(self, state: State, tables: Tables) -> None:
        shape = state.mages.shape
        self._answered = Answered(np.zeros(shape, np.uint8), np.zeros(shape, np.uint64), records(shape, RECORD))
        self._numbers = self._answered.bots.view(np.ndarray).view(np.float64).reshape(*shape, -1)
        self._sizes = state.shots.shape[1], state.items.shape[1]
        self._desks = threading.local()  # one for each thread
        due, harm = np.zeros(shape[0] * shape[1], np.int32), np.zeros((shape[1], shape[1] + 1))
        examples = allocate_desk(*self._sizes), harm, due, due, 0, 0
        self._advance = bind(_advance, (state, tables, self._answered), examples)

    def hold(self, slot: int, seat: int, bot: Member, base: int) -> None:
        """From now on `bot` decides for the seat, until `release`."""
        self._answered.held[slot, seat], self._answered.bases[slot, seat] = 1, base
        self._numbers[slot, seat] = bot.numbers

    def copied(self, state: State, tables: Tables) -> ExpertSeats:
        """The same bots in the same seats, of an arena with this state."""
        other = ExpertSeats(state, tables)
        for theirs, own in zip(other._answered, self._answered, strict=True):
            theirs[...] = own
        return other

    def release(self, slot: int) -> None:
        """No seat of the slot is held."""
        self._answered.held[slot] = 0

    def advance(self, harm: np.ndarray, slots: np.ndarray, seats: np.ndarray, first: int, end: int) -> int:
        """As the kernel `botgame.lms.simulation.advance.advance`, but the seats that are held are never due.

        A match whose other seats are all out stands still from the first decision of a bot after that.
        """
        if not hasattr(self._desks, "desk"):
            self._desks.desk = allocate_desk(*self._sizes)
        return int(self._advance(self._desks.desk, harm, slots, seats, first, end))


@entry
def _advance(
    state: State,
    tables: Tables,
    answered: Answered,
    desk: Desk,
    harm: np.ndarray,
    due_match: np.ndarray,
    due_seat: np.ndarray,
    first: int,
    end: int,
) -> int:
    start = first * state.mages.shape[1]
    count = start
    for b in range(first, end):
        if state.matches[b].done != 0:
            continue
        world = world_of(state, tables, harm, b)
        if _run(state, tables, world, b, answered, desk):
            count = list_due(world, b, count, due_match, due_seat)
    return count - start


@phase
def _run(state: State, tables: Tables, world: World, b: int, answered: Answered, desk: Desk) -> bool:
    """Run match `b` until a seat is due that is not held. False: it is over, or stands still without such seats."""
    while world.match.done == 0:
        if is_a_seat_due(world):
            if not _is_another_alive(world, answered.held[b]):
                return False
            for seat in range(world.mages.shape[0]):
                mage = world.mages[seat]
                if answered.held[b, seat] != 0 and mage.alive != 0 and mage.due <= world.match.tick:
                    _answer(state, tables, world, b, seat, answered, desk)
            if is_a_seat_due(world):
                return True
        tick(world)
    return False


@phase
def _is_another_alive(world: World, held: np.ndarray) -> bool:
    for seat in range(world.mages.shape[0]):  # noqa: SIM110 - compiled code knows no generators
        if held[seat] == 0 and world.mages[seat].alive != 0:
            return True
    return False


@phase
def _answer(state: State, tables: Tables, world: World, b: int, seat: int, answered: Answered, desk: Desk) -> None:
    """Observe, decide and act for one seat."""
    now = world.match.tick
    slot = observed_slot(now, world.mages[seat].reaction)
    view = view_of(state, tables, b, seat, slot)
    fill_fields(state, view, b, slot, desk.scratch, desk.scalars, desk.vectors, desk.legal)
    fill_table(state, view, b, slot, desk.scratch, desk.entities, desk.mask)
    desk.wanted[:] = 0
    key = mix(answered.bases[b, seat], np.uint64(now))
    decide_row(desk.scalars, desk.vectors, desk.entities, desk.mask, key, answered.bots[b, seat], desk.wanted)
    decide(world, seat, desk.wanted, desk.accepted, desk.scratch.enemies)
