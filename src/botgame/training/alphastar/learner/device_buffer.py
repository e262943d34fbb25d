"""A replay buffer on a GPU: each sequence is sent once, and not with every minibatch that it is part of."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import to_device

_AT_ONCE = 256  # sequences that are sent together


class DeviceBuffer:
    """`columns` are tensors with the names and shapes of the buffer's columns and, after `update`, their contents."""

    def __init__(self, buffer: ReplayBuffer, device: torch.device) -> None:
        self._buffer, self._device = buffer, device
        self._sent = 0  # of all sequences that were ever added
        self.columns: dict[str, Tensor] = {
            name: torch.zeros(column.shape, dtype=torch.from_numpy(column[:0]).dtype, device=device)
            for name, column in buffer.columns.items()
        }

    def update(self) -> None:
        """Send what was added to the buffer since the last call."""
        newest = self._buffer.count
        for first in range(max(self._sent, newest - self._buffer.slots), newest, _AT_ONCE):
            places = self._buffer.places(np.arange(first, min(first + _AT_ONCE, newest)))
            where = to_device(places, self._device)
            for name, column in self.columns.items():
                column.index_copy_(0, where, to_device(self._buffer.columns[name][places], self._device))
        self._sent = newest
