"""Turns a person's inputs into decisions. No clock: time is counted in ticks."""

from __future__ import annotations

from botgame.lms.rules import AIMED, DELAY_TICKS, NONE
from botgame.server.protocol import Input

QUEUE_TICKS = 6  # how long a cast that is not possible yet is retried
MAX_HOLD_TICKS = DELAY_TICKS[-1]  # after this time of holding the same direction a new decision is made


class PlayerInput:
    """The direction that a player holds and the cast that waits: inputs in, decisions out.

    A decision is made when the held direction changes or a verb can be cast, and after `MAX_HOLD_TICKS` of holding
    the same, so that the time until the next decision is always one that the delay head knows.
    """

    def __init__(self) -> None:
        self.ack = 0  # `seq` of the last input that was applied
        self.queued = NONE  # verb that waits to become possible
        self._seq, self._move, self._aim = -1, 0, 0
        self._queued_until = 0
        self._held, self._decided = 0, -1

    def take(self, message: Input, tick: int) -> None:
        """Apply an input, unless a newer one has been applied already."""
        if message.seq <= self._seq:
            return
        self._seq, self._move, self._aim = message.seq, message.move, message.aim
        if message.verb != NONE:
            self.queued, self._queued_until = message.verb, tick + QUEUE_TICKS

    def release(self) -> None:
        """Hold no direction and drop the queued cast: the player is absent."""
        self._move, self.queued = 0, NONE

    def restart(self) -> None:
        """Accept inputs from number 0 on and decide at once: another player took the seat, or the page reloaded."""
        self.release()
        self.ack, self._seq = 0, -1
        self._held, self._decided = 0, -1

    def decide(self, tick: int, possible: int, *, may_turn: bool = True) -> list[int] | None:
        """The decision of this tick, or None to keep doing the same.

        possible: the queued verb if it can be cast now, else 0. may_turn: whether the cap allows another direction.
        """
        self.ack = max(0, self._seq)
        if self.queued and not possible and tick >= self._queued_until:
            self.queued = NONE
        is_recent = self._decided >= 0 and tick - self._decided < MAX_HOLD_TICKS
        move = self._move if may_turn else self._held
        if is_recent and not possible and move == self._held:
            return None
        if possible:
            self.queued = NONE
        self._held, self._decided = move, tick
        return [possible, 0, move, 0, self._aim if possible in AIMED else 0, 0]
