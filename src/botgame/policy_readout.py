"""The readout of policies over a recorded match: choice probabilities and expected results, as a JSON file for viewers.

A program that can run the policy makes the file (`botgame.training.policy_readout`); this module needs no policy and no
game. The file is beside the recorded match, with the same name and another suffix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from botgame import files
from botgame.seals import sealed_json

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
    """The readout of policies over the recorded match in the file called `replay`."""

    replay: str
    heads: list[HeadLabels]
    seats: list[SeatReadout]
    format: int = 1


def readout_path(path: Path) -> Path:
    """Where the readout of the recorded match in `path` is, if there is one."""
    return path.with_name(path.stem + SUFFIX)


def write_readout(path: Path, readout: PolicyReadout) -> None:
    """Write the file, all or nothing. Raises UserError."""
    files.write_atomic(path, sealed_json(msgspec.json.encode(readout).decode()).encode())
