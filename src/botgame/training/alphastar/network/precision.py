"""Mixed precision: which parts of the network may compute in bfloat16, and when that is worth it.

`autocast` lets the wide products of the encoders, the residual blocks and the hidden layers run in bfloat16.
`full_precision` encloses what rounding to 8 bits would spoil: the memory, whose errors add up over a match; the last
layer of each head, whose logits reach a hundred; and the values. Everything computed from them (log-probabilities,
returns, losses, gradients of the weights, Adam) is float32 as well.

Over sequences of 64 decisions that is within 1 % of the gradient's norm for one layer of memory (`base` on an H200),
but 45 % away for the three layer-normed layers of `full`, which amplify what is rounded before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor, nn

from botgame.errors import UserError
from botgame.training.alphastar.network.presets import NetworkConfig

WIDE = 1_000_000  # parameters; a smaller network waits for kernel launches, and conversions add more of them


def check_precision(precision: str, device: torch.device) -> None:
    """Raise UserError (code 2) for a device that cannot compute in this precision."""
    if precision == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        name = torch.cuda.get_device_name(device)
        raise UserError(f"--precision bfloat16: {name} does not compute in it; use --precision float32", 2)


class Sized(Protocol):
    """A network with its sizes."""

    config: NetworkConfig

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights."""


def mixed(precision: str, device: torch.device, network: Sized) -> bool:
    """Whether to train `network` in bfloat16: as `precision` says.

    `auto`: a wide network with at most one layer of memory, on a GPU that has bfloat16.
    """
    if precision != "auto":
        return precision == "bfloat16"
    wide = sum(parameter.numel() for parameter in network.parameters()) >= WIDE
    return wide and network.config.core_layers <= 1 and device.type == "cuda" and torch.cuda.is_bf16_supported()


def autocast(on: bool, device: torch.device) -> AbstractContextManager[object]:
    """A context in which the network may use bfloat16, if `on`."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if on else nullcontext()


def full_precision(like: Tensor) -> AbstractContextManager[object]:
    """A context without bfloat16 on the device of `like`: convert inputs with `.float()`. Free outside `autocast`."""
    kind = like.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()
