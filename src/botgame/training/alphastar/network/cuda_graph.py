"""CUDA graphs: GPU work that is captured once and then replayed in one call, and the memory that it reads and writes.

One pass of a network is hundreds of small operations, and starting each from Python takes longer than running it. A
graph reads and writes the same memory at every replay: inputs are written into a `Staging` before it, results are read
from one after it. Captured work must not depend on data: no such shape, no such branch, nothing read back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

_ALIGNMENT = 256  # bytes
_WARM_UP = 3  # runs before a capture: in the first, libraries choose their kernels and allocate memory


class Staging:
    """Named arrays in one block of memory on the host (`arrays`) and on the device (`tensors`): one copy moves all."""

    def __init__(self, shapes: Mapping[str, tuple[tuple[int, ...], DTypeLike]], device: torch.device) -> None:
        sizes = {name: int(np.prod(shape)) * np.dtype(kind).itemsize for name, (shape, kind) in shapes.items()}
        starts, end = {}, 0
        for name, size in sizes.items():
            starts[name], end = end, -(-(end + size) // _ALIGNMENT) * _ALIGNMENT
        self._host = torch.zeros(end, dtype=torch.uint8, pin_memory=device.type == "cuda")
        self._device = torch.zeros(end, dtype=torch.uint8, device=device)
        self.arrays: dict[str, NDArray[Any]] = {}
        self.tensors: dict[str, Tensor] = {}
        for name, (shape, kind) in shapes.items():
            dtype, part = torch.from_numpy(np.zeros(0, kind)).dtype, slice(starts[name], starts[name] + sizes[name])
            self.arrays[name] = self._host[part].view(dtype).view(shape).numpy()
            self.tensors[name] = self._device[part].view(dtype).view(shape)

    def send(self) -> None:
        """Copy the arrays to the device, before whatever runs there next."""
        self._device.copy_(self._host, non_blocking=True)

    def fetch(self) -> None:
        """Copy them back and wait for everything that was started before."""
        self._host.copy_(self._device, non_blocking=True)
        if self._device.is_cuda:
            torch.cuda.current_stream(self._device.device).synchronize()


def capture(run: Callable[[], None], device: torch.device, pool: Any = None) -> Callable[[], None]:
    """A call that repeats on a GPU what `run` does there now; `run` itself on a CPU and where capturing fails.

    Other threads may use the GPU meanwhile, but none may capture. pool: memory to share with other graphs, for a `run`
    that leaves its results in a `Staging` alone.
    """
    if device.type != "cuda":
        return run
    now = torch.cuda.current_stream(device)
    aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    aside.wait_stream(now)
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP):
            run()
    now.wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, pool=pool, stream=aside, capture_error_mode="thread_local"):
            run()
    except RuntimeError as error:  # whatever this card, its driver or this torch cannot capture
        torch.cuda.set_stream(now)
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        print(f"warning: no CUDA graph can be made, so the GPU is slower ({reason})", file=sys.stderr)
        return run
    return graph.replay
