"""A connection to a Ray cluster: to one that runs already, or to one of this run's own on this machine.

Who reaches a Ray cluster can run code on it. So each cluster of ours has a token of its own, which lives in the
environment of its processes and nowhere on the disk, and listens on this machine's loopback address alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import sys
from types import ModuleType
from typing import Any

from botgame.errors import UserError
from botgame.training.alphastar.engine.choice import AUTO, EngineChoice

REACH_SECONDS = 5.0
NONE_HERE = (
    "--ray-address auto: no Ray cluster runs on this machine; start one, with a token (docs/scaling.md): "
    "ray start --head --port 6379"
)


class RayCluster:
    """The cluster that `choice` names; `size` actors act in it, at most `most`.

    Raises UserError when it cannot be reached, or has fewer CPUs than actors are asked for.
    """

    def __init__(self, choice: EngineChoice, most: int) -> None:
        self._own = choice.address is None
        own_size = min(most, choice.actors or max(1, (os.cpu_count() or 1) - 1))
        self.ray = _started(own_size) if self._own else _joined(str(choice.address))
        cpus = int(self.ray.cluster_resources().get("CPU", 0))
        self.size = own_size if self._own else min(most, choice.actors or max(1, cpus - 1))
        if self.size > cpus:
            self.close()
            raise UserError(f"--actors {self.size}: the cluster at {choice.address} has {cpus} CPUs; give fewer", 2)

    def close(self) -> None:
        """Leave the cluster; one of our own ends."""
        self.ray.shutdown()


def _started(cpus: int) -> ModuleType:
    """Ray, connected to a new cluster on this machine."""
    if "ray" in sys.modules and "RAY_AUTH_TOKEN" not in os.environ:
        raise UserError("Ray was imported before the run could set it up: start the run in a process of its own")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray then binds to loopback, on Linux too
    os.environ.setdefault("RAY_worker_niceness", "0")  # 15 by default: the learner would starve actors beside it
    return _connected("a Ray cluster on this machine", address="local", num_cpus=cpus, include_dashboard=False)


def _joined(address: str) -> ModuleType:
    """Ray, connected to a cluster that runs already; Ray itself would try for minutes to find one that does not."""
    host, _, port = address.rpartition(":")
    if address != AUTO:
        try:
            socket.create_connection((host, int(port)), REACH_SECONDS).close()
        except (OSError, OverflowError) as error:
            reason = f"{address} does not answer ({error})"
            raise UserError(f"--ray-address: {reason}; start it with: ray start --head --port {port}") from error
    return _connected(f"the Ray cluster at {address}", address=address)


def _connected(what: str, **words: Any) -> ModuleType:
    """Ray after `ray.init`. Raises UserError with the first line of what it says."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")  # not by default where an address is given
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # only a run that asks for it, and after its environment

    try:
        with contextlib.redirect_stdout(None):
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **words)
    except Exception as error:  # Ray raises that class itself where a node does not start in time
        if "Could not find any running Ray instance" in str(error):
            raise UserError(NONE_HERE) from error
        reason = " ".join(str(error).split())[:200].rstrip(".")
        advice = "see that it runs, that its machines are not overloaded, and that RAY_AUTH_TOKEN holds its token"
        raise UserError(f"cannot use {what}: {reason}; {advice}") from error
    return ray
