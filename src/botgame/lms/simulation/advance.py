"""The kernels over a batch of matches: start a match, run matches to their next decisions, take decisions."""

from __future__ import annotations

import numpy as np

from botgame.lms.simulation.decide import decide
from botgame.lms.simulation.frames import write_frame
from botgame.lms.simulation.generate import generate
from botgame.lms.simulation.kernel import entry, phase
from botgame.lms.simulation.state import State, Tables
from botgame.lms.simulation.tick import tick
from botgame.lms.simulation.vision import look
from botgame.lms.simulation.world import World, world_of
from botgame.lms.simulation.zone import update_zone


@entry
def start(
    state: State,
    tables: Tables,
    harm: np.ndarray,
    memory: tuple[np.ndarray, ...],
    kinds: np.ndarray,
    b: int,
    seed: int,
    duration: int,
    setup: np.ndarray,
) -> None:
    """Build match `b` from its seed, for `duration` ticks. All seats are due at tick 0.

    memory: every array of the state as uint8 [B, bytes]; kinds: int32 [I], of the items; setup: int64 [P, 4], school
    and `Limits` of each seat.
    """
    for array in memory:
        array[b, :] = 0
    world = world_of(state, tables, harm, b)
    world.match.seed, world.match.duration = seed, duration
    for index in range(kinds.shape[0]):
        world.items[index].kind = kinds[index]
    generate(world)
    for seat in range(world.mages.shape[0]):
        mage = world.mages[seat]
        mage.health, mage.mana = world.constants.health, world.constants.mana
        mage.alive, mage.death_tick, mage.seen_tick, mage.seen_seat = 1, -1, -1, -1
        mage.decided, mage.target, mage.chest, mage.place = -1, -1, -1, 0
        mage.school = setup[seat, 0]
        mage.reaction, mage.cap_moves, mage.cap = setup[seat, 1], setup[seat, 2], setup[seat, 3]
    world.match.alive = world.mages.shape[0]
    update_zone(world.match, world.constants)
    look(world)
    write_frame(world)


@entry
def advance(
    state: State,
    tables: Tables,
    harm: np.ndarray,
    due_match: np.ndarray,
    due_seat: np.ndarray,
    first: int,
    end: int,
    most: int,
) -> int:
    """Run each of the matches `first` to `end` until a living seat is due, it is over, or `most` ticks have passed.

    `due_match`, `due_seat`: int32 [B * P] out, from place first * P on, ordered by match, then seat. Returns how many
    seats are due.
    """
    start = first * state.mages.shape[1]
    count = start
    for b in range(first, end):
        if state.matches[b].done != 0:
            continue
        world = world_of(state, tables, harm, b)
        passed = 0
        while world.match.done == 0 and passed < most and not is_a_seat_due(world):
            tick(world)
            passed += 1
        if world.match.done == 0:
            count = list_due(world, b, count, due_match, due_seat)
    return count - start


@phase
def is_a_seat_due(world: World) -> bool:
    """Whether a living seat has to decide at the present tick."""
    for seat in range(world.mages.shape[0]):
        if world.mages[seat].alive != 0 and world.mages[seat].due <= world.match.tick:
            return True
    return False


@phase
def list_due(world: World, b: int, count: int, due_match: np.ndarray, due_seat: np.ndarray) -> int:
    """Write the seats of match `b` that are due from place `count` on; returns the next free place."""
    for seat in range(world.mages.shape[0]):
        if world.mages[seat].alive != 0 and world.mages[seat].due <= world.match.tick:
            due_match[count], due_seat[count] = b, seat
            count += 1
    return count


@entry
def act(
    state: State,
    tables: Tables,
    harm: np.ndarray,
    ranking: np.ndarray,
    match: np.ndarray,
    seat: np.ndarray,
    wanted: np.ndarray,
    accepted: np.ndarray,
) -> bool:
    """Take the decisions of N seats: `match`, `seat` int32 [N], `wanted`, `accepted` (out) int64 [N, HEAD_COUNT].

    `ranking`: scratch for MAX_MAGES enemies. Returns False, and does nothing, when one of the seats does not exist.
    """
    for n in range(match.shape[0]):
        if not (0 <= match[n] < state.matches.shape[0] and 0 <= seat[n] < state.mages.shape[1]):
            return False
    for n in range(match.shape[0]):
        decide(world_of(state, tables, harm, match[n]), seat[n], wanted[n], accepted[n], ranking)
    return True
