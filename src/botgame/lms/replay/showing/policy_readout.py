"""Finds and checks the policy readout of a replay (`botgame.policy_readout`)."""

from __future__ import annotations

from pathlib import Path

from botgame.errors import UserError
from botgame.json_reading import decoded
from botgame.lms.replay.format import Replay
from botgame.policy_readout import PolicyReadout, SeatReadout, readout_path
from botgame.seals import opened_json


def find_readout(replay: Replay) -> PolicyReadout | None:
    """The readout beside the file that `replay` was read from, None if there is none. Raises UserError if it is bad."""
    if replay.path is None or not readout_path(replay.path).is_file():
        return None
    return read_readout(readout_path(replay.path), replay)


def read_readout(path: Path, replay: Replay) -> PolicyReadout:
    """The readout in the file `path`, which must be about `replay`. Raises UserError in one line."""
    try:
        readout: PolicyReadout = decoded(opened_json(path.read_text(encoding="utf-8")), PolicyReadout)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"{path} is not a policy readout ({error}); make it again") from error
    if readout.replay != replay.name:
        raise UserError(f"{path} is about {readout.replay}, not {replay.name}; give the readout of this match")
    for seat in readout.seats:
        _check(path, readout, seat, len(replay.header.seats))
    return readout


def _check(path: Path, readout: PolicyReadout, seat: SeatReadout, seats: int) -> None:
    """Raises UserError for a seat whose columns do not fit each other."""
    decisions = len(seat.ticks)
    sizes = [len(head.labels) for head in readout.heads]
    complete = len(seat.values) == decisions and seat.seat < seats
    complete = complete and len(seat.chances) == len(seat.chosen) == len(sizes)
    complete = complete and all(len(column) == decisions for column in seat.chosen)
    for size, rows in zip(sizes, seat.chances, strict=False):
        complete = complete and len(rows) == decisions and all(len(row) == size for row in rows)
    if not complete:
        raise UserError(f"{path} is incomplete for seat {seat.seat}; make it again")
