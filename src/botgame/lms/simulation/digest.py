"""A 64-bit digest of the current state of a match: matches with equal digests are equal to the bit.

It leaves out past frames and walls, which follow from the rest, and the counts of refused actions, because a replay of
accepted actions refuses none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from botgame import rng
from botgame.lms.simulation.kernel import entry, mix, phase
from botgame.lms.simulation.state import MAGE, State

_REFUSALS = ("illegal", "capped")


class Words(NamedTuple):
    """The state of B matches as numbers of 64 bits, not copied: uint64 [B, words] each."""

    matches: np.ndarray
    mages: np.ndarray
    shots: np.ndarray
    items: np.ndarray
    counted: np.ndarray  # uint64 [words of the mages of a match]: 0 bits where the digest ignores the state


def words_of(state: State) -> Words:
    """Views of a state's arrays. Padding between fields is always 0."""
    seats = state.mages.shape[1]
    matches, mages, shots, items = (_words(array) for array in (state.matches, state.mages, state.shots, state.items))
    return Words(matches, mages, shots, items, _counted(seats))


@entry
def add_words(words: Words, b: int) -> np.uint64:
    """Sum of the hashes of all words of match `b`, each with its place."""
    mages = words.matches.shape[1]
    shots = mages + words.mages.shape[1]
    total = _hashes(words.matches[b], 0)
    for k in range(words.mages.shape[1]):
        total += mix(words.mages[b, k] & words.counted[k], np.uint64(mages + k))
    total += _hashes(words.shots[b], shots)
    total += _hashes(words.items[b], shots + words.shots.shape[1])
    return total


@phase
def _hashes(words: np.ndarray, first: int) -> np.uint64:
    """Sum of the hashes of `words`, uint64 [K], of which the first stands at place `first`."""
    total = np.uint64(0)
    for k in range(words.shape[0]):
        total += mix(words[k], np.uint64(first + k))
    return total


def finish(total: int, words: Words) -> int:
    """The digest, 0 <= digest < 2**64, from the sum of a match's words."""
    return rng.derive(int(total), sum(part.shape[1] for part in words[:4]))


def _words(array: np.ndarray) -> np.ndarray:
    return array.view(np.ndarray).reshape(array.shape[0], -1).view(np.uint8).view(np.uint64)


def _counted(seats: int) -> np.ndarray:
    """A mask of all bits of `seats` mages except those of the counts of refused actions."""
    mask = np.full(seats * MAGE.itemsize, 255, np.uint8).view(MAGE)
    for name in _REFUSALS:
        mask[name] = 0
    return mask.view(np.uint64)
