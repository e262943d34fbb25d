"""The processes of a run: this one, which learns, and children that do as much of everything but the update.

Threads are no alternative: they wait for each other between two small operations. All processes run in step: a call
goes to each of them, and its results come back in their order. So a run repeats exactly for the same number of
processes.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from multiprocessing.util import Finalize
from typing import Any, Generic, TypeVar

import torch

from botgame.errors import UserError
from botgame.training.alphastar.engine.child_process import ChildProcess, Line
from botgame.training.alphastar.engine.exchange import Exchange, Exchanges
from botgame.training.alphastar.engine.messages import packed, unpacked
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.alphastar.network.network import Network
from botgame.wording import counted

Make = Callable[..., Worker]
Own = TypeVar("Own", bound=Worker)


def processes_for(threads: int, matches: int, batch_size: int, *, on_cpu: bool, compiled: bool) -> int:
    """How many processes a run has: one a thread, but no more than there are matches or sequences in a minibatch.

    On a GPU, and with a compiled network, it is one.
    """
    return max(1, min(threads, matches, batch_size)) if on_cpu and not compiled else 1


class Processes(Generic[Own]):
    """`worker` is this process's own; `make(place, exchange, *given)` makes that of each child."""

    keeps_matches = True

    def __init__(
        self,
        worker: Own,
        network: Network | None = None,
        size: int = 1,
        make: Make | None = None,
        given: Sequence[Any] = (),
    ) -> None:
        """`network`: as large as those of the learning players. `make` must be a module's function, `given` picklable.

        None of them is needed for one process.

        The children start beside what this process does next. The caller closes them.
        """
        self.worker, self.size = worker, size
        self._children: list[ChildProcess] = []
        self._starting = size > 1
        if self._starting:
            assert network is not None
            self._exchanges = Exchanges(network, size - 1)
            self._children += [ChildProcess(*self._exchanges.blocks(child)) for child in range(size - 1)]
            for rank, child in enumerate(self._children, 1):
                child.send(packed((_serve, (make, Place(rank, size), tuple(given)))))
        self._close = Finalize(self, end, [self._children], exitpriority=0)  # before multiprocessing ends them

    @property
    def words(self) -> str:
        """Where the run acts, in words."""
        return counted(self.size, "process")

    def parts(self, player: str, size: int) -> Parts:
        """The parts of a learning player in the first `size` processes."""
        return Parts(self, player, size)

    def begin(self, method: str, *given: Any, size: int | None = None) -> None:
        """Let the children among the first `size` processes, all unless given, call a method of their workers."""
        children = self._among(size)
        message = packed((method, given)) if children else b""
        for child in children:
            child.send(message)

    def finish(self, size: int | None = None) -> list[Any]:
        """Wait for those children's results. Raises what one of them raised, and UserError when one has died."""
        if self._starting:
            self._starting = False
            for child in self._children:
                result_of(child)
        return [result_of(child) for child in self._among(size)]

    def everywhere(self, method: str, *given: Any, size: int | None = None) -> list[Any]:
        """The results of a method of all workers, or of the first `size`; this process's own is the first."""
        self.begin(method, *given, size=size)
        own = getattr(self.worker, method)(*given)
        return [own, *self.finish(size)]

    def scatter(self, method: str, given: Sequence[tuple[Any, ...]]) -> None:
        """Call a method of the first workers, as many as there are tuples of arguments, each with its own."""
        for child, own in zip(self._children, given[1:], strict=False):
            child.send(packed((method, own)))
        getattr(self.worker, method)(*given[0])
        self.finish(len(given))

    def publish(self, player: str) -> None:
        """Let all children have the weights of a learning player, which have changed here."""
        if self._children:
            self._exchanges.publish(self.worker.networks[player])
            self.begin("settle", player)
            self.finish()

    def begin_gradient(self, player: str, number: int, options: Any, size: int) -> None:
        """Let the children among the first `size` processes compute their part of a minibatch's gradient."""
        if size > 1:
            self._exchanges.publish(self.worker.networks[player])
            self.begin("gradient", player, number, options, size=size)

    def finish_gradient(self, player: str, size: int) -> list[Any]:
        """Add the children's gradients to that of the player's network; returns their metrics, None for no part."""
        if size == 1:
            return []
        metrics = self.finish(size)
        self._exchanges.add_gradients(self.worker.networks[player], size - 1)
        return metrics

    def close(self) -> None:
        """End the children."""
        self._close()

    def _among(self, size: int | None) -> list[ChildProcess]:
        return self._children if size is None else self._children[: size - 1]


def end(children: list[ChildProcess]) -> None:
    """Hang up on all of them, and wait until they have ended."""
    for child in children:
        child.hang_up()
    for child in children:
        child.join()
    children.clear()


def result_of(child: ChildProcess) -> Any:
    """Wait for what a child answers (`answer`). Raises what it raised, and UserError when it has died."""
    done, result = unpacked(child.receive())
    if done:
        return result
    kind, *about = result
    raise UserError(*about) if kind is UserError else RuntimeError(f"in a process of this run:\n{about[0]}")


def _serve(line: Line, make: Make, place: Place, given: tuple[Any, ...], weights: Any, gradient: Any) -> None:
    """Run a child: make its worker, then answer one call after another until the parent hangs up."""
    torch.set_num_threads(1)
    worker: list[Worker] = []
    line.send(answer(lambda: worker.append(make(place, Exchange(weights, gradient), *given))))
    while worker and (message := line.receive()) is not None:
        method, arguments = unpacked(message)
        line.send(answer(lambda: getattr(worker[0], method)(*arguments)))  # noqa: B023 - called at once


def answer(call: Callable[[], Any]) -> bytes:
    """The result of a call as a message, or what it raised."""
    try:
        return packed((True, call()))
    except UserError as error:
        return packed((False, (UserError, str(error), error.code)))
    except Exception:  # the parent shows it
        return packed((False, (RuntimeError, traceback.format_exc())))
