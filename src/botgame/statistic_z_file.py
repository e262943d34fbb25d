"""Statistic z of a seat as a small JSON file, the style file, that people can read, compare and edit.

    {"format": "botgame-style-1", "game": "lms-arena",
     "opening": [{"event": "rune", "along": 0.31, "aside": 0.12}, ...],
     "totals": {"use_bolt": 0.52, ...}}

Totals are in their own units (uses a second, shares of time), not scaled. Either part may be null: a network that is
conditioned on the file then decides that part itself.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.json_reading import parsed
from botgame.statistic_z import FARTHEST, ZSpec

FORMAT = "botgame-style-1"


class Wanted(NamedTuple):
    """How a seat is to play: a row float32 [ZSpec.width], which of its two parts count, and like whom ("": nobody)."""

    row: np.ndarray
    opening: bool
    totals: bool
    player: str = ""


def write_statistic_z(path: Path, spec: ZSpec, game: str, row: np.ndarray) -> None:
    """Write the row of a seat. Raises UserError when that fails."""
    data = {"format": FORMAT, "game": game, **to_plain(spec, row)}
    write_atomic(path, json.dumps(data, indent=1).encode() + b"\n")


def to_plain(spec: ZSpec, row: np.ndarray) -> dict[str, Any]:
    """`opening` and `totals` of a row as plain values, in their own units."""
    kinds, along, aside, totals = (row[part].tolist() for part in spec.parts.values())
    opening = [
        {"event": spec.events[int(kind) - 1], "along": round(x, 3), "aside": round(y, 3)}
        for kind, x, y in zip(kinds, along, aside, strict=True)
        if kind
    ]
    numbers = zip(spec.totals, totals, strict=True)
    return {"opening": opening, "totals": {entry.name: round(value * entry.scale, 5) for entry, value in numbers}}


def read_statistic_z(path: Path, spec: ZSpec, game: str) -> Wanted:
    """Inverse of `write_statistic_z`. Raises UserError that names what is wrong with the file."""
    try:
        data = parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read style file {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"{path} is no style file: it is not JSON ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path} is no style file: expected format {FORMAT}; make one with botgame.replay style")
    if data.get("game") != game:
        raise UserError(f"{path} is a style file of {data.get('game')!r}, expected {game!r}")
    row = np.zeros(spec.width, np.float32)
    try:
        if (opening := data.get("opening")) is not None:
            _read_opening(row, spec, opening)
        if (totals := data.get("totals")) is not None:
            row[spec.parts["totals"]] = _read_totals(spec, totals)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{path} is a damaged style file: {error}; make one with botgame.replay style") from error
    return Wanted(row, opening is not None, totals is not None)


def _read_opening(row: np.ndarray, spec: ZSpec, events: list[dict[str, Any]]) -> None:
    """Write the opening to `row`. Raises KeyError, TypeError, ValueError or AttributeError for foreign data."""
    if len(events) > spec.opening:
        raise ValueError(f"its opening has {len(events)} events, expected at most {spec.opening}")
    for k, entry in enumerate(events):
        if entry.get("event") not in spec.events:
            raise ValueError(f"event {entry.get('event')!r} is not one of {', '.join(spec.events)}")
        row[k] = 1 + spec.events.index(entry["event"])
        for name in ("along", "aside"):
            row[spec.parts[name].start + k] = min(FARTHEST, max(-FARTHEST, _number(entry, name)))


def _read_totals(spec: ZSpec, totals: dict[str, Any]) -> list[float]:
    """The scaled totals. Raises KeyError, TypeError or ValueError for foreign data."""
    names = [entry.name for entry in spec.totals]
    if sorted(totals) != sorted(names):
        odd = sorted(set(totals) ^ set(names))
        raise ValueError(f"its totals must be {', '.join(names)}; wrong or missing: {', '.join(odd)}")
    return [min(1.0, max(0.0, _number(totals, entry.name) / entry.scale)) for entry in spec.totals]


def _number(values: dict[str, Any], name: str) -> float:
    value = float(values[name])
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}")
    return value
