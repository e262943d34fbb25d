"""Where compiled kernels are kept on disk: an outdated one never runs, and a current one is never compiled again.

Numba's on-disk cache notices a change in a kernel's own file, but not in another file with a function that it calls. So
each source file has a folder that depends on all it imports (`botgame.source_cache`). A change in a bot keeps the
compiled arena; a change in a rule recompiles what uses it.
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
