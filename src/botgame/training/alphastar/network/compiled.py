"""`torch.compile` of the parts of a network that work on independent rows; the core keeps its own kernel or loop.

A compiled network is a twin that shares its weights, so acting, evaluation and checkpoints go on with the plain one.
Entities are computed for the whole table: shapes that depend on the data would be compiled again and again.
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
    """A network with the very weights of `network` (one gradient for both) whose encoder, heads and critic compile."""
    twin = Network(network.spec, network.config).to(next(network.parameters()).device)
    twin.load_state_dict(network.state_dict(keep_vars=True), assign=True)
    twin.encoder.set_dense(True)
    for part in (twin.encoder, twin.heads, twin.critic):
        part.compile(backend=backend or BACKEND, dynamic=True)
    return twin


def check_compiler(device: torch.device, backend: Backend | None = None) -> None:
    """Compile something small. Raises UserError (code 2) where that is impossible."""
    try:
        torch.compile(_probe, backend=backend or BACKEND)(torch.ones(8, device=device))
    except Exception as error:  # whatever a missing C++ compiler, Triton or an unsupported Python raises
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line and not line.startswith("backend=")), type(error).__name__)
        needs = "a C++ compiler" if device.type == "cpu" else "Triton and a C compiler"
        raise UserError(f"--compile cannot work here ({reason}): leave it out, or install {needs}", 2) from error
    finally:
        torch.compiler.reset()


def _probe(value: Tensor) -> Tensor:
    return torch.tanh(value) + 1
