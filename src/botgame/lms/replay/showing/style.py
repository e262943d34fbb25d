"""`python -m botgame.replay style`: prints how a seat played, and writes it to a style file for a network to follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from botgame.errors import UserError
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import read
from botgame.lms.replay.resimulate import resimulate
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.statistic_z_file import to_plain, write_statistic_z


def measure(path: Path, seat: int) -> np.ndarray:
    """Statistic z of one seat, float32 [ZSpec.width]. Raises ReplayError, and UserError for an unknown seat."""
    replay = read(path)
    if seat >= len(replay.header.seats):
        raise UserError(f"--seat {seat}: {path} has the seats 0 to {len(replay.header.seats) - 1}", 2)
    finished = next(resimulate([replay], 1, statistic_z=True))
    if finished.fault is not None:
        raise ReplayError(path, finished.fault)
    assert finished.statistics is not None
    return np.asarray(finished.statistics[seat])


def show_statistic_z(path: Path, seat: int, output: Path | None) -> Iterator[str]:
    """Lines for the console; with `output` it also writes the style file."""
    row = measure(path, seat)
    plain = to_plain(ARENA_Z_SPEC, row)
    places = [f"{entry['event']} ({entry['along']:.2f}, {entry['aside']:.2f})" for entry in plain["opening"]]
    yield f"{path}, seat {seat}"
    yield f"  opening, with (along, aside): {', '.join(places) or 'nothing'}"
    for entry in ARENA_Z_SPEC.totals:
        yield f"  {entry.name:16s} {plain['totals'][entry.name]:8.3f} {entry.unit}"
    if output is not None:
        write_statistic_z(output, ARENA_Z_SPEC, ARENA_SPEC.name, row)
        yield f"written to {output}"
