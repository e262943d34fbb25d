"""A 64-bit digest of the current state of a match: two equal ones went the same way, to the bit.

Past frames, walls and range-finder tables are left out (they follow from the rest), and so are the counts of refused
actions: a replay of the accepted ones refuses none.
"""

from __future__ import annotations

import numpy as np

from botgame import rng
from botgame.game.state import MAGE, State

_REFUSALS = ("illegal", "capped")


def digest(state: State, match: int) -> int:
    """The digest of match `match` of a batch, 0 <= digest < 2**64."""
    parts = [_bytes(array, match) for array in (state.matches, state.mages, state.shots, state.items)]
    mages = parts[1].view(MAGE)
    for name in _REFUSALS:
        mages[name] = 0
    words = np.concatenate(parts).view("<u8").astype(np.uint64)
    with np.errstate(over="ignore"):
        hashed = rng.mix(words, np.arange(words.size, dtype=np.uint64))
        return rng.derive(int(np.add.reduce(hashed)), words.size)


def _bytes(records: np.ndarray, match: int) -> np.ndarray:
    """A copy byte by byte: a copy of records would leave the padding between fields undefined."""
    return records[match : match + 1].view(np.ndarray).reshape(-1).view(np.uint8).copy()
