"""Some rows of a tensor, and back: what a batch does not need is not computed."""

from __future__ import annotations

from torch import Tensor


def take(value: Tensor, rows: Tensor | None) -> Tensor:
    """The rows int64 [K] of [N, ...], or for None all of them."""
    return value if rows is None else value.index_select(0, rows)


def spread(value: Tensor, rows: Tensor | None, count: int) -> Tensor:
    """Back from [K, C] to `count` rows, zeros where no row was taken: the inverse of `take`."""
    return value if rows is None else value.new_zeros((count, value.shape[1])).index_copy_(0, rows, value)
