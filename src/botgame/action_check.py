"""What a learner's program or a bot hands over as actions, checked before an environment or a file takes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botgame.errors import UserError
from botgame.game import Array
from botgame.spec import Head


def whole_numbers(actions: object, shape: tuple[int, ...]) -> Array:
    """`actions` as an array of integers, as they are. shape: for the message. Raises UserError (code 2)."""
    try:
        given = np.asarray(actions)
    except ValueError as error:  # rows of several lengths
        raise UserError(f"actions: expected whole numbers in the shape {shape} ({error})", 2) from error
    if given.dtype.kind not in "iub":
        raise UserError(f"actions: expected whole numbers in the shape {shape}, got the dtype {given.dtype}", 2)
    return given


class ActionCheck:
    """Turns actions into int64 [N, H], and refuses categories that a head does not have."""

    def __init__(self, heads: Sequence[Head]) -> None:
        self._heads = heads
        self._sizes = np.array([head.size for head in heads], np.uint64)

    def checked(self, actions: object, seats: int) -> Array:
        """The actions of so many seats. Raises UserError (code 2) for another shape or category, and for fractions."""
        shape = seats, len(self._heads)
        given = whole_numbers(actions, shape)
        if given.shape != shape:
            raise UserError(f"actions have the shape {given.shape}, expected {shape}: a number for each head", 2)
        rows = given.astype(np.int64, copy=False)
        outside = rows.view(np.uint64) >= self._sizes  # so a number below 0 is a very large one
        if outside.any():
            self._refuse(given, outside)
        return rows

    def _refuse(self, given: Array, outside: Array) -> None:
        row, column = np.argwhere(outside)[0].tolist()
        head = self._heads[column]
        raise UserError(
            f"actions: {given[row, column]} for the head {head.name}, expected a category from 0 to {head.size - 1}", 2
        )
