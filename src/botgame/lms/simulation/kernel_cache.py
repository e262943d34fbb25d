"""Where compiled kernels are kept, so that no stale one ever runs and no fresh one is compiled twice.

Numba's on-disk cache notices a change in a kernel's own file, not in a function of another file that it calls. So
each source file gets a folder of its own (`botgame.source_cache`). A change in a bot leaves the compiled arena alone;
a change in a rule recompiles what uses it.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numba
import numpy as np

from botgame import source_cache

ROOT: Path = Path(os.environ.get("NUMBA_CACHE_DIR") or source_cache.root() / "kernels")


@functools.cache
def folder(path: Path) -> Path:
    """Cache folder for the kernels of one source file."""
    return ROOT / source_cache.digest(path, numba.__version__, np.__version__)


def is_compiled(path: Path, name: str) -> bool:
    """True when the kernel `name` of a source file is on disk."""
    return any(folder(path).rglob(f"{path.stem}.{name}-*.nbi"))
