"""A struct in a file of its own: JSON that people can read, sealed, and written all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from botgame.files import write_atomic
from botgame.json_reading import decoded
from botgame.seals import opened_json, sealed_json

Kind = TypeVar("Kind", bound=msgspec.Struct)


def write_struct(path: Path, value: msgspec.Struct) -> None:
    """Write atomically. Raises UserError when it cannot be written."""
    text = msgspec.json.format(msgspec.json.encode(value).decode(), indent=2)
    write_atomic(path, sealed_json(text).encode() + b"\n")


def read_struct(path: Path, kind: type[Kind]) -> Kind:
    """Inverse of `write_struct`. Raises OSError as reading does, and ValueError for a damaged file or another kind."""
    return decoded(opened_json(path.read_text(encoding="utf-8-sig")), kind)
