"""One seat of a room: its controller, its client, and the decision that the match waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from botgame.lms.replay.header import PERSON
from botgame.server.protocol import School
from botgame.server.rooms.player_input import PlayerInput

Kind = Literal["open", "human", "bot", "client"]
PREFIXES = {"human": PERSON, "client": "remote:"}  # of a player's name in replays, by kind


@dataclass
class RoomSeat:
    """One seat of a room.

    choice: the school that its player asked for; school: the index of the one that is played, None if not known yet.
    kind: who decides now. bot: the operator's bot of the seat, "" for none. taken_from: the kind that decides again
    once the person who took the seat over gives it back. client: the connection that holds the seat; token: the
    secret with which its owner can come back; absent_ticks: how long the owner has been disconnected. name_key: the
    hash that shows whose name it is, "" for bots and programs.

    requested: tick of the observation that a decision is awaited for, -1 for none; seen: tick of the frame that this
    observation shows; decision: the awaited decision once it has arrived; sent: tick at which a program was last sent
    an observation. uses_inputs: a program that plays with inputs instead of actions.
    """

    index: int
    kind: Kind = "open"
    name: str = ""
    bot: str = ""
    choice: School = "any"
    school: int | None = None
    client: int | None = None
    token: str = ""
    name_key: str = ""
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


def policy_of(seat: RoomSeat) -> str:
    """The player of a seat, as a replay names it."""
    return PREFIXES[seat.kind] + seat.name if seat.kind in PREFIXES else seat.bot
