"""Recorded matches of any game: the seed and every decision, from which a match is played again exactly.

One JSON file a match, sealed (`botgame.seals`) and named by its content. `MatchRecorder` makes recordings while
matches are played, `Recordings` reads them for imitation and makes the observations again. A game with demonstrations
of its own does not use this.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.game import (
    Array,
    DemonstrationError,
    Due,
    Ended,
    Game,
    Observation,
    RecordedMatch,
    RecordedSeat,
    Report,
    SeatDecisions,
    Setup,
    Simulation,
)
from botgame.match_batch import MatchBatch
from botgame.seals import SealError, opened_json, sealed_json

FORMAT = "botgame-match-1"
ENDING = ".match.json"


class Content(msgspec.Struct, frozen=True):
    """What a file holds. spec: digest of the game's. policies, places: of each seat. ticks: how long the match took.

    decisions: (tick, seat, *action), in the order in which they were made.
    """

    game: str
    spec: str
    seed: int
    factions: tuple[int, ...]
    duration_ticks: int
    policies: tuple[str, ...]
    places: tuple[int, ...]
    ticks: int
    decisions: tuple[tuple[int, ...], ...]
    format: str = FORMAT

    def fault(self, game: Game) -> str:
        """Why it is no match of `game` as that is now; "" where it is."""
        if (self.format, self.game) != (FORMAT, game.name):
            return f"{self.format} of game {self.game}, expected {FORMAT} of game {game.name}"
        if self.spec != game.spec.digest():
            return "the game has another spec now"
        sizes, seats = [head.size for head in game.spec.heads], len(self.policies)
        known = all(0 <= faction < len(game.factions) for faction in self.factions)
        if seats not in game.seat_numbers or len(self.places) != seats or not known:
            return "its seats are not those of the game"
        for _, seat, *action in (row if len(row) > 1 else (0, -1) for row in self.decisions):
            fits = len(action) == len(sizes) and all(0 <= a < size for a, size in zip(action, sizes, strict=True))
            if not 0 <= seat < seats or not fits:
                return "it has a decision that the game does not know"
        return ""


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


def write_recording(folder: Path, content: Content) -> Path:
    """Write it into `folder`, under a name that follows from what is in it. Raises UserError."""
    text = msgspec.json.encode(content).decode()
    path = folder / f"{content.seed:016x}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{ENDING}"
    write_atomic(path, sealed_json(text).encode() + b"\n")
    return path


class MatchRecorder:
    """A `botgame.game.Listener` that hands each finished match to `save`. names: of the players."""

    def __init__(
        self, game: Game, simulation: Simulation, names: Sequence[str], save: Callable[[Content], None]
    ) -> None:
        self._game, self._simulation, self._names, self._save = game, simulation, names, save
        self._ticks: list[int] = []
        self._rows: dict[int, list[tuple[int, ...]]] = {}

    def begin(self, slot: int, setup: Setup) -> None:  # noqa: ARG002 - `end` is told it again
        """See `Listener.begin`."""
        self._rows[slot] = []

    def decisions(self, due: Due) -> None:
        """See `Listener.decisions`."""
        self._ticks = self._simulation.ticks[due.slot].tolist()

    def accepted(self, due: Due, actions: Array) -> None:
        """See `Listener.accepted`."""
        rows = zip(self._ticks, due.slot.tolist(), due.seat.tolist(), actions.tolist(), strict=True)
        for tick, slot, seat, action in rows:
            self._rows[slot].append((tick, seat, *action))

    def end(self, ended: Ended) -> None:
        """See `Listener.end`."""
        setup, game = ended.setup, self._game
        self._save(
            Content(
                game=game.name,
                spec=game.spec.digest(),
                seed=setup.seed,
                factions=setup.factions,
                duration_ticks=setup.duration_ticks,
                policies=tuple(self._names[player] for player in setup.players),
                places=tuple(ended.outcome.places.tolist()),
                ticks=ended.outcome.ticks,
                decisions=tuple(self._rows.pop(ended.slot)),
            )
        )


class Recordings:
    """See `botgame.game.Demonstrations`: the recordings of one game."""

    def __init__(self, game: Game) -> None:
        self._game = game

    def scan(self, folder: Path) -> list[Path]:
        """See `Demonstrations.scan`."""
        return sorted(folder.rglob(f"*{ENDING}"))

    def open(self, path: Path) -> Recording:
        """See `Demonstrations.open`."""
        try:
            content = msgspec.json.decode(opened_json(path.read_text(encoding="utf-8")), type=Content)
        except (OSError, SealError, ValueError, msgspec.MsgspecError) as error:
            raise DemonstrationError(f"{path}: not a recorded match ({error})") from error
        if fault := content.fault(self._game):
            raise DemonstrationError(f"{path}: {fault}; record the match again")
        return Recording(path, content)

    def decisions(self, matches: Iterable[RecordedMatch], parallel: int, report: Report) -> Iterator[SeatDecisions]:
        """See `Demonstrations.decisions`."""
        groups: dict[int, list[tuple[int, Recording]]] = {}
        for number, match in enumerate(matches):
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

    def _played_again(
        self, group: Sequence[tuple[int, Recording]], parallel: int, report: Report
    ) -> Iterator[SeatDecisions]:
        """Matches of one number of seats, in a batch; one that takes another course is reported."""
        contents = [recording.content for _, recording in group]
        again = _PlayedAgain(self._game, contents, min(parallel, len(contents)))
        for episode in again.finished():
            number, recording = group[episode]
            if again.faults[episode]:
                report(DemonstrationError(f"{recording.path}: {again.faults[episode]}; record it again"))
                continue
            for seat in range(len(recording.content.policies)):
                yield again.seat(episode, number, seat)


class _PlayedAgain:
    """Recordings played again: what every seat saw. faults: why a match is not as recorded, "" where it is."""

    def __init__(self, game: Game, recordings: Sequence[Content], slots: int) -> None:
        self._game, self._recordings = game, recordings
        self.faults = [""] * len(recordings)
        self._next = [[0] * len(recording.policies) for recording in recordings]
        self._rows = [self._by_seat(recording) for recording in recordings]
        self._seen: list[list[list[Observation]]] = [[[] for _ in recording.policies] for recording in recordings]
        seats = len(recordings[0].policies)
        setups = (Setup(each.seed, (0,) * seats, each.factions, each.duration_ticks) for each in recordings)
        self._batch = MatchBatch(game.simulate(slots, seats), setups)

    def finished(self) -> Iterator[int]:
        """Play; yields each recording's position when its match is over."""
        while (step := self._batch.next()) is not None:
            for ended in step.ended:
                self._check(ended)
                yield ended.episode
            if len(step.slot):
                observation, ticks = self._batch.observe(step.due), self._batch.simulation.ticks[step.slot]
                actions = np.zeros((len(step.slot), len(self._game.spec.heads)), np.int64)
                for row, (episode, seat) in enumerate(zip(step.episode.tolist(), step.seat.tolist(), strict=True)):
                    actions[row] = self._action(episode, seat, int(ticks[row]))
                    self._seen[episode][seat].append({name: observation[name][row] for name in self._game.spec.arrays})
                self._batch.act(step.due, actions)

    def seat(self, episode: int, number: int, seat: int) -> SeatDecisions:
        """All decisions of a seat; number: the match's position for the caller."""
        rows, seen = np.array(self._rows[episode][seat], np.int64), self._seen[episode][seat]
        rows = rows.reshape(len(seen), 1 + len(self._game.spec.heads))
        blank = self._game.spec.blank(0)
        observation = {name: np.stack([one[name] for one in seen]) if seen else blank[name] for name in blank}
        ticks, count = rows[:, 0].astype(np.int32), len(seen)
        return SeatDecisions(
            number, seat, observation, rows[:, 1:], ticks, np.zeros(count, np.bool_), np.ones(count, np.float32)
        )

    def _by_seat(self, recording: Content) -> list[list[tuple[int, ...]]]:
        """For each seat its (tick, *action), in order."""
        out: list[list[tuple[int, ...]]] = [[] for _ in recording.policies]
        for tick, seat, *action in recording.decisions:
            out[seat].append((tick, *action))
        return out

    def _action(self, episode: int, seat: int, tick: int) -> Sequence[int]:
        rows, place = self._rows[episode][seat], self._next[episode][seat]
        self._next[episode][seat] += 1
        if place >= len(rows) or rows[place][0] != tick:
            self.faults[episode] = self.faults[episode] or f"at tick {tick} it takes another course than recorded"
            return [0] * len(self._game.spec.heads)
        return rows[place][1:]

    def _check(self, ended: Ended) -> None:
        recording, over = self._recordings[ended.episode], ended.outcome
        if (over.ticks, tuple(over.places.tolist())) != (recording.ticks, recording.places):
            self.faults[ended.episode] = self.faults[ended.episode] or "it ends otherwise than recorded"


def check_saved(game: Game) -> None:
    """Raise UserError (code 2) for a game whose matches do not repeat themselves: no recording of it means anything."""
    simulation = game.simulate(1, game.seats)
    try:
        simulation.snapshot()
    except UserError as error:
        raise UserError(str(error), 2) from error
