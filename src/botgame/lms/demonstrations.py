"""Replay files as `botgame.game.Demonstrations`: what imitation learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botgame.game import Array, DemonstrationError, RecordedMatch, RecordedSeat, SeatDecisions
from botgame.lms.replay.format import Replay, read, scan
from botgame.lms.replay.header import HUMAN, PERSON
from botgame.lms.replay.resimulate import controllers_of, resimulate, trajectories
from botgame.lms.statistic_z.definition import situation_of


@dataclass(frozen=True)
class ArenaRecord:
    """A replay, as training sees it; of any number of seats."""

    path: Path
    replay: Replay

    @property
    def name(self) -> str:
        """See `RecordedMatch.name`."""
        return self.replay.name

    @property
    def seats(self) -> tuple[RecordedSeat, ...]:
        """See `RecordedMatch.seats`."""
        return tuple(_seat(self.replay, number) for number in range(len(self.replay.header.seats)))

    def decided(self, seat: int, tick: int) -> bool:
        """See `RecordedMatch.decided`."""
        rows = self.replay.decisions
        return bool(((rows.seat == seat) & (rows.tick == tick)).any())


class ArenaDemonstrations:
    """Replay files in folders; observations are simulated again."""

    def scan(self, folder: Path) -> list[Path]:
        """See `Demonstrations.scan`."""
        return scan(folder)

    def open(self, path: Path) -> ArenaRecord:
        """See `Demonstrations.open`. Raises DemonstrationError."""
        return ArenaRecord(path, read(path))

    def decisions(
        self, matches: Iterable[RecordedMatch], parallel: int, report: Callable[[DemonstrationError], None]
    ) -> Iterator[SeatDecisions]:
        """See `Demonstrations.decisions`."""
        for seat in trajectories(map(_replay, matches), parallel, report):
            human = seat.controllers == HUMAN
            yield SeatDecisions(seat.replay, seat.seat, seat.observation, seat.actions, seat.ticks, human, seat.weights)

    def statistics(self, matches: Iterable[RecordedMatch], parallel: int) -> Iterator[tuple[int, Array]]:
        """See `Demonstrations.statistics`."""
        for finished in resimulate(map(_replay, matches), parallel, statistic_z=True):
            if finished.fault is None and finished.statistics is not None:
                yield finished.number, finished.statistics

    def situation(self, match: RecordedMatch, seat: int) -> int:
        """See `Demonstrations.situation`: own and, in a duel, opposing school."""
        return situation_of([each.faction for each in match.seats], seat)


def _replay(match: RecordedMatch) -> Replay:
    assert isinstance(match, ArenaRecord)
    return match.replay


def _seat(replay: Replay, number: int) -> RecordedSeat:
    header, rows = replay.header, replay.decisions
    info = header.seats[number]
    human = info.controller == HUMAN
    taken_over = any(change.seat == number and change.controller == HUMAN for change in header.changes)
    held = controllers_of(header, number, rows.tick[rows.seat == number]) if human or taken_over else np.zeros(0)
    return RecordedSeat(
        policy=info.policy,
        faction=info.school,
        place=info.place,
        decisions=info.decisions,
        rating=info.rating,
        human=human,
        taken_over=taken_over,
        person=info.policy.removeprefix(PERSON) if human else "",
        human_decisions=int((held == HUMAN).sum()),
        cut_off=header.is_cut is True and info.death_tick < 0,
    )
