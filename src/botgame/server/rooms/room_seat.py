"""One seat of a room: its controller, its client, and the decision that the match waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from botgame.lms.rules import BOLT, INTERACT, NONE, Rules, ticks
from botgame.server.rooms import frame as at
from botgame.server.rooms.frame import Frame
from botgame.server.rooms.player_input import PlayerInput
from botgame.server.rooms.view import Viewer

Kind = Literal["open", "human", "bot", "client"]


@dataclass
class RoomSeat:
    """One seat of a room.

    kind: who decides now. bot: the operator's bot of the seat, "" for none. taken_from: the kind that decides again
    once the person who took the seat over gives it back. client: the connection that holds the seat; token: the
    secret with which its owner can come back; absent_ticks: how long the owner has been disconnected.

    requested: tick of the observation that a decision is awaited for, -1 for none; seen: tick of the frame that this
    observation shows; decision: the awaited decision once it has arrived; sent: tick at which a program was last sent
    an observation. uses_inputs: a program that plays with inputs instead of actions.
    """

    index: int
    kind: Kind = "open"
    name: str = ""
    bot: str = ""
    school: int | None = None
    client: int | None = None
    token: str = ""
    taken_from: Kind | None = None
    absent_ticks: int = 0
    requested: int = -1
    seen: int = 0
    decision: list[int] | None = None
    sent: int = -1
    uses_inputs: bool = False
    input: PlayerInput = field(default_factory=PlayerInput)

    def cancel_request(self) -> None:
        """Wait for no decision any more: another controller decides from now on."""
        self.requested, self.decision, self.sent = -1, None, -1


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
        ready = frame.ints[seat][at.READY + verb - BOLT] <= frame.tick
        return ready and frame.floats[seat][at.MANA] >= self._mana[school][verb - BOLT]

    def is_within_cap(self, seat: int) -> bool:
        """Whether one more counted action is accepted: the cap as `game.limits` has it."""
        tick = self._frame.tick
        recent = [age for stamp in self._frame.stamps(seat) if (age := tick - stamp) < self._window]
        return len(recent) < self._most and min(recent, default=self._spacing) >= self._spacing
