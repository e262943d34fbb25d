"""Who holds a seat, and what a person's hands are doing. No sockets, no clock: time is counted in ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from botgame.lms.rules import BOLT, DEFENCE, DELAY_TICKS, INTERACT, NONE, Rules, ticks
from botgame.server.protocol import Input
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame
from botgame.server.rooms.view import Viewer

QUEUE_TICKS = 6  # how long a cast that is not possible yet is tried
LONGEST_HOLD = DELAY_TICKS[-1]  # a person who goes on longer decides again to go on
Kind = Literal["open", "human", "bot", "client"]


class Hands:
    """What a person holds and does: inputs in, decisions out.

    A decision is made when the held direction changes or a verb can be cast, and after `LONGEST_HOLD` ticks of doing
    the same, so that each decision's time until the next is one that the delay head knows.
    """

    def __init__(self) -> None:
        self.ack = 0
        self.queued = NONE
        self._seq, self._move, self._aim = -1, 0, 0
        self._until = 0
        self._held, self._decided = 0, -1

    def take(self, message: Input, tick: int) -> None:
        """The newest input counts; one that is older than the last is ignored."""
        if message.seq <= self._seq:
            return
        self._seq, self._move, self._aim = message.seq, message.move, message.aim
        if message.verb != NONE:
            self.queued, self._until = message.verb, tick + QUEUE_TICKS

    def let_go(self) -> None:
        """Nobody is there: nothing is held, nothing waits."""
        self._move, self.queued = 0, NONE

    def restart(self) -> None:
        """Other hands, or a mage that somebody else has moved: count from the start and decide at once."""
        self.let_go()
        self.ack, self._seq = 0, -1
        self._held, self._decided = 0, -1

    def decide(self, tick: int, possible: int, *, may_turn: bool = True) -> list[int] | None:
        """The decision of this tick, or None to go on.

        possible: the queued verb if it can be cast now, else 0. may_turn: the cap allows another direction.
        """
        self.ack = max(0, self._seq)
        if self.queued and not possible and tick >= self._until:
            self.queued = NONE
        goes_on = self._decided >= 0 and tick - self._decided < LONGEST_HOLD
        move = self._move if may_turn else self._held
        if goes_on and not possible and move == self._held:
            return None
        if possible:
            self.queued = NONE
        self._held, self._decided = move, tick
        return [possible, 0, move, 0, self._aim if possible in range(BOLT, DEFENCE) else 0, 0]


@dataclass
class Seat:
    """One seat of a room.

    kind: who decides now. bot: the operator's bot behind it, "" for none. under: who decides once a person who took
    the seat over gives it back. client: the connection that holds it; token: with which that one can come back.
    asked: tick of the observation whose decision is awaited, -1 for none; seen: tick of the frame it shows;
    answer: that decision, once it is there. asked_at: when a program was last shown something.
    """

    index: int
    kind: Kind = "open"
    name: str = ""
    bot: str = ""
    school: int | None = None
    client: int | None = None
    token: str = ""
    under: Kind | None = None
    gone_ticks: int = 0
    asked: int = -1
    seen: int = 0
    answer: list[int] | None = None
    shown: int = -1
    by_hand: bool = False
    hands: Hands = field(default_factory=Hands)

    def forget_question(self) -> None:
        """Whatever was asked is of no use any more."""
        self.asked, self.answer, self.shown = -1, None, -1


class Caps:
    """Whether the simulation would accept a verb of a living seat at the frame's tick; the numbers of one match."""

    def __init__(self, frame: Frame, viewer: Viewer, rules: Rules) -> None:
        self._frame, self._viewer = frame, viewer
        self._window, self._most, self._spacing = ticks(rules.action_window), rules.action_cap, rules.action_spacing
        self._mana = [[ability.mana for ability in school] for school in rules.abilities]

    def is_castable(self, verb: int, seat: int, school: int) -> bool:
        """Mana, cooldown, cap, and a chest in reach."""
        frame = self._frame
        if verb == NONE or not self.is_within_cap(seat):
            return False
        if verb == INTERACT:
            return self._viewer.chest_in_reach(seat)
        ready = frame.ints[seat][at.READY + verb - 1] <= frame.tick
        return ready and frame.floats[seat][at.MANA] >= self._mana[school][verb - 1]

    def is_within_cap(self, seat: int) -> bool:
        """Whether one more counted action is accepted: the cap as `game.limits` has it."""
        tick = self._frame.tick
        recent = [age for stamp in self._frame.stamps(seat) if (age := tick - stamp) < self._window]
        return len(recent) < self._most and min(recent, default=self._spacing) >= self._spacing
