"""The replay file: one match in a few KiB, written completely or not at all, and checked (docs/replays.md).

    offset  bytes  content
    0       4      magic "LMSR"
    4       2      format version, little-endian like all numbers
    6       2      0
    8       4      length of the whole file
    12      4      length of the header
    16      4      length of the columns
    20      16     BLAKE2b-128 of the bytes 0..19 and 36..
    36             zlib stream: header (JSON, `header.Header`), then columns (`columns.encode`)

A replay holds no observations. It holds the seed, the rules and the accepted actions, from which
`botgame.lms.replay.resimulate` computes again exactly what each seat saw.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from botgame import files
from botgame.lms.replay import columns
from botgame.lms.replay.columns import Decisions
from botgame.lms.replay.errors import ReplayError
from botgame.lms.replay.header import MAX_DURATION_TICKS, Header, decode_header, decode_rules
from botgame.lms.rules import Rules

MAGIC = b"LMSR"
VERSION = 1
SUFFIX = ".lmsr"
MAX_HEADER = 1 << 20
MAX_COLUMNS = 16 * MAX_DURATION_TICKS * 32
MAX_FILE = 8 << 20
_HEAD = struct.Struct("<4sHHIII")
_CHECK = 16
_COMPRESSION = 6  # of zlib: 9 takes eight times as long for files that are 3 % smaller


@dataclass(frozen=True)
class Replay:
    """One match: `header`, `decisions`, and the file it was read from (None before it is written)."""

    header: Header
    decisions: Decisions
    path: Path | None = None

    @property
    def rules(self) -> Rules:
        """The rules table it was played under."""
        return decode_rules(bytes(self.header.rules))

    @property
    def name(self) -> str:
        """`duel_s1001_a9ca56f8fc8a.lmsr`: mode, seed and a hash of the content, so equal matches have equal names."""
        digest = hashlib.blake2b(b"".join(_contents(self)), digest_size=6).hexdigest()
        return f"{self.header.mode}_s{self.header.seed}_{digest}{SUFFIX}"


def write(folder: Path, replay: Replay) -> Path:
    """Write `replay` to `folder` under its own name, unless the same file is there. Returns the path.

    Raises UserError when the folder cannot be written or the disk is full.
    """
    path = folder / replay.name
    data = to_bytes(replay)
    if not _holds(path, data):
        files.write_atomic(path, data)
    return path


def read(path: Path) -> Replay:
    """The replay in `path`. Raises ReplayError, which names the file and the reason, for anything else."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise ReplayError(path, f"it is larger than any replay ({MAX_FILE >> 20} MiB)")
        data = path.read_bytes()
    except OSError as error:
        raise ReplayError(path, f"cannot be read ({error.strerror or error})") from error
    return from_bytes(data, path)


def scan(folder: Path) -> list[Path]:
    """All replay files in `folder` and below, sorted by path; an absent folder has none."""
    return files.find_files(folder, f"*{SUFFIX}")


def load(paths: Iterable[Path], report: Callable[[ReplayError], None]) -> Iterator[Replay]:
    """Read the replays in `paths` one by one; a file that is not one is handed to `report` and skipped."""
    for path in paths:
        try:
            replay = read(path)
        except ReplayError as error:
            report(error)
        else:
            yield replay


def to_bytes(replay: Replay) -> bytes:
    """The bytes of the whole file."""
    header, body = _contents(replay)
    packed = zlib.compress(header + body, _COMPRESSION)
    head = _HEAD.pack(MAGIC, VERSION, 0, _HEAD.size + _CHECK + len(packed), len(header), len(body))
    return head + _checksum(head, packed) + packed


def from_bytes(data: bytes, path: Path) -> Replay:
    """Inverse of `to_bytes`; `path` is for messages. Raises ReplayError."""
    header_size, body_size, packed = _open(data, path)
    try:
        content = _inflate(packed, header_size + body_size)
        header = decode_header(content[:header_size])
        counts = [seat.decisions for seat in header.seats]
        reactions = [seat.reaction for seat in header.seats]
        decisions = columns.decode(content[header_size:], counts, reactions, header.ticks)
    except ValueError as error:
        raise ReplayError(path, str(error)) from error
    return Replay(header, decisions, path)


def _contents(replay: Replay) -> tuple[bytes, bytes]:
    """Header and columns, uncompressed."""
    seats = replay.header.seats
    counts, reactions = [seat.decisions for seat in seats], [seat.reaction for seat in seats]
    return msgspec.json.encode(replay.header), columns.encode(replay.decisions, counts, reactions)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _checksum(head: bytes, packed: bytes) -> bytes:
    return hashlib.blake2b(head + packed, digest_size=_CHECK).digest()


def _open(data: bytes, path: Path) -> tuple[int, int, bytes]:
    """Check everything outside the zlib stream; returns the two lengths and the stream."""
    if not data:
        raise ReplayError(path, "it is empty; delete it or copy it again")
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise ReplayError(path, "it is not a botgame replay")
    if len(data) < _HEAD.size + _CHECK:
        raise ReplayError(path, f"it is truncated ({len(data)} bytes); delete it or copy it again")
    _, version, reserved, size, header_size, body_size = _HEAD.unpack_from(data)
    if version != VERSION:
        raise ReplayError(
            path, f"it has replay format {version}, this release reads {VERSION}; use another botgame release"
        )
    if len(data) < size:
        raise ReplayError(path, f"it is truncated ({len(data)} of {size} bytes); delete it or copy it again")
    head, packed = data[: _HEAD.size], data[_HEAD.size + _CHECK :]
    if len(data) > size or reserved or _checksum(head, packed) != data[_HEAD.size : _HEAD.size + _CHECK]:
        raise ReplayError(path, "it was changed after it was written (its checksum does not match)")
    if header_size > MAX_HEADER or body_size > MAX_COLUMNS:
        raise ReplayError(path, "it claims to hold more than any match does")
    return header_size, body_size, packed


def _inflate(packed: bytes, size: int) -> bytes:
    """Exactly `size` bytes, with no more memory than that. Raises ValueError for another size."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError(f"its contents cannot be unpacked ({error})") from error
    if len(content) != size or not inflater.eof or inflater.unused_data:
        raise ValueError("its contents are not as long as its header says")
    return content
