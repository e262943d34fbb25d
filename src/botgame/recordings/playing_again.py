"""Plays recorded matches again, in a batch, and keeps what every seat saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from botgame.game import Array, Ended, Game, Observation, SeatDecisions, Setup
from botgame.match_batch import MatchBatch
from botgame.recordings.format import Content


class PlayedAgain:
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
        """Play; yields each recording's position when its match is over, and then forgets what its seats saw."""
        while (step := self._batch.next()) is not None:
            for ended in step.ended:
                self._check(ended)
                yield ended.episode
                self._seen[ended.episode].clear()
            if len(step.slot):
                observation, ticks = self._batch.observe(step.due), self._batch.simulation.ticks[step.slot]
                actions = np.zeros((len(step.slot), len(self._game.spec.heads)), np.int64)
                for row, (episode, seat) in enumerate(zip(step.episode.tolist(), step.seat.tolist(), strict=True)):
                    actions[row] = self._action(episode, seat, int(ticks[row]), observation["legal"][row])
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

    def _action(self, episode: int, seat: int, tick: int, legal: Array) -> Sequence[int]:
        """The recorded action; where there is none that may be taken, the match has a fault and goes on somehow."""
        rows, place = self._rows[episode][seat], self._next[episode][seat]
        self._next[episode][seat] += 1
        if place < len(rows) and rows[place][0] == tick and self._is_legal(rows[place][1:], legal):
            return rows[place][1:]
        self.faults[episode] = self.faults[episode] or f"at tick {tick} it takes another course than recorded"
        return [int(legal[part].argmax()) for part in self._game.spec.slices.values()]

    def _is_legal(self, action: Sequence[int], legal: Array) -> bool:
        """Whether every head that the action uses has a legal category; legal: bool [all heads]."""
        return not self._game.spec.illegal(np.array([action]), legal[None]).any()

    def _check(self, ended: Ended) -> None:
        recording, over = self._recordings[ended.episode], ended.outcome
        made = [len(rows) for rows in self._rows[ended.episode]]
        same = (over.ticks, tuple(over.places.tolist())) == (recording.ticks, recording.places)
        if not same or self._next[ended.episode] != made:
            self.faults[ended.episode] = self.faults[ended.episode] or "it ends otherwise than recorded"
