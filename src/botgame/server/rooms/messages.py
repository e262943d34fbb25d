"""Writes a room's state as messages of the protocol: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from botgame.lms.replay.header import mode_of
from botgame.lms.rules import SCHOOLS, TICKS_PER_SECOND
from botgame.server.forfeits import official_places
from botgame.server.protocol import Array, Observation, RatingChange, Result, Room, RoomLine, SeatLine
from botgame.server.rooms.live_match import LiveMatch
from botgame.server.rooms.match_driver import DecisionRequest
from botgame.server.rooms.room_seat import RoomSeat, policy_of

RoomState = Literal["waiting", "running", "over"]


def walls(match: LiveMatch) -> list[str]:
    """The walls, one string for each row, "1" for a wall."""
    return ["".join("1" if cell else "0" for cell in row) for row in match.arena.state.walls[0].tolist()]


def seat_line(seat: RoomSeat) -> SeatLine:
    """The public facts about a seat."""
    school = "any" if seat.school is None else SCHOOLS[seat.school]
    is_absent = seat.kind in ("human", "client") and seat.client is None
    return SeatLine(seat.index, seat.name, school, seat.kind, seat.bot, not is_absent)


def room(name: str, match: LiveMatch, rows: list[str], seats: Sequence[RoomSeat], state: RoomState) -> Room:
    """The room for a spectator; `rows`: its walls."""
    return Room(
        room=name,
        seat=-1,
        seat_token="",
        mode=mode_of(match.seats),
        cells=len(rows),
        walls=rows,
        duration_ticks=match.duration_ticks,
        seats=[seat_line(seat) for seat in seats],
        state=state,
        seed=str(match.seed),
        countdown_ticks=match.countdown_ticks,
    )


def for_member(message: Room, seat: RoomSeat | None, *, owner: bool) -> Room:
    """The room for a member with a seat, or for the room's maker."""
    seated = {} if seat is None else {"seat": seat.index, "seat_token": seat.token}
    return msgspec.structs.replace(message, owner=owner, **seated)


def line(name: str, match: LiveMatch, seats: Sequence[RoomSeat], state: RoomState, spectators: int) -> RoomLine:
    """The room's line in the lobby."""
    return RoomLine(
        room=name,
        mode=mode_of(match.seats),
        seats=match.seats,
        taken=sum(seat.kind != "open" for seat in seats),
        humans=sum(seat.kind == "human" for seat in seats),
        spectators=spectators,
        tick=match.tick,
        duration=match.duration_ticks / TICKS_PER_SECOND,
        state=state,
        names=[policy_of(seat) for seat in seats if seat.kind != "open"],
    )


def observation(request: DecisionRequest) -> Observation:
    """The observation for a program: all that a bot sees, without the fields that only a critic may see."""
    arrays = {
        name: Array(str(rows.dtype), list(rows.shape[1:]), np.ascontiguousarray(rows[request.row]).tobytes())
        for name, rows in request.observation.items()
        if name != "privileged"
    }
    return Observation(request.tick, request.seat, arrays, str(request.key))


def result(
    name: str,
    match: LiveMatch,
    killers: Sequence[int],
    forfeits: Mapping[int, int],
    *,
    replay: str,
    ratings: Sequence[RatingChange],
) -> Result:
    """The result of a match that is over. killers: one for each seat; forfeits: when players left, by seat."""
    outcome = match.outcome()
    death_ticks = outcome.death_ticks.tolist()
    return Result(
        room=name,
        places=official_places(outcome.places.tolist(), death_ticks, forfeits),
        kills=outcome.kills.tolist(),
        damage_dealt=[round(value, 2) for value in outcome.damage_dealt.tolist()],
        damage_taken=[round(value, 2) for value in outcome.damage_taken.tolist()],
        death_ticks=death_ticks,
        replay=replay,
        duration=outcome.ticks / TICKS_PER_SECOND,
        broken_off=match.is_cut and not forfeits,
        killers=list(killers),
        left=sorted(forfeits),
        ratings=list(ratings),
    )
