"""Messages between the processes of a run as bytes: plain values, arrays, and tensors as arrays."""

from __future__ import annotations

import copyreg
import io
import pickle
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


class _Pickler(pickle.Pickler):
    """Packs a tensor as its array, which is faster than torch's own way and shares no memory with the other side."""

    dispatch_table = copyreg.dispatch_table | {Tensor: lambda tensor: (_tensor, (tensor.cpu().numpy(),))}


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array if array.size else array.copy())  # torch saves no two tensors at one address


def packed(message: Any) -> bytes:
    """A message as bytes; inverse of `unpacked`."""
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(message)
    return file.getvalue()


def unpacked(data: bytes) -> Any:
    """The message in these bytes, which come from a process that this one has started, or the other way round."""
    return pickle.loads(data)  # noqa: S301
