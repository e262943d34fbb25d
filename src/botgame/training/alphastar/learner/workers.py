"""Data-parallel workers: processes that each compute the gradient of their part of every minibatch.

Threads are no alternative: they wait for each other between two small tensor operations (two threads learned no faster
than one, two processes 1.3 times as fast on two cores). A worker keeps nothing from one minibatch to the next: weights
and sequences come through shared memory, and so do its gradients, which the learner adds up in a fixed order. So a run
repeats exactly for the same number of workers, and several learners may take turns with the same workers.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from botgame.errors import UserError
from botgame.signals import TERMINATION
from botgame.spec import Spec
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics, backward
from botgame.training.alphastar.learner.sequences import Columns, allocate, gather
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import NetworkConfig

LEAST = 2  # sequences of a minibatch that are worth a process
_STOP_SECONDS = 5.0
_GRACE_SECONDS = 30.0


class _Blueprint(NamedTuple):
    """Everything that a worker process needs to start; it shares the raw blocks with the learner."""

    spec: Spec  # of the sequences
    network: tuple[Spec, NetworkConfig]
    state: dict[str, NDArray[Any]]  # buffers included
    shapes: dict[str, tuple[tuple[int, ...], str]]  # of the columns
    blocks: dict[str, Any]
    weights: Any
    gradient: Any


class Workers:
    """`size` worker processes for networks of one kind, started when they are first needed."""

    def __init__(self, spec: Spec, network: Network, config: RLConfig, threads: int, **columns: Any) -> None:
        """One process fewer than `threads`, because the learner works too; fewer where minibatches are small.

        `columns`: see `sequences.allocate`.
        """
        self.size = max(1, min(threads, config.batch_size // LEAST)) - 1
        rows = -(-config.batch_size // (self.size + 1))
        self._columns = allocate(spec, network.memory_size, config.unroll_length, rows, **columns)
        self._spec, self._network = spec, (network.spec, network.config)
        self._state = {name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}
        self._count = sum(parameter.numel() for parameter in network.parameters())
        self._weights = RawArray("f", self._count)
        self._workers: list[_Worker] = []
        self._busy = 0

    def begin(
        self, network: Network, columns: Columns, parts: Sequence[NDArray[np.intp]], options: GradientOptions
    ) -> None:
        """Let worker k compute the gradient of the sequences at `parts[k]`."""
        if not self._workers:
            self._workers = [self._start() for _ in range(self.size)]
        flat = [parameter.detach().flatten() for parameter in network.parameters()]
        torch.cat(flat, out=torch.frombuffer(self._weights, dtype=torch.float32))
        self._busy = len(parts)
        for worker, part in zip(self._workers, parts, strict=False):
            worker.begin(columns, part, options)

    def finish(self, network: Network) -> list[Metrics]:
        """Wait, add the gradients to those in `network`, and return the parts' metrics.

        Raises UserError when a worker has died.
        """
        metrics = []
        for worker in self._workers[: self._busy]:
            metrics.append(worker.finish())
            place = 0
            for parameter in network.parameters():
                part = worker.gradient[place : place + parameter.numel()].view_as(parameter)
                parameter.grad = part.clone() if parameter.grad is None else parameter.grad.add_(part)
                place += parameter.numel()
        return metrics

    def close(self) -> None:
        """Stop the processes."""
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _start(self) -> _Worker:
        shapes = {name: (column.shape, column.dtype.str) for name, column in self._columns.items()}
        blocks = {name: RawArray("b", column.nbytes) for name, column in self._columns.items()}
        blueprint = _Blueprint(
            self._spec, self._network, self._state, shapes, blocks, self._weights, RawArray("f", self._count)
        )
        return _Worker(blueprint)


class WorkersByKind:
    """Workers for each kind of sequences, for learners of one kind of network that take turns."""

    def __init__(self, network: Network, config: RLConfig, threads: int, device: torch.device) -> None:
        """For `threads` cores; on a GPU, and for a compiled network, one process does all the work."""
        self._network, self._config = network, config
        self._threads = threads if device.type == "cpu" and not config.compile else 1
        self._made: dict[tuple[Any, ...], Workers] = {}

    def of(self, spec: Spec, **columns: Any) -> Workers | None:
        """The workers for such sequences, made at the first request; None where one process does all the work."""
        kind = len(spec.rewards), *columns.values()
        if kind not in self._made:
            self._made[kind] = Workers(spec, self._network, self._config, self._threads, **columns)
        return self._made[kind] if self._made[kind].size else None

    def close(self) -> None:
        """Stop all processes."""
        for workers in self._made.values():
            workers.close()


class _Worker:
    """The learner's side of one worker process."""

    def __init__(self, blueprint: _Blueprint) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._columns = _views(blueprint)
        self.gradient = torch.frombuffer(blueprint.gradient, dtype=torch.float32)
        self._process = context.Process(target=_work, args=(theirs, blueprint), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, columns: Columns, part: NDArray[np.intp], options: GradientOptions) -> None:
        for name, staged in self._columns.items():
            np.take(columns[name], part, axis=0, out=staged[: len(part)])
        self._say((len(part), options))

    def finish(self) -> Metrics:
        try:
            metrics: Metrics = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        return metrics

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may have died
            self._pipe.send(None)
        self._process.join(_STOP_SECONDS)
        self._process.kill()
        self._pipe.close()

    def _say(self, message: Any) -> None:
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._death() from error

    def _death(self) -> UserError:
        self._process.join(_STOP_SECONDS)
        return UserError(
            f"a process that shares the learner's work has died (exit code {self._process.exitcode}): go on with "
            "--resume, and with --threads 1 if memory is short"
        )


def _views(blueprint: _Blueprint) -> Columns:
    """The shared columns as arrays."""
    return {
        name: np.frombuffer(blueprint.blocks[name], dtype).reshape(shape)
        for name, (shape, dtype) in blueprint.shapes.items()
    }


def _end_later(_number: int, _frame: FrameType | None) -> None:
    """Leave the learner, which was asked to end too, the time to commit and to stop its workers."""
    timer = threading.Timer(_GRACE_SECONDS, os._exit, [1])
    timer.daemon = True
    timer.start()


def _work(pipe: Connection, blueprint: _Blueprint) -> None:
    """Run a worker: receive (number of sequences, options), send metrics, until None or the end of the learner."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the learner handles it, commits, and stops its workers
    for number in TERMINATION:
        signal.signal(number, _end_later)
    torch.set_num_threads(1)
    network = Network(*blueprint.network)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in blueprint.state.items()})
    weights = torch.frombuffer(blueprint.weights, dtype=torch.float32)
    gradient = torch.frombuffer(blueprint.gradient, dtype=torch.float32)
    columns = _views(blueprint)
    while (message := _next(pipe)) is not None:
        count, options = message
        torch.nn.utils.vector_to_parameters(weights, network.parameters())
        metrics = backward(blueprint.spec, network, gather(columns, np.arange(count)), options)
        flat = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            for parameter in network.parameters()
        ]
        torch.cat([part.flatten() for part in flat], out=gradient)
        pipe.send(metrics)


def _next(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None
