"""How the simulation is compiled: decorators for its functions, and an allocator of records.

The first run after a change compiles once (`botgame.lms.simulation.kernel_cache`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from botgame import rng
from botgame.lms.simulation import kernel_cache

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

_OPTIONS: dict[str, Any] = {"error_model": "numpy"}
_BORROWED: dict[str, Any] = {**_OPTIONS, "_nrt": False, "no_cfunc_wrapper": True}  # no counting of array references


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    compiled = numba.njit(**options)(function)
    return kernel_cache.keep(compiled, function) if COMPILED else compiled


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a simulation function; with `NUMBA_DISABLE_JIT=1` it stays plain Python and gives the same bits."""
    return _compile(function, **_OPTIONS)


def phase(function: Callable[..., Any]) -> Any:
    """Compile a function that only compiled code calls, and that allocates and keeps no array: it compiles faster.

    Machine code is inlined into its callers: a call copies its arguments to the stack, and those of a tick are large.
    """
    return _compile(function, **_BORROWED, no_cpython_wrapper=True, forceinline=True)


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function like `phase`, but for calls from Python, see `bind`; threads may run it side by side."""
    return _compile(function, **_BORROWED, nogil=True)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function like `phase`, but into its caller: for what no call can return, such as tuples of records."""
    return _compile(function, **_BORROWED, no_cpython_wrapper=True, inline="always")


def is_cold() -> bool:
    """True when these sources of the arena are not compiled yet: the first match takes some seconds longer."""
    return COMPILED and not kernel_cache.is_compiled(Path(__file__).resolve().with_name("advance.py"), "advance")


def records(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeroed array of records whose fields read as attributes, compiled or not (plain Python needs a recarray)."""
    array = np.zeros(shape, dtype)
    return array if COMPILED else array.view(np.recarray)


_BOUND: dict[Any, Callable[..., Any]] = {}  # compiled entry points, by kernel and layout of the arguments
mix = kernel(rng.mix)
unit = kernel(rng.unit)


def bind(dispatcher: Any, fixed: tuple[Any, ...], examples: tuple[Any, ...]) -> Callable[..., Any]:
    """A kernel compiled for the types of its arguments, which saves looking them up in every call.

    The result has the arguments `fixed`, the first ones, built in, so that no later call can mix them up. It takes the
    rest, of which `examples` are examples: compiled code does not check that later ones have the same types and memory
    layout, so the caller makes them by the same function. Plain Python runs with integer overflow warnings off,
    because the random numbers wrap around on purpose.
    """
    if not COMPILED:
        return functools.partial(np.errstate(over="ignore")(dispatcher), *fixed)
    arguments = (*fixed, *examples)
    layout = dispatcher, *map(_layout, arguments)
    if layout not in _BOUND:
        types = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
        dispatcher.compile(types)
        _BOUND[layout] = dispatcher.overloads[types].entry_point
    return functools.partial(_BOUND[layout], *fixed)


def _layout(argument: Any) -> Any:
    """What the compiled type of an argument depends on. Numba's own answer takes a millisecond for our records."""
    if isinstance(argument, np.ndarray):
        flags = argument.flags
        return argument.dtype, argument.ndim, flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned
    return (type(argument), *map(_layout, argument)) if isinstance(argument, tuple) else type(argument)
