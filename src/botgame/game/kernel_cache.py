"""Where compiled kernels are kept, so that no stale one ever runs and no fresh one is compiled twice.

Numba's on-disk cache notices a change in a kernel's own file, not in a function of another file that it calls. So
each source file gets a folder named after a hash of that file and of all files of this package that it imports,
directly or not. A change in a bot leaves the compiled arena alone; a change in a rule recompiles what uses it.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

import numba
import numpy as np

_PACKAGE = Path(__file__).resolve().parent.parent
_FROM = re.compile(r"^\s*from (botgame[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def _root() -> Path:
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    try:
        (root / "botgame").mkdir(parents=True, exist_ok=True)
    except OSError:
        root = Path(tempfile.gettempdir())
    return root / "botgame" / "kernels"


ROOT: Path = _root()


def _module_file(name: str) -> Path | None:
    """Source file of `botgame.a.b`, None for a package or a name inside a module."""
    path = _PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
    return path if path.is_file() else None


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of this package that a source file imports with `from botgame... import ...`, the only form we use."""
    found = []
    for module, names in _FROM.findall(path.read_text(encoding="utf-8")):
        candidates = [module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))]
        found += [file for file in map(_module_file, candidates) if file is not None]
    return tuple(found)


def sources(path: Path) -> list[Path]:
    """A source file and all files of this package that it depends on, sorted."""
    known, todo = {path}, [path]
    while todo:
        for file in _imports(todo.pop()):
            if file not in known:
                known.add(file)
                todo.append(file)
    return sorted(known)


@functools.cache
def folder(path: Path) -> Path:
    """Cache folder for the kernels of one source file."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {sys.version_info[:2]}".encode())
    for source in sources(path):
        digest.update(source.name.encode() + source.read_bytes())
    return ROOT / digest.hexdigest()[:16]


def is_compiled(path: Path, name: str) -> bool:
    """True when the kernel `name` of a source file is on disk."""
    return any(folder(path).rglob(f"{path.stem}.{name}-*.nbi"))
