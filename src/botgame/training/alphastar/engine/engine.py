"""What a run sees of the engine that it acts in, whichever it is, and the start of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from botgame.threads import set_threads
from botgame.training.alphastar.engine.choice import PIPELINED, RAY, EngineChoice
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.pipelined_engine import PipelinedEngine
from botgame.training.alphastar.engine.portions import Place
from botgame.training.alphastar.engine.processes import Make, Processes
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.alphastar.network.network import Network

Own = TypeVar("Own", bound=Worker, covariant=True)
Made = TypeVar("Made", bound=Worker)


class Engine(Protocol[Own]):
    """Workers that act and learn."""

    @property
    def worker(self) -> Own:
        """The worker of this process."""

    @property
    def keeps_matches(self) -> bool:
        """Whether a run that goes on keeps its running matches."""

    @property
    def words(self) -> str:
        """Where the run acts, for messages."""

    def everywhere(self, method: str, *given: Any) -> list[Any]:
        """The results of a method of all workers of this engine; this process's own is the first."""

    def parts(self, player: str, size: int) -> Parts:
        """The parts of a learning player, which `size` workers have."""

    def close(self) -> None:
        """End what the engine has started."""


class Sized(Protocol):
    """What the settings of a run say about how much acts at once."""

    @property
    def engine(self) -> EngineChoice:
        """Where the run acts."""

    @property
    def threads(self) -> int:
        """Threads of the run on this machine."""

    @property
    def processes(self) -> int:
        """Processes of a run on this machine."""

    @property
    def slots(self) -> int:
        """Matches that run at once."""


def start_engine(
    setting: Sized,
    own: Callable[[Place], Made],
    network: Callable[[Made], Network],
    make: Make,
    given: Sequence[Any],
) -> Engine[Made]:
    """The engine that `setting` asks for, which the caller closes. Raises UserError.

    own: makes this process's worker; network: one of it, as large as those of all learning players. make, given: of
    the workers of other processes, see `Processes`.
    """
    if setting.engine.name == RAY:
        return _start_ray(setting, own, make, given)
    if setting.engine.name == PIPELINED:
        return _start_pipelined(setting, own, make, given)
    size = setting.processes
    set_threads(setting.threads if size == 1 else 1)
    worker = own(Place(0, size))
    return Processes(worker, network(worker), size, make, given)


def _start_pipelined(setting: Sized, own: Callable[[Place], Made], make: Make, given: Sequence[Any]) -> Engine[Made]:
    set_threads(1)
    size = min(setting.threads - 1, setting.slots)
    return PipelinedEngine(own(Place(0, size, acts=False)), size, make, given)


def _start_ray(setting: Sized, own: Callable[[Place], Made], make: Make, given: Sequence[Any]) -> Engine[Made]:
    from botgame.training.alphastar.engine.ray_cluster import RayCluster

    cluster = RayCluster(setting.engine, setting.slots)  # before anything imports Ray
    from botgame.training.alphastar.engine.ray_engine import RayEngine

    set_threads(setting.threads)
    try:
        worker = own(Place(0, cluster.size, acts=False))
        return RayEngine(cluster, worker, make, given, setting.threads)
    except BaseException:
        cluster.close()
        raise
