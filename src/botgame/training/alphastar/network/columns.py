"""Which columns of an observation share a set of weights, so that a network outlives new columns of its spec.

A network reads the columns of the spec that it was made for as one group. When the spec has grown since, the new
columns form a further group with weights of their own, which start at 0 and whose products are added. The sums over
the first group keep their terms and their order wherever the spec has moved its columns, so a network that has just
been extended decides as before, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class ColumnSplit(nn.Module):
    """Splits an array of an observation into the columns of each group. No weights."""

    def __init__(self, columns: Sequence[str], groups: Iterable[Sequence[str]], axis: int) -> None:
        """`columns`: names in the order of the array, along `axis`; `groups`: the names of each group."""
        super().__init__()
        parts = [list(group) for group in groups]
        self.sizes = [len(group) for group in parts]
        self._axis = axis
        self._whole = parts == [list(columns)]
        for number, group in enumerate(parts):
            places = torch.tensor([columns.index(name) for name in group], dtype=torch.int64)
            self.register_buffer(f"places{number}", places, persistent=False)

    def forward(self, array: Tensor) -> list[Tensor]:
        """One part for each group; the array itself where one group has all columns in their order."""
        if self._whole:
            return [array]
        return [array.index_select(self._axis, places) for places in self.buffers()]


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Parts [N, columns] side by side; those without a column are left out, because some runtimes refuse them."""
    return torch.cat([part for part in parts if part.shape[1]] or list(parts[:1]), dim=1)


class GroupedLinear(nn.Linear):
    """A linear layer of the first group's columns, to which the products of the other groups are added."""

    def __init__(self, sizes: Sequence[int], outputs: int) -> None:
        """`sizes`: columns of each group. The first group's weights are random as usual, the others start at 0."""
        super().__init__(sizes[0], outputs)
        self.added = nn.ParameterList(torch.zeros(outputs, size) for size in sizes[1:] if size)

    def forward(self, parts: Sequence[Tensor]) -> Tensor:  # type: ignore[override]
        """Parts [..., size], one for each group -> [..., outputs]."""
        total = super().forward(parts[0])
        for part, weight in zip((part for part in parts[1:] if part.shape[-1]), self.added, strict=True):
            total = total + functional.linear(part, weight)
        return total


class GroupedConv(nn.Conv2d):
    """The same for a convolution over a raster, whose bytes 0 to 255 stand for 0 to 1."""

    def __init__(self, sizes: Sequence[int], outputs: int, kernel: int) -> None:
        """`sizes`: channels of each group. The stride is the kernel's size: patches do not overlap."""
        super().__init__(sizes[0], outputs, kernel, kernel)
        self.added = nn.ParameterList(torch.zeros(outputs, size, kernel, kernel) for size in sizes[1:] if size)

    def forward(self, parts: Sequence[Tensor]) -> Tensor:  # type: ignore[override]
        """Parts uint8 [N, size, R, R], one for each group -> [N, outputs, R / kernel, R / kernel]."""
        total = self._product(parts[0], self.weight, self.bias)
        for part, weight in zip((part for part in parts[1:] if part.shape[1]), self.added, strict=True):
            total = total + self._product(part, weight, None)
        return total

    def _product(self, part: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        weight = weight * (1 / 255)  # scales few weights instead of many cells
        return functional.conv2d(part.to(weight.dtype), weight, bias, self.stride)
