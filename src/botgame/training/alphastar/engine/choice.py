"""Where a run acts: in processes of this machine, or as actors of a Ray cluster. Imports neither torch nor Ray."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass

from botgame.errors import UserError

LOCAL, PIPELINED, RAY = "local", "pipelined", "ray"
ENGINES = (LOCAL, PIPELINED, RAY)
AUTO = "auto"


@dataclass(frozen=True)
class EngineChoice:
    """What `--engine`, `--ray-address` and `--actors` say. Raises UserError (code 2) for what cannot be.

    address: of a Ray cluster, `auto` for the one that runs on this machine; None: the run starts one for itself.
    actors: how many of them act; 0: one for each CPU of the cluster but one.
    """

    name: str = LOCAL
    address: str | None = None
    actors: int = 0

    def __post_init__(self) -> None:
        """Check what the flags say together, and that this machine can do it."""
        if self.name != RAY:
            self._check_here()
            return
        if sys.platform != "linux":
            raise UserError("--engine ray: clusters need Linux; leave the flag out, or use WSL 2", 2)
        if self.address not in (None, AUTO) and not re.fullmatch(r"[^\s/]+:\d{1,5}", str(self.address)):
            raise UserError(f"--ray-address {self.address}: expected auto or HOST:PORT, as in 10.0.0.5:6379", 2)
        if importlib.util.find_spec("ray") is None:
            raise UserError('--engine ray needs Ray; run: pip install "botgame[ray]"', 2)

    def check_threads(self, threads: int) -> None:
        """Raise UserError (code 2) where so many are too few."""
        if self.name == PIPELINED and threads < 2:
            raise UserError("--engine pipelined: one process acts while another learns, so --threads is at least 2", 2)

    def _check_here(self) -> None:
        given = {"--ray-address": self.address is not None, "--actors": bool(self.actors)}
        for flag in (flag for flag, is_given in given.items() if is_given):
            raise UserError(f"{flag} is for --engine ray; add that, or leave {flag} out", 2)
