"""Copying one record over another as plain memory.

Compiled code can assign records, but turns it into one instruction a byte: seconds of compiling for a large record.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

from botgame.lms.simulation.kernel import COMPILED


def _copy_plain(target: Any, source: Any) -> None:
    """Copy all fields of record `source` to record `target`, both of one dtype."""
    for name in source.dtype.names:
        target[name] = np.copy(source[name])


def _emit_copy(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """The instructions: one memcpy of the record's size."""
    size = context.get_constant(types.intp, signature.args[0].size)
    cgutils.raw_memcpy(builder, arguments[0], arguments[1], size, 1)  # type: ignore[no-untyped-call]
    return context.get_dummy_value()


def _copy_compiled(typing_context: Any, target: Any, source: Any) -> Any:  # noqa: ARG001 - Numba passes it
    """Typing of the intrinsic: two records of one type."""
    if not isinstance(target, types.Record) or target != source:
        return None
    return types.void(target, source), _emit_copy


copy_record: Any = intrinsic(_copy_compiled) if COMPILED else _copy_plain
