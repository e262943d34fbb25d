"""What a policy thought during a match, as a JSON file that a film can carry.

`botgame.training.policy_readout` writes the file; nothing here needs the policy itself. The file lies beside the
replay under the same name, with another ending.
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

Percent = Annotated[int, Meta(ge=0, le=100)]


class Head(Struct, frozen=True):
    """A head of the action: its name and what its categories are called."""

    name: str
    labels: list[str]


class SeatThoughts(Struct, frozen=True):
    """T decisions of one seat.

    ticks: when; values: expected result, -1 (loses) .. 1 (wins);
    chances[h][t]: probability of each category of head h in percent, given the heads chosen before it;
    chosen[h][t]: the category that was chosen, -1 where the head did not matter.
    """

    seat: Annotated[int, Meta(ge=0, le=15)]
    policy: str
    ticks: list[int]
    values: list[float]
    chances: list[list[list[Percent]]]
    chosen: list[list[int]]


class Thoughts(Struct, frozen=True):
    """What policies thought in the match called `replay` (its file name)."""

    replay: str
    heads: list[Head]
    seats: list[SeatThoughts]
    format: int = 1


SUFFIX = ".thoughts.json"


def beside(path: Path) -> Path:
    """Where the thoughts about the replay in `path` lie, if anywhere."""
    return path.with_name(path.name.removesuffix(REPLAY_SUFFIX) + SUFFIX)


def find_thoughts(replay: Replay) -> Thoughts | None:
    """The thoughts beside the file that `replay` was read from, None where there are none. Raises UserError."""
    if replay.path is None or not beside(replay.path).is_file():
        return None
    return read_thoughts(beside(replay.path), replay)


def write_thoughts(path: Path, thoughts: Thoughts) -> None:
    """Write the file, all or nothing. Raises UserError."""
    files.write_atomic(path, msgspec.json.encode(thoughts))


def read_thoughts(path: Path, replay: Replay) -> Thoughts:
    """The file at `path`, which must be about `replay`. Raises UserError in one line."""
    try:
        thoughts = msgspec.json.decode(path.read_bytes(), type=Thoughts)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} is not a file of thoughts ({error}); make it with botgame.training.policy_readout"
        ) from error
    if thoughts.replay != replay.name:
        raise UserError(f"{path} is about {thoughts.replay}, not {replay.name}; give the thoughts of this match")
    for seat in thoughts.seats:
        _check(path, thoughts, seat, len(replay.header.seats))
    return thoughts


def _check(path: Path, thoughts: Thoughts, seat: SeatThoughts, seats: int) -> None:
    decisions = len(seat.ticks)
    sizes = [len(head.labels) for head in thoughts.heads]
    complete = len(seat.values) == decisions and seat.seat < seats
    complete = complete and len(seat.chances) == len(seat.chosen) == len(sizes)
    complete = complete and all(len(column) == decisions for column in seat.chosen)
    for size, rows in zip(sizes, seat.chances, strict=False):
        complete = complete and len(rows) == decisions and all(len(row) == size for row in rows)
    if not complete:
        raise UserError(
            f"{path} is incomplete for seat {seat.seat}; make it again with botgame.training.policy_readout"
        )
