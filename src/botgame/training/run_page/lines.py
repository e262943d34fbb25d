"""A file of lines that grows while it is read, and that a resumed run may cut back to its last commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Item = TypeVar("Item")
_COMPARED = 512  # bytes before the place that was read last: another file, or a cut one, differs there


class GrowingLines(Generic[Item]):
    """The whole lines of `path` so far, each read once by `read`, which is given its number (from 1) and its bytes.

    A last line without an end is not whole yet. What is missing has no lines.
    """

    def __init__(self, path: Path, read: Callable[[int, bytes], Item]) -> None:
        self.items: list[Item] = []
        self._path, self._read = path, read
        self._end = 0
        self._before = b""  # the last bytes before `_end`

    def update(self) -> bool:
        """Read on; returns whether anything has changed. After an OSError, or what `read` raises, it starts anew."""
        try:
            return self._update()
        except FileNotFoundError:
            had_some = bool(self.items)
            self._forget()
            return had_some
        except BaseException:
            self._forget()
            raise

    def _update(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(max(0, self._end - len(self._before)))
            cut = file.read(len(self._before)) != self._before
            if cut:
                self._forget()
                file.seek(0)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self.items.append(self._read(len(self.items) + 1, line))
        self._end += len(whole)
        self._before = (self._before + whole)[-_COMPARED:]
        return cut or bool(whole)

    def _forget(self) -> None:
        self.items, self._end, self._before = [], 0, b""
