"""Matches in which an expert takes a student's seat over now and then, recorded as live play records a person who does.

The replay says who held the seat when; the manifest names the match, the feedback stream holds every decision of the
expert as a correction. Used by `corrections.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from botgame import rng
from botgame.feedback import HUMAN, Decision, MatchRecord, SeatRecord
from botgame.game import Policy, Setup, Step
from botgame.live.journal import Journal
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.arena_simulation import ArenaSimulation
from botgame.lms.replay.format import Replay, write
from botgame.lms.replay.header import BOT, Change
from botgame.lms.replay.header import HUMAN as HELD_BY_HUMAN
from botgame.lms.replay.record import Recorder
from botgame.lms.rules import TICKS_PER_SECOND
from botgame.match_batch import MatchBatch
from botgame.play import SeatMemory, decide

STUDENT = 0  # its place among the players; the expert and the opponents come after it
SLOTS = 64
_SPANS = 0x7370616E


class Takeovers:
    """Plays `setups`, in each of which one seat is player 0, and writes replays and journal.

    players: the student, the expert, then the opponents; names: theirs. seconds: mean length of the student's and of
    the expert's spans, which alternate and are drawn from the match's seed between half and one and a half of it.
    """

    def __init__(
        self,
        players: Sequence[Policy],
        names: Sequence[str],
        folder: Path,
        journal: Journal,
        seconds: tuple[float, float],
    ) -> None:
        self.players, self.names, self.folder, self.journal, self.seconds = players, names, folder, journal, seconds
        self.corrections = 0
        self._simulation = ArenaSimulation(SLOTS, 2)
        self._recorder = Recorder(self._simulation.arena, names, self._save)
        self._held: dict[tuple[int, int], bool] = {}  # (slot, seat) -> the expert holds it
        self._lines: dict[int, list[tuple[int, int, list[int]]]] = {}  # episode -> seat, tick, action
        self._setups: dict[int, Setup] = {}

    def play(self, setups: Iterator[Setup]) -> None:
        """Play them all."""
        batch = MatchBatch(self._simulation, self._numbered(setups), self._recorder)
        students, others = SeatMemory(SLOTS, 2), SeatMemory(SLOTS, 2)
        while (step := batch.next()) is not None:
            if not len(step.slot):
                continue
            expert = self._expert_holds(step)
            actions = decide(batch, step, students, self.players, HEAD_COUNT)
            shadow = step._replace(player=np.where(step.player == STUDENT, 1, step.player))
            actions[expert] = decide(batch, shadow, others, self.players, HEAD_COUNT)[expert]
            self._note(step, expert, batch.act(step.due, actions))

    def _numbered(self, setups: Iterator[Setup]) -> Iterator[Setup]:
        for episode, setup in enumerate(setups):
            self._setups[episode], self._lines[episode] = setup, []
            yield setup

    def _expert_holds(self, step: Step) -> np.ndarray:
        """Rows in which the expert decides, bool [N]; a change of hands is recorded."""
        holds, ticks = np.zeros(len(step.slot), bool), self._simulation.ticks
        reaction = self._simulation.arena.rules.reaction_ticks
        for row in np.flatnonzero(step.player == STUDENT).tolist():
            slot, seat = int(step.slot[row]), int(step.seat[row])
            tick = int(ticks[slot])
            holds[row] = self._is_expert_span(self._setups[int(step.episode[row])].seed, tick)
            if holds[row] != (tick > 0 and self._held.get((slot, seat), False)):
                controller = HELD_BY_HUMAN if holds[row] else BOT
                self._recorder.change(slot, Change(tick, seat, controller, reaction, 1))
            self._held[slot, seat] = bool(holds[row])
        return holds

    def _is_expert_span(self, seed: int, tick: int) -> bool:
        """Spans alternate, the student's first."""
        end, number = 0.0, 0
        while True:
            draw = rng.derive(seed, _SPANS, number) / 2.0**64
            end += (0.5 + draw) * self.seconds[number % 2] * TICKS_PER_SECOND
            if tick < end:
                return number % 2 == 1
            number += 1

    def _note(self, step: Step, expert: np.ndarray, accepted: np.ndarray) -> None:
        ticks = self._simulation.ticks[step.slot]
        for row in np.flatnonzero(expert).tolist():
            line = int(step.seat[row]), int(ticks[row]), [int(choice) for choice in accepted[row]]
            self._lines[int(step.episode[row])].append(line)

    def _save(self, episode: int, replay: Replay) -> None:
        """Write the replay, its line of the manifest and the corrections."""
        path = write(self.folder, replay)
        match = f"{self.journal.run}/{episode:04d}"
        seats = [SeatRecord(policy=seat.policy, backend=seat.policy, place=seat.place) for seat in replay.header.seats]
        record = MatchRecord(match, path.name, seats, seed=replay.header.seed, ticks=replay.header.ticks)
        self.journal.manifest.append(record)
        for seat, tick, action in self._lines.pop(episode):
            self.journal.stream.append(Decision(path.name, seat, tick, action, controller=HUMAN, match=match))
            self.corrections += 1
