"""The memory of most presets: one LSTM layer, stepped while acting and run over whole sequences while learning.

Shorter sequences are padded at their ends, and the padding must not change the state. An extra input marks it: it
drives the input gate to 0 and the forget gate to 1, so the cell keeps its value exactly while the fused kernel runs on.
(On a CPU torch steps through a packed sequence, which took 1.4 to 2 times as long.)
"""

from __future__ import annotations

import warnings
from typing import cast

import torch
from torch import Tensor, nn

from botgame.training.alphastar.network.presets import NetworkConfig

# The weights with the mark's column are put together for each call, which cuDNN reports as a slip.
warnings.filterwarnings("ignore", message="RNN module weights are not part of single contiguous chunk")
_SHUT = 1e3  # added to a gate before its sigmoid: exactly 0 or 1 in float32


class Core(nn.Module):
    """LSTM whose state is one flat float32 row a sequence: hidden state and cell side by side."""

    inactive: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.width = config.core_width
        self.memory_size = 2 * config.core_width
        self.lstm = nn.LSTM(config.encoder_width, config.core_width)
        with torch.no_grad():  # remember by default: a forget gate that starts half closed forgets within a second
            _, _, input_bias, recurrent_bias = self._weights()
            input_bias[self.width : 2 * self.width] = 1.0
            recurrent_bias.zero_()
        inactive = torch.zeros(4 * self.width, 1)  # weights of the mark on padding: input, forget, cell, output gate
        inactive[: self.width], inactive[self.width : 2 * self.width] = -_SHUT, _SHUT
        self.register_buffer("inactive", inactive, persistent=False)

    def step(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """One step: encoded [N, D], memory [N, M] -> output [N, W], memory [N, M]."""
        state = (memory[:, : self.width], memory[:, self.width :])
        hidden, cell = torch.lstm_cell(encoded, state, *self._weights())
        return hidden, torch.cat([hidden, cell], dim=1)

    def unroll(self, encoded: Tensor, memory: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Whole sequences: encoded [T, B, D], memory [B, M] -> outputs [T, B, W], memory [B, M].

        valid: bool [T, B], True for the first rows of each sequence, or None for all; the memory returned is that
        after a sequence's last valid row, and outputs after it have no meaning.
        """
        before = memory[None, :, : self.width].contiguous()
        state = (before, memory[None, :, self.width :].contiguous())
        if valid is None:
            output, (hidden, cell) = self.lstm(encoded, state)
            return output, torch.cat([hidden[0], cell[0]], dim=1)
        marked = torch.cat([encoded, (~valid).unsqueeze(2).to(encoded.dtype)], dim=2)
        weights = list(self._weights())
        weights[0] = torch.cat([weights[0], self.inactive], dim=1)
        grad = torch.is_grad_enabled()
        output, _, cell = torch.lstm(marked, state, weights, True, 1, 0.0, grad, False, False)
        lengths = valid.sum(0)
        last = output[(lengths - 1).clamp(min=0), torch.arange(len(lengths), device=lengths.device)]
        hidden = torch.where((lengths > 0).unsqueeze(1), last, before[0])
        return output, torch.cat([hidden, cell[0]], dim=1)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Input weights [4W, D], recurrent weights [4W, W] and their biases [4W]."""
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        return cast("tuple[Tensor, Tensor, Tensor, Tensor]", tuple(getattr(self.lstm, name) for name in names))
