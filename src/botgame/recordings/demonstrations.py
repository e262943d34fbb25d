"""Recorded matches as `botgame.game.Demonstrations`: what imitation learns from.

A match that was recorded here is played again. Of play that comes from elsewhere there is a file for each seat, with
what it saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botgame.files import find_files
from botgame.game import Array, DemonstrationError, Game, RecordedMatch, RecordedSeat, Report, SeatDecisions
from botgame.recordings.format import ENDING, Content, read_recording
from botgame.recordings.playing_again import PlayedAgain
from botgame.recordings.seat_file import ENDING as SEAT_ENDING
from botgame.recordings.seat_file import About, read_seat


@dataclass(frozen=True)
class Recording:
    """See `botgame.game.RecordedMatch`."""

    path: Path
    content: Content

    @property
    def name(self) -> str:
        """See `RecordedMatch.name`."""
        return self.path.name

    @property
    def seats(self) -> tuple[RecordedSeat, ...]:
        """See `RecordedMatch.seats`."""
        content = self.content
        made = Counter(row[1] for row in content.decisions)
        factions = content.factions or (0,) * len(content.policies)
        rows = enumerate(zip(content.policies, factions, content.places, strict=True))
        return tuple(RecordedSeat(policy, faction, place, made[seat]) for seat, (policy, faction, place) in rows)

    def decided(self, seat: int, tick: int) -> bool:
        """See `RecordedMatch.decided`."""
        return any(row[:2] == (tick, seat) for row in self.content.decisions)


@dataclass(frozen=True)
class SeatRecording:
    """One seat's decisions from elsewhere, as a match of one seat. See `botgame.game.RecordedMatch`."""

    path: Path
    about: About

    @property
    def name(self) -> str:
        """See `RecordedMatch.name`."""
        return self.path.name

    @property
    def seats(self) -> tuple[RecordedSeat, ...]:
        """See `RecordedMatch.seats`."""
        about = self.about
        return (RecordedSeat(about.policy, about.faction, about.place, about.decisions),)

    def decided(self, seat: int, tick: int) -> bool:  # noqa: ARG002 - the contract's
        """See `RecordedMatch.decided`; nobody can correct or mark such play."""
        return False


class Recordings:
    """See `botgame.game.Demonstrations`: the recordings of one game."""

    def __init__(self, game: Game) -> None:
        self._game = game

    def scan(self, folder: Path) -> list[Path]:
        """See `Demonstrations.scan`."""
        return sorted([*find_files(folder, f"*{ENDING}"), *find_files(folder, f"*{SEAT_ENDING}")])

    def open(self, path: Path) -> Recording | SeatRecording:
        """See `Demonstrations.open`."""
        if path.name.endswith(SEAT_ENDING):
            return SeatRecording(path, read_seat(path, self._game).about)
        return Recording(path, read_recording(path, self._game))

    def decisions(self, matches: Iterable[RecordedMatch], parallel: int, report: Report) -> Iterator[SeatDecisions]:
        """See `Demonstrations.decisions`."""
        groups: dict[int, list[tuple[int, Recording]]] = {}
        for number, match in enumerate(matches):
            if isinstance(match, SeatRecording):
                yield from self._read(number, match, report)
                continue
            assert isinstance(match, Recording)
            groups.setdefault(len(match.content.policies), []).append((number, match))
        for group in groups.values():
            yield from self._played_again(group, parallel, report)

    def statistics(self, matches: Iterable[RecordedMatch], parallel: int) -> Iterator[tuple[int, Array]]:  # noqa: ARG002
        """See `Demonstrations.statistics`; a game without demonstrations of its own measures none."""
        return iter(())

    def situation(self, match: RecordedMatch, seat: int) -> int:
        """See `Demonstrations.situation`: the seat's own faction."""
        return match.seats[seat].faction

    def _read(self, number: int, match: SeatRecording, report: Report) -> Iterator[SeatDecisions]:
        """The decisions in a seat's file; one that has become unreadable is reported."""
        try:
            content = read_seat(match.path, self._game)
        except DemonstrationError as error:
            report(error)
            return
        rows = len(content.actions)
        seen = {**self._game.spec.zeros(rows), **content.observation}
        weights = np.ones(rows, np.float32)
        yield SeatDecisions(number, 0, seen, content.actions, content.ticks, np.zeros(rows, np.bool_), weights)

    def _played_again(
        self, group: Sequence[tuple[int, Recording]], parallel: int, report: Report
    ) -> Iterator[SeatDecisions]:
        """Matches of one number of seats, in a batch; one that takes another course is reported."""
        contents = [recording.content for _, recording in group]
        again = PlayedAgain(self._game, contents, min(parallel, len(contents)))
        for episode in again.finished():
            number, recording = group[episode]
            if again.faults[episode]:
                report(DemonstrationError(f"{recording.path}: {again.faults[episode]}; record it again"))
                continue
            for seat in range(len(recording.content.policies)):
                yield again.seat(episode, number, seat)
