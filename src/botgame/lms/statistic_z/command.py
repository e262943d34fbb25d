"""`python -m botgame.replay style`: how a seat played, printed and written as a style that a network can be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from botgame.errors import UserError
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.format import read
from botgame.lms.replay.resimulate import resimulate
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_STYLE
from botgame.statistic_z_file import to_plain, write_style


def measure(path: Path, seat: int) -> np.ndarray:
    """The row of one seat, float32 [Style.width]. Raises ReplayError, and UserError for a seat that there is not."""
    replay = read(path)
    if seat >= len(replay.header.seats):
        raise UserError(f"--seat {seat}: {path} has the seats 0 to {len(replay.header.seats) - 1}", 2)
    finished = next(resimulate([replay], 1, style=True))
    if finished.fault is not None:
        raise ReplayError(path, finished.fault)
    assert finished.styles is not None
    return np.asarray(finished.styles[seat])


def show_style(path: Path, seat: int, output: Path | None) -> Iterator[str]:
    """Lines for the console; with `output` also writes the style file."""
    row = measure(path, seat)
    plain = to_plain(ARENA_STYLE, row)
    places = [f"{entry['event']} ({entry['along']:.2f}, {entry['aside']:.2f})" for entry in plain["opening"]]
    yield f"{path}, seat {seat}"
    yield f"  opening: {', '.join(places) or 'nothing'}"
    for entry in ARENA_STYLE.totals:
        yield f"  {entry.name:16s} {plain['totals'][entry.name]:8.3f} {entry.unit}"
    if output is not None:
        write_style(output, ARENA_STYLE, ARENA_SPEC.name, row)
        yield f"written to {output}"
