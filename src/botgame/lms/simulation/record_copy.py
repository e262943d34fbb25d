"""Copying the fields of one record over those of another as plain memory.

Compiled code can assign records, but turns it into one instruction a byte: seconds of compiling for a large record.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from botgame.lms.simulation.kernel import COMPILED


def _copy_plain(target: Any, source: Any) -> None:
    """Copy to every field of record `target` the field of the same name of record `source`."""
    for name in target.dtype.names:
        target[name] = np.copy(source[name])


def _runs(target: np.dtype[Any], source: np.dtype[Any]) -> list[tuple[int, int, int]]:
    """Offset in `target`, offset in `source` and bytes of each stretch of memory that is copied in one piece.

    Raises KeyError for a field that `source` does not have and TypeError for one of another type.
    """
    runs: list[tuple[int, int, int]] = []
    for name in target.names or ():
        kind, start = target.fields[name][:2]  # type: ignore[index]
        other, source_start = source.fields[name][:2]  # type: ignore[index]
        if kind != other:
            raise TypeError(f"{name} is {kind} in one record and {other} in the other")
        if runs and (start, source_start) == (runs[-1][0] + runs[-1][2], runs[-1][1] + runs[-1][2]):
            start, source_start, size = runs.pop()
            runs.append((start, source_start, size + kind.itemsize))
        else:
            runs.append((start, source_start, kind.itemsize))
    return runs


def _emit_copy(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """The instructions: a memcpy for each stretch of memory."""
    byte = cgutils.voidptr_t
    target, source = (builder.bitcast(argument, byte) for argument in arguments)
    for start, source_start, size in _runs(*(as_dtype(kind) for kind in signature.args)):
        goal = cgutils.pointer_add(builder, target, start)  # type: ignore[no-untyped-call]
        origin = cgutils.pointer_add(builder, source, source_start)  # type: ignore[no-untyped-call]
        cgutils.raw_memcpy(builder, goal, origin, context.get_constant(types.intp, size), 1)  # type: ignore[no-untyped-call]
    return context.get_dummy_value()


def _copy_compiled(typing_context: Any, target: Any, source: Any) -> Any:  # noqa: ARG001 - Numba passes it
    """Typing of the intrinsic: two records."""
    if not isinstance(target, types.Record) or not isinstance(source, types.Record):
        return None
    return types.void(target, source), _emit_copy


copy_fields: Any = intrinsic(_copy_compiled) if COMPILED else _copy_plain
