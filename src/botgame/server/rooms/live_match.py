"""One match in real time: every step is one tick, whether or not a seat has decided.

No clock, no sockets: the caller steps 30 times a second. The match is recorded as an exact replay
(`botgame.lms.replay.live_recording`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botgame.game import Due
from botgame.lms.actions import HEAD_COUNT
from botgame.lms.arena import Arena, ArenaOutcome, Limits
from botgame.lms.observing.observation import Observation
from botgame.lms.replay.header import Change, ReplayMark
from botgame.lms.replay.live_recording import LiveRecording, Opening
from botgame.lms.replay.playback import standing_at_cut
from botgame.lms.rules import Rules

PEOPLE = Limits(0, 0)  # no artificial delay, and only verbs count towards the cap


class LiveMatch:
    """A match of `seats` mages. `begin` starts it; before that its arena shows where the walls will be."""

    def __init__(self, seats: int, seed: int, duration_ticks: int, rules: Rules) -> None:
        self.seats, self.seed, self.duration_ticks, self.rules = seats, seed, duration_ticks, rules
        self.arena = Arena(1, seats, rules)
        self.arena.reset(0, seed, (0,) * seats, duration_ticks)
        self.tick = 0
        self.over = False
        self.is_cut = False
        self.countdown_ticks = 0  # nobody acts before this tick
        self.recording: LiveRecording | None = None
        self._due = self.arena.state.mages["due"][0]
        self._reactions: list[int] = []

    @property
    def is_running(self) -> bool:
        """Whether the match has begun and is not over."""
        return self.recording is not None and not self.over

    @property
    def is_counting_down(self) -> bool:
        """Whether nobody acts yet."""
        return self.tick < self.countdown_ticks

    def begin(
        self,
        schools: Sequence[int],
        controllers: Sequence[int],
        limits: Sequence[Limits],
        countdown_ticks: int = 0,
    ) -> None:
        """Start. schools, controllers (0 bot, 1 human), limits: one for each seat. Nobody acts in the countdown."""
        self.countdown_ticks = countdown_ticks
        opening = Opening(
            self.seed, self.duration_ticks, tuple(schools), tuple(controllers), tuple(limits), countdown_ticks
        )
        self.arena.reset(0, self.seed, opening.schools, self.duration_ticks, opening.limits)
        self.recording = LiveRecording(opening, self.rules)
        self._reactions = [limit.reaction for limit in limits]

    def decide(self, seats: list[int], actions: list[list[int]], seen: list[int]) -> list[list[int]]:
        """Take decisions of distinct living seats on the observations of ticks `seen`; the accepted ones, [N][6].

        At most one for each seat and tick. A decision is carried out in the next step.
        """
        assert self.recording is not None
        wanted = np.array(actions, np.int64).reshape(len(seats), HEAD_COUNT)
        accepted: list[list[int]] = self.arena.act(_rows(seats), wanted, np.array(seen)).tolist()
        for seat, tick, action in zip(seats, seen, accepted, strict=True):
            self.recording.decision(seat, self.tick, tick, action)
        return accepted

    def step(self) -> None:
        """Play one tick."""
        self.arena.run(1)
        self.tick += 1
        self.over = bool(self.arena.state.matches["done"][0])

    def cut(self) -> None:
        """End the match where it is, without a result."""
        assert self.recording is not None
        self.over = self.is_cut = self.recording.is_cut = True

    def is_alive(self, seat: int) -> bool:
        """Whether the mage of `seat` is alive."""
        return bool(self.arena.state.mages["alive"][0, seat])

    def due(self) -> list[int]:
        """The tick at which each seat wants to decide next."""
        ticks: list[int] = self._due.tolist()
        return ticks

    def observe(self, seats: list[int]) -> Observation:
        """What seats see now, one row each."""
        return self.arena.observe(_rows(seats))

    def seen_tick(self, seat: int) -> int:
        """The tick of the frame that `seat` observes now."""
        return max(0, self.tick - self._reactions[seat])

    def change_controller(self, seat: int, controller: int, limits: Limits) -> bool:
        """Another controller (0 bot, 1 human) decides for `seat` from now on. False: the recording holds no more."""
        assert self.recording is not None
        change = Change(self.tick, seat, controller, *limits)
        if not self.recording.change(change):
            return False
        self.arena.set_limits(0, seat, limits)
        self._reactions[seat] = limits.reaction
        return True

    def mark(self, seat: int, value: int, late: int = 0) -> bool:
        """A person, who sees the match `late` ticks late, judges what `seat` just did: +1 good, -1 bad.

        False: the recording holds no more marks.
        """
        assert self.recording is not None
        return self.recording.mark(ReplayMark(max(0, self.tick - late), seat, value))

    def outcome(self) -> ArenaOutcome:
        """The current standing, or the outcome of a match that is over; see `standing_at_cut` for one that was cut."""
        outcome = self.arena.outcome(0)
        return standing_at_cut(outcome) if self.is_cut else outcome


def _rows(seats: list[int]) -> Due:
    """Seats of the only match as the arena names them."""
    return Due(np.zeros(len(seats), np.int32), np.array(seats, np.int32))
