"""Metrics of a run: one JSON line a step and TensorBoard, both cut back to the last commit on resume.

Names of clock readings start with `time_`, so that two runs can be compared without them. docs/metrics.md explains
every name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from botgame.files import open_to_append


class MetricsWriter:
    """Appends metrics to `path` (JSON lines) and to TensorBoard in the folder `tensorboard` (None: no TensorBoard)."""

    def __init__(self, path: Path, tensorboard: Path | None = None, *, offset: int = 0, step: int = 0) -> None:
        """Cut `path` to `offset` bytes, its length at the last commit; TensorBoard drops steps from `step` on.

        Raises UserError when `path` has not got that many.
        """
        self._file = open_to_append(path, offset)
        self._board = None
        if tensorboard is not None:
            from torch.utils.tensorboard import SummaryWriter  # heavy import: only for runs that train

            self._board = SummaryWriter(str(tensorboard), purge_step=step or None)

    @property
    def offset(self) -> int:
        """Bytes written so far: what a commit stores."""
        return self._file.tell()

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Write one line: {"step": step, ...values}; numbers also go to TensorBoard under the same names."""
        line = {"step": step, **{name: _plain(value) for name, value in values.items()}}
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        if self._board is not None:
            for name, value in line.items():
                if isinstance(value, int | float) and name != "step":
                    self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close both files."""
        self._file.close()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return round(value, 6) if isinstance(value, float) else value
