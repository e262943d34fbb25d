"""The memory of the deepest preset: several LSTM layers with layer norm on their gates, as AlphaStar's core.

    gates = norm(W x) + norm(U h) + b,   cell' = forget * cell + input * tanh(candidate),   h' = output * tanh(cell')

(Ba et al., "Layer normalization", 2016). There is no fused kernel for it, so Python steps through time; the input's
share of the gates is computed for all steps at once. The state of a sequence does not change after its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from botgame.training.alphastar.network.presets import NetworkConfig


class NormLayer(nn.Module):
    """One LSTM layer; gates in the order input, forget, cell, output."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, 4 * width, bias=False)
        self.recurrent_weights = nn.Linear(width, 4 * width, bias=False)
        self.input_norm, self.recurrent_norm = nn.LayerNorm(4 * width), nn.LayerNorm(4 * width)
        with torch.no_grad():  # remember by default, as in `Core`
            self.input_norm.bias[width : 2 * width] = 1.0

    def project(self, value: Tensor) -> Tensor:
        """The input's share of the gates: [..., inputs] -> [..., 4W]."""
        projected: Tensor = self.input_norm(self.input_weights(value))
        return projected

    def forward(self, projected: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """One step: [N, 4W] and the state, [N, W] each -> the next state."""
        gates = projected + self.recurrent_norm(self.recurrent_weights(hidden))
        inward, forget, candidate, output = gates.chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(candidate)
        return torch.sigmoid(output) * torch.tanh(cell), cell


class NormCore(nn.Module):
    """Layers one above the other. The memory is one flat float32 row a sequence: each layer's hidden state and cell."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.core_width
        inputs = [config.encoder_width] + [width] * (config.core_layers - 1)
        self.layers = nn.ModuleList(NormLayer(size, width) for size in inputs)
        self.width = width
        self.memory_size = 2 * width * config.core_layers

    def step(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """One step: encoded [N, D], memory [N, M] -> output [N, W], memory [N, M]."""
        states = list(memory.chunk(2 * len(self.layers), dim=1))
        output = encoded
        for index, layer in enumerate(self._layers()):
            place = slice(2 * index, 2 * index + 2)
            states[place] = layer(layer.project(output), *states[place])
            output = states[2 * index]
        return output, torch.cat(states, dim=1)

    def unroll(self, encoded: Tensor, memory: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Whole sequences, as `Core.unroll`: encoded [T, B, D], memory [B, M] -> outputs [T, B, W], memory [B, M]."""
        states = list(memory.chunk(2 * len(self.layers), dim=1))
        output = encoded
        for index, layer in enumerate(self._layers()):
            hidden, cell = states[2 * index : 2 * index + 2]
            outputs = []
            for t, projected in enumerate(layer.project(output)):
                moved = layer(projected, hidden, cell)
                hidden, cell = moved if valid is None else _choose(valid[t, :, None], moved, (hidden, cell))
                outputs.append(hidden)
            states[2 * index : 2 * index + 2] = hidden, cell
            output = torch.stack(outputs)
        return output, torch.cat(states, dim=1)

    def _layers(self) -> Iterator[NormLayer]:
        yield from cast("Iterator[NormLayer]", self.layers)


def _choose(where: Tensor, moved: tuple[Tensor, Tensor], still: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The moved state where bool [B, 1] is True, else the one before."""
    return torch.where(where, moved[0], still[0]), torch.where(where, moved[1], still[1])
