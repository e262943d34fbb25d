"""Decodes an `Observation` message into the arrays that policies read, and checks their types and shapes."""

from __future__ import annotations

import numpy as np

from botgame.game import Observation
from botgame.lms.spec import ARENA_SPEC as SPEC
from botgame.server import protocol

ROWS: dict[str, tuple[str, tuple[int, ...]]] = {
    name: (array.dtype.name, array.shape) for name, array in SPEC.policy_arrays.items()
}
"""The arrays of one seat's observation: name -> dtype and shape of a row, as in `botgame.spec`."""


def decode(message: protocol.Observation) -> Observation:
    """The arrays of one seat with a leading axis of 1. Raises MalformedError for one that is missing or bad."""
    return {name: _decode_one(name, message.arrays.get(name)) for name in ROWS}


def _decode_one(name: str, array: protocol.Array | None) -> np.ndarray:
    dtype, shape = ROWS[name]
    if array is None:
        raise protocol.MalformedError(f"the observation lacks `{name}`")
    if array.dtype != dtype or tuple(array.shape) not in (shape, (1, *shape)):
        raise protocol.MalformedError(f"`{name}` is {array.dtype} {array.shape}, expected {dtype} {list(shape)}")
    kind = np.dtype(dtype).newbyteorder("<")
    if len(array.data) != kind.itemsize * int(np.prod(shape)):
        raise protocol.MalformedError(f"`{name}` has {len(array.data)} bytes, which is not {dtype} {list(shape)}")
    values = np.frombuffer(array.data, np.uint8 if dtype == "bool" else kind).reshape(1, *shape)
    return values != 0 if dtype == "bool" else values.astype(dtype)
