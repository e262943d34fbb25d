"""The decisions of a match as columns of small integers, which makes a replay a few KiB long.

Rows are ordered by seat, then tick. Two columns are differences from what is expected, and so almost always 0: the tick
of a decision (expected: that of the last one plus its delay) and the tick of the observation behind it (expected:
`reaction` ticks before). Each column has the narrowest type that holds it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botgame.lms.actions import DELAY, HEAD_COUNT
from botgame.lms.rules import DELAY_TICKS
from botgame.lms.spec import HEADS

_TYPES = ("<i1", "<i2", "<i4", "<u4")
_COLUMN_HEAD = struct.Struct("<BI")
_DELAY_TICKS = np.array(DELAY_TICKS, np.int64)
_SIZES = np.array([head.size for head in HEADS], np.int64)


@dataclass(frozen=True)
class Decisions:
    """Accepted actions of all seats, rows ordered by seat, then tick; and the digests of the state.

    seat: int8 [A]; tick: int32 [A], when the seat decided; seen: int32 [A], tick of the observation behind it;
    choices: int8 [A, HEAD_COUNT], the accepted action; digest_tick: int32 [D], rising; digest: uint32 [D], the low half
    of the state digest before the decisions of that tick.
    """

    seat: np.ndarray
    tick: np.ndarray
    seen: np.ndarray
    choices: np.ndarray
    digest_tick: np.ndarray
    digest: np.ndarray

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decisions):
            return NotImplemented
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]


def encode(decisions: Decisions, counts: Sequence[int], reactions: Sequence[int]) -> bytes:
    """The columns as bytes. `counts`: rows of each seat; `reactions`: observation delay of each seat, in ticks."""
    tick = decisions.tick.astype(np.int64)
    late = tick - _expected_ticks(tick, decisions.choices, counts)
    seen = decisions.seen - _expected_seen(tick, counts, reactions)
    columns = [late, seen, *decisions.choices.T, np.diff(decisions.digest_tick, prepend=0)]
    return b"".join([*(_pack(column) for column in columns), _pack(decisions.digest, "<u4")])


def decode(data: bytes, counts: Sequence[int], reactions: Sequence[int], last_tick: int) -> Decisions:
    """Inverse of `encode`. Raises ValueError for bytes that no match of `last_tick` ticks can have given."""
    columns, start = [], 0
    for _ in range(HEAD_COUNT + 4):
        column, start = _unpack(data, start)
        columns.append(column)
    if start != len(data):
        raise ValueError("its columns have trailing bytes")
    late, seen, *choices, digest_step, digest = columns
    rows = sum(counts)
    if any(len(column) != rows for column in (late, seen, *choices)) or len(digest_step) != len(digest):
        raise ValueError("its columns differ in length")
    table = np.stack(choices, axis=1).astype(np.int64) if rows else np.zeros((0, HEAD_COUNT), np.int64)
    if (table < 0).any() or (table >= _SIZES).any():
        raise ValueError("it holds an action that does not exist")
    tick = _ticks(late, table, counts)
    seen = seen + _expected_seen(tick, counts, reactions)
    digest_tick = np.cumsum(digest_step)
    _check_ticks(tick, seen, digest_tick, digest_step, counts, last_tick)
    return Decisions(
        seat=np.repeat(np.arange(len(counts)), counts).astype(np.int8),
        tick=tick.astype(np.int32),
        seen=seen.astype(np.int32),
        choices=table.astype(np.int8),
        digest_tick=digest_tick.astype(np.int32),
        digest=digest.astype(np.uint32),
    )


def _starts(counts: Sequence[int]) -> np.ndarray:
    """The first row of each seat that has rows."""
    sizes = np.array(counts, np.int64)
    starts: np.ndarray = (np.cumsum(sizes) - sizes)[sizes > 0]
    return starts


def _waits(choices: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """Ticks from the last decision of the seat to the expected one, int64 [A]; 0 for the first of a seat."""
    waits = np.zeros(len(choices), np.int64)
    waits[1:] = _DELAY_TICKS[choices[:-1, DELAY]]
    waits[_starts(counts)] = 0
    return waits


def _expected_ticks(tick: np.ndarray, choices: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    before = np.zeros(len(tick), np.int64)
    before[1:] = tick[:-1]
    before[_starts(counts)] = 0
    expected: np.ndarray = before + _waits(choices, counts)
    return expected


def _ticks(late: np.ndarray, choices: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    total = np.cumsum(late + _waits(choices, counts))
    starts = _starts(counts)
    base = np.zeros(len(total), np.int64)
    base[starts] = np.diff(np.where(starts > 0, total[starts - 1], 0), prepend=0) if len(starts) else 0
    return total - np.cumsum(base)


def _expected_seen(tick: np.ndarray, counts: Sequence[int], reactions: Sequence[int]) -> np.ndarray:
    seen: np.ndarray = np.maximum(0, tick - np.repeat(np.array(reactions, np.int64), counts))
    return seen


def _check_ticks(
    tick: np.ndarray,
    seen: np.ndarray,
    digest_tick: np.ndarray,
    digest_step: np.ndarray,
    counts: Sequence[int],
    last_tick: int,
) -> None:
    step = np.diff(tick, prepend=-1)
    step[_starts(counts)] = 1
    if (step <= 0).any() or (tick < 0).any() or (tick > last_tick).any():
        raise ValueError("the ticks of its decisions do not rise within the match")
    if (seen < 0).any() or (seen > tick).any():
        raise ValueError("it holds a decision on an observation of the future")
    if (digest_step[1:] <= 0).any() or (digest_tick < 0).any() or (digest_tick > last_tick).any():
        raise ValueError("the ticks of its state digests do not rise within the match")


def _pack(column: np.ndarray, dtype: str | None = None) -> bytes:
    column = np.asarray(column)
    if dtype is None:
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        dtype = next(t for t in _TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return _COLUMN_HEAD.pack(_TYPES.index(dtype), len(column)) + column.astype(dtype).tobytes()


def _unpack(data: bytes, start: int) -> tuple[np.ndarray, int]:
    """One column as int64, and where the next one begins."""
    if start + _COLUMN_HEAD.size > len(data):
        raise ValueError("its columns end early")
    code, length = _COLUMN_HEAD.unpack_from(data, start)
    start += _COLUMN_HEAD.size
    if code >= len(_TYPES):
        raise ValueError("it has a column of an unknown type")
    dtype = np.dtype(_TYPES[code])
    if length * dtype.itemsize > len(data) - start:
        raise ValueError("its columns end early")
    return np.frombuffer(data, dtype, length, start).astype(np.int64), start + length * dtype.itemsize
