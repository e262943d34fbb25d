"""From replays to what each seat saw and did: observations are simulated again, not stored.

Replays with equal rules and numbers of seats are simulated together in batches, hundreds of matches a second on one
core, and streamed, so memory does not grow with the number of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import Replay
from botgame.lms.replay.header import Header
from botgame.lms.replay.playback import Finished, Numbered, Playback
from botgame.lms.rules import TICKS_PER_SECOND
from botgame.standings import results_of

MARK_TICKS = 3 * TICKS_PER_SECOND  # a mark is about the three seconds before it
_ARENAS = 4  # kept allocated at most: a folder with many tables of rules must not fill the memory
_WAVES = 4  # replays gathered for each slot before a batch runs

Report = Callable[[ReplayError], None]


class SeatTrajectory(NamedTuple):
    """All T decisions of one seat in one match. `replay` is the position of its replay in the stream.

    observation: dict of [T, ...], exactly what the seat saw; actions: int64 [T, HEAD_COUNT], accepted, target slots as
    recorded; ticks: int32 [T]; result: +1 sole winner, 0 shared first place, -1 otherwise; place: 1 = first;
    controllers: int8 [T], 0 bot, 1 human; weights: float32 [T] from marks, 1 where nothing was marked.
    """

    replay: int
    seat: int
    observation: dict[str, np.ndarray]
    actions: np.ndarray
    ticks: np.ndarray
    result: float
    place: int
    controllers: np.ndarray
    weights: np.ndarray
    policy: str
    school: int
    rating: float | None


def trajectories(
    replays: Iterable[Replay], matches: int = 64, report: Report | None = None
) -> Iterator[SeatTrajectory]:
    """The decisions of every seat of every replay, as the matches end; seats without a decision are left out.

    A replay that does not go as recorded raises ReplayError, or is handed to `report` and skipped when that is given.
    """
    for finished in resimulate(replays, matches, observe=True):
        if finished.fault is not None:
            error = ReplayError(finished.replay.path or finished.replay.name, finished.fault)
            if report is None:
                raise error
            report(error)
        else:
            yield from _seats(finished)


def resimulate(
    replays: Iterable[Replay], matches: int = 64, *, observe: bool = False, statistic_z: bool = False
) -> Iterator[Finished]:
    """Play every replay again, `matches` at a time; each result says whether the match went as recorded.

    observe: keep what each seat saw; statistic_z: measure how each seat played.
    """
    groups: dict[tuple[int, bytes], list[Numbered]] = {}
    arenas: dict[tuple[int, bytes], Playback] = {}

    def run(key: tuple[int, bytes], jobs: list[Numbered]) -> Iterator[Finished]:
        slots = min(matches, len(jobs))
        if key not in arenas or arenas[key].arena.matches < slots:
            if len(arenas) >= _ARENAS:
                arenas.pop(next(iter(arenas)))
            arenas[key] = Playback(slots, key[0], jobs[0].replay.rules, observe=observe, statistic_z=statistic_z)
        return arenas[key].run(iter(jobs))

    for index, replay in enumerate(replays):
        key = (len(replay.header.seats), bytes(replay.header.rules))
        jobs = groups.setdefault(key, [])
        jobs.append(Numbered(index, replay))
        if len(jobs) == _WAVES * matches:
            yield from run(key, groups.pop(key))
    for key, jobs in groups.items():
        yield from run(key, jobs)


def weights_of(header: Header, seat: int, ticks: np.ndarray) -> np.ndarray:
    """Weight of each decision of `seat` at `ticks`, float32 [T]: 1, or 2 before good marks and 0 before bad ones.

    A mark covers the `MARK_TICKS` up to it; marks that overlap add up and the weight stays within 0..2.
    """
    weights = np.ones(len(ticks), np.float32)
    for mark in header.marks:
        if mark.seat == seat:
            weights += mark.value * ((ticks <= mark.tick) & (ticks > mark.tick - MARK_TICKS))
    return np.clip(weights, 0.0, 2.0)


def controllers_of(header: Header, seat: int, ticks: np.ndarray) -> np.ndarray:
    """Which controller held `seat` at each of `ticks`, int8 [T]: 0 bot, 1 human."""
    controllers = np.full(len(ticks), header.seats[seat].controller, np.int8)
    for change in sorted(header.changes, key=lambda change: change.tick):
        if change.seat == seat:
            controllers[ticks >= change.tick] = change.controller
    return controllers


def _seats(finished: Finished) -> Iterator[SeatTrajectory]:
    header, decisions = finished.replay.header, finished.replay.decisions
    assert finished.observations is not None
    results, start = results_of(np.array([seat.place for seat in header.seats])).tolist(), 0
    for index, seat in enumerate(header.seats):
        rows = slice(start, start + seat.decisions)
        start += seat.decisions
        if not seat.decisions:
            continue
        ticks = decisions.tick[rows]
        yield SeatTrajectory(
            replay=finished.number,
            seat=index,
            observation={name: array[rows] for name, array in finished.observations.items()},
            actions=decisions.choices[rows].astype(np.int64),
            ticks=ticks,
            result=results[index],
            place=seat.place,
            controllers=controllers_of(header, index, ticks),
            weights=weights_of(header, index, ticks),
            policy=seat.policy,
            school=seat.school,
            rating=seat.rating,
        )
