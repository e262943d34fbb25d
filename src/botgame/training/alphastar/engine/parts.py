"""All parts of one learning player, one in each of the first processes of a run, as its trainer uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botgame.training.alphastar.engine.part import Gathered, Part
from botgame.training.alphastar.engine.resharding import reshard
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics
from botgame.training.alphastar.learner.replay_buffer import Counts

if TYPE_CHECKING:
    from botgame.training.alphastar.engine.processes import Processes


class Parts:
    """The parts of `player` in the first `size` of `processes`; one that follows another's work takes its place."""

    def __init__(self, processes: Processes[Any], player: str, size: int) -> None:
        self._processes, self._player, self._size = processes, player, size

    @property
    def own(self) -> Part:
        """The part of this process."""
        part: Part = self._processes.worker.parts[self._player]
        return part

    def collect(self, version: int) -> list[Gathered]:
        """See `Part.collect`."""
        return self._each("collect", version)

    def plan(self, iteration: int, whole: int) -> list[Minibatch]:
        """The minibatches of an iteration, each over all parts; see `Part.plan`."""
        counts = self._each("plan", iteration, whole)
        wholes = [Counts(*map(sum, zip(*parts, strict=True))) for parts in zip(*counts, strict=True)]
        return [
            Minibatch(self._processes, self._player, self._size, number, whole) for number, whole in enumerate(wholes)
        ]

    def publish(self) -> None:
        """Let every process have the player's weights, which have changed here."""
        self._processes.publish(self._player)

    def snapshot(self) -> list[dict[str, Any]]:
        """Exact state of every part."""
        return self._each("snapshot")

    def restore(self, snapshots: Sequence[dict[str, Any]]) -> None:
        """Inverse of `snapshot`. What another engine or number of processes left is dealt anew; matches begin anew."""
        alike = len(snapshots) == self._size and "actor" in snapshots[0]
        given = snapshots if alike else reshard(snapshots, self._size)
        self._processes.scatter("of_part", [(self._player, "restore", part) for part in given])

    def _each(self, method: str, *given: Any) -> list[Any]:
        return self._processes.everywhere("of_part", self._player, method, *given, size=self._size)


class Minibatch:
    """One minibatch of an iteration: `whole` is what it holds, `number` its place in the plan of each part."""

    def __init__(self, processes: Processes[Any], player: str, size: int, number: int, whole: Counts) -> None:
        self.number, self.whole = number, whole
        self._processes, self._player, self._size = processes, player, size

    def begin(self, options: GradientOptions) -> None:
        """Let the other processes begin to compute their parts of the gradient, with the present weights."""
        self._processes.begin_gradient(self._player, self.number, options, self._size)

    def finish(self) -> list[Metrics]:
        """Add their gradients to that of the player's network, in their order; returns their metrics."""
        done = self._processes.finish_gradient(self._player, self._size)
        return [metrics for metrics in done if metrics is not None]
