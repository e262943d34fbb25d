"""Small tensors that never change, sent to a device once: a GPU has to wait whenever numbers are sent to it."""

from __future__ import annotations

import functools

import torch
from torch import Tensor


@functools.cache
def constant(numbers: tuple[float, ...], device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """The numbers as a tensor [n] on `device`, the same one at every call. Do not write into it."""
    with torch.inference_mode(False):  # the first caller may act, a later one learn
        return torch.tensor(numbers, dtype=dtype, device=device)
