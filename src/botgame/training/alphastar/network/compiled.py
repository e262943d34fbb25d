"""`torch.compile` of the parts of a network that work on independent rows; the core keeps its own kernel or loop.

A compiled network is a twin that shares the weights, so acting, evaluation and checkpoints use the plain one. The twin
computes the whole entity table and all heads, because torch would compile again for every new shape that depends on the
data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from botgame.errors import UserError
from botgame.training.alphastar.network.network import Network

Backend = str | Callable[..., Any]
BACKEND = "inductor"


def compiled_twin(network: Network, backend: Backend | None = None) -> Network:
    """A network that shares the weights and gradients of `network`, with compiled encoder, heads and critic."""
    twin = Network(network.spec, network.config).to(next(network.parameters()).device)
    twin.load_state_dict(network.state_dict(keep_vars=True), assign=True)
    twin.set_dense(True)
    for part in (twin.encoder, twin.heads, twin.critic):
        part.compile(backend=backend or BACKEND, dynamic=True)
    return twin


def check_compiler(device: torch.device, backend: Backend | None = None) -> None:
    """Compile a small function. Raises UserError (code 2) where that fails."""
    try:
        torch.compile(_probe, backend=backend or BACKEND)(torch.ones(8, device=device))
    except Exception as error:  # a missing C++ compiler or Triton and an unsupported Python raise many kinds
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line and not line.startswith("backend=")), type(error).__name__)
        needs = "a C++ compiler" if device.type == "cpu" else "Triton and a C compiler"
        raise UserError(f"--compile cannot work here ({reason}): leave it out, or install {needs}", 2) from error
    finally:
        torch.compiler.reset()


def _probe(value: Tensor) -> Tensor:
    return torch.tanh(value) + 1
