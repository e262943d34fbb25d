"""The readout of policies over a match: choice probabilities and expected results, as a JSON file for the viewer.

A program that can run the policy makes the file (`botgame.training.policy_readout`); this module needs no policy. The
file is beside the replay, with the same name and another suffix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from botgame import files
from botgame.errors import UserError
from botgame.lms.replay.format import SUFFIX as REPLAY_SUFFIX
from botgame.lms.replay.format import Replay

SUFFIX = ".thoughts.json"

Percent = Annotated[int, Meta(ge=0, le=100)]


class HeadLabels(Struct, frozen=True):
    """The name of a head of the action, and the names of its categories."""

    name: str
    labels: list[str]


class SeatReadout(Struct, frozen=True):
    """The readout at T decisions of one seat.

    ticks: of the decisions; values: expected result, -1 (loses) .. 1 (wins);
    chances[h][t]: probability of each category of head h in percent, given the choices of the heads before it;
    chosen[h][t]: the chosen category, -1 where the head did not matter.
    """

    seat: Annotated[int, Meta(ge=0, le=15)]
    policy: str
    ticks: list[int]
    values: list[float]
    chances: list[list[list[Percent]]]
    chosen: list[list[int]]


class PolicyReadout(Struct, frozen=True):
    """The readout of policies over the match in the file called `replay`."""

    replay: str
    heads: list[HeadLabels]
    seats: list[SeatReadout]
    format: int = 1


def readout_path(path: Path) -> Path:
    """Where the readout of the replay in `path` is, if there is one."""
    return path.with_name(path.name.removesuffix(REPLAY_SUFFIX) + SUFFIX)


def find_readout(replay: Replay) -> PolicyReadout | None:
    """The readout beside the file that `replay` was read from, None if there is none. Raises UserError if it is bad."""
    if replay.path is None or not readout_path(replay.path).is_file():
        return None
    return read_readout(readout_path(replay.path), replay)


def write_readout(path: Path, readout: PolicyReadout) -> None:
    """Write the file, all or nothing. Raises UserError."""
    files.write_atomic(path, msgspec.json.encode(readout))


def read_readout(path: Path, replay: Replay) -> PolicyReadout:
    """The readout in the file `path`, which must be about `replay`. Raises UserError in one line."""
    try:
        readout = msgspec.json.decode(path.read_bytes(), type=PolicyReadout)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
