"""Where compiled kernels are kept on disk: an outdated one never runs, and a current one is never compiled again.

Numba's own on-disk cache notices a change in a kernel's own file, but not in another file with a function that it
calls, and it ends the program where a file of it is damaged or its disk full. Here each source file has a folder that
depends on all it imports (`botgame.source_cache`): a change in a bot keeps the compiled arena; a change in a rule
recompiles what uses it. And any fault is a miss.
"""

from __future__ import annotations

import functools
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps as _dumps

from botgame import source_cache


@functools.cache
def root() -> Path | None:
    """The folder of all kernels, None where there is none."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given)
    base = source_cache.root()
    return base and base / "kernels"


@functools.cache
def folder(path: Path) -> Path | None:
    """Cache folder for the kernels of one source file, None where there is none."""
    base = root()
    return base and base / source_cache.digest(path, numba.__version__, np.__version__)


def is_compiled(path: Path, name: str) -> bool:
    """True when the kernel `name` of a source file is on disk."""
    place = folder(path)
    return place is not None and any(place.glob(f"{name}-*.kernel"))


def keep(dispatcher: Any, function: Callable[..., Any]) -> Any:
    """The compiled function `dispatcher` of a Python function, which from now on is looked up here first."""
    place = folder(Path(function.__code__.co_filename).resolve())
    if place is not None and function.__closure__ is None:
        dispatcher._cache = KernelCache(place, function)  # as `cache=True` would set it
    return dispatcher


class KernelCache(_Cache):
    """All compiled versions of one function, in one file: pairs of a key and pickled machine code.

    What is unpickled is only what this user wrote, and as it was written.
    """

    def __init__(self, place: Path, function: Callable[..., Any]) -> None:
        self._path = place / f"{function.__name__}-{function.__code__.co_firstlineno}.kernel"
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder of the file."""
        return str(self._path.parent)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The version for these types and this processor; None where it has to be compiled."""
        if not self._enabled:
            return None
        target_context.refresh()
        code = self._versions().get(_key(signature, target_context.codegen()))
        try:
            return code and _rebuild(target_context, pickle.loads(code))  # noqa: S301 - see the class
        except Exception:  # whatever another build of a library makes of it
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Add a version. Where two processes do so at once, one of them is compiled again some day."""
        if not self._enabled or result.lifted or result.library.has_dynamic_globals:
            return
        versions = self._versions() | {_key(signature, result.codegen): _pickled(result._reduce())}
        source_cache.write(self._path, _pickled(list(versions.items())))

    def enable(self) -> None:
        """Use the file."""
        self._enabled = True

    def disable(self) -> None:
        """Leave the file alone."""
        self._enabled = False

    def flush(self) -> None:
        """Forget all versions."""
        source_cache.write(self._path, _pickled([]))

    def _versions(self) -> dict[Any, bytes]:
        data = source_cache.read(self._path)
        try:
            return dict(pickle.loads(data)) if data is not None else {}  # noqa: S301 - see the class
        except Exception:
            return {}


def _key(signature: Any, codegen: Any) -> Any:
    """What a version is compiled for."""
    return signature, codegen.magic_tuple()


def _pickled(value: Any) -> bytes:
    return bytes(_dumps(value))  # type: ignore[no-untyped-call]


def _rebuild(target_context: Any, parts: Any) -> Any:
    return CompileResult._rebuild(target_context, *parts)  # type: ignore[no-untyped-call]
