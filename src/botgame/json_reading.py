"""One way to read JSON that anybody may have written: whatever is wrong with it is a ValueError of one line."""

from __future__ import annotations

import functools
import threading
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")

_PREPARING = threading.Lock()  # msgspec crashes where two threads read a kind for the first time at once


def parsed(text: str | bytes) -> Any:
    """The JSON value in `text`, which may begin with a byte-order mark. Raises ValueError."""
    return decoded(text, Any)


def decoded(text: str | bytes, kind: type[Kind] | Any) -> Kind:
    """The JSON value in `text` as a `kind`: a struct, dataclass or union of them. Raises ValueError."""
    try:
        value: Kind = _decoder(kind).decode(_without_mark(text))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(_line(error)) from error
    return value


def converted(value: Any, kind: type[Kind]) -> Kind:
    """A JSON value as a `kind`, its types checked. Raises ValueError."""
    try:
        _decoder(kind)
        return msgspec.convert(value, kind)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(_line(error)) from error


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of a kind. Once there is one, msgspec knows the kind, and threads may read it at once."""
    with _PREPARING:
        return _new_decoder(kind)


@functools.cache
def _new_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _without_mark(text: str | bytes) -> str | bytes:
    """Editors on Windows begin a text with a mark."""
    return text.removeprefix("\ufeff") if isinstance(text, str) else text.removeprefix(b"\xef\xbb\xbf")


def _line(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
