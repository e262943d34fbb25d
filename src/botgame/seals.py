"""A digest at the end of each file that is read again: a damaged file is an error and never something else.

A binary file ends in 76 bytes: a field of Protocol Buffers with the SHA-256 of all bytes before it. Zip archives, which
checkpoints are, may have something behind their end; an ONNX model takes the field for one more entry of its metadata.

A JSON object, which may be a line of a file, has "check" as its last entry: the first 16 hex digits of the SHA-256 of
the text without that entry.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import IO

_FIELD = b"\x72\x4a\x0a\x06sha256\x12\x40"  # metadata_props { key: "sha256" value: (64 bytes) }
SIZE = len(_FIELD) + 64
_CHECK = re.compile(r'(?s)(.*), "check": "([0-9a-f]{16})"(\s*\}\s*)')
_BLOCK = 1 << 20


class SealError(ValueError):
    """A file or a text is not as it was written; the message is the reason."""


class Sealer:
    """A file to write to that is sealed in the end. `error`: why it could not be written, where that has happened."""

    def __init__(self, file: IO[bytes]) -> None:
        self.error: OSError | None = None
        self._file, self._digest = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write `data`. Raises OSError."""
        self._digest.update(data)
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Hand what was written to the system. Raises OSError."""
        self._file.flush()

    def seal(self) -> None:
        """Write the seal of everything so far. Raises OSError."""
        self._file.write(_FIELD + self._digest.hexdigest().encode())


def sealed(data: bytes) -> bytes:
    """`data` with its seal."""
    return data + _FIELD + hashlib.sha256(data).hexdigest().encode()


def opened(data: bytes) -> bytes:
    """`data` without its seal. Raises SealError unless that is there and right."""
    content, seal = data[:-SIZE], data[-SIZE:]
    _check_field(seal, hashlib.sha256(content))
    return content


def check_seal(file: IO[bytes]) -> None:
    """Raise SealError unless the open `file` ends in the right seal; OSError as reading does. It is then at its start.

    It is an open file, not a path, because the file of that name may be replaced while it is checked.
    """
    left = file.seek(0, os.SEEK_END) - SIZE
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (block := file.read(min(_BLOCK, left))):
        digest.update(block)
        left -= len(block)
    _check_field(file.read(), digest)
    file.seek(0)


def sealed_json(text: str) -> str:
    """`text`, a JSON object with at least one entry, with its seal."""
    body = text.rstrip()[:-1].rstrip()
    return f'{body}, "check": "{_check(body)}"}}'


def is_sealed_json(text: str) -> bool:
    """Whether `text` ends as a sealed JSON object does, right or not."""
    return _CHECK.fullmatch(text) is not None


def opened_json(text: str) -> str:
    """The JSON object in `text` without its seal. Raises SealError unless that is there and right."""
    found = _CHECK.fullmatch(text)
    if not found:
        raise SealError('it has no "check" at its end')
    if found[2] != _check(found[1]):
        raise SealError("it has changed since it was written")
    return found[1] + "}"


def _check_field(seal: bytes, digest: hashlib._Hash) -> None:
    if not seal.startswith(_FIELD) or len(seal) != SIZE:
        raise SealError("it is cut short, or not written by this program")
    if seal != _FIELD + digest.hexdigest().encode():
        raise SealError("it has changed since it was written")


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
