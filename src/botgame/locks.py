"""One writer at a time: a lock that the operating system holds, so that it ends with its process, however that ends.

The lock is on a small file that says who holds it. A file that a killed process left behind is no lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botgame.errors import UserError

_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what the system says of a lock that another process holds
_PAUSE = 0.05  # seconds between two tries to get a lock

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # the locked byte: Windows lets nobody else read it, so it lies far behind the text

    def _lock(descriptor: int) -> None:
        """Lock an open file or raise OSError at once."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _let_go(descriptor: int, path: Path) -> None:
        """Close, then delete: Windows deletes no open file, so one that somebody else has opened by now stays."""
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        """Lock an open file or raise OSError at once."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _let_go(descriptor: int, path: Path) -> None:
        """Delete while the lock is held, then close: who locks the deleted file next sees that."""
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


@contextmanager
def locked(path: Path, what: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` for `what` until the block ends; another holder is waited for, for `patience` seconds.

    Raises UserError that names the holder when there is another, in this process or any, and when the file cannot be
    written. Where the file system knows no locks, a warning is all there is.
    """
    descriptor = _hold(path, what, time.monotonic() + patience)
    try:
        yield
    finally:
        _let_go(descriptor, path)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file `path` now. Where that cannot be found out, whether the file is there."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        _lock(descriptor)  # for a moment: it ends when the file is closed
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _hold(path: Path, what: Path, give_up: float) -> int:
    """The descriptor of the locked file."""
    with contextlib.ExitStack() as opened:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _open_locked(path, what, give_up)
            opened.callback(os.close, descriptor)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, _me())
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}; choose another output") from error
        opened.pop_all()
    return descriptor


def _open_locked(path: Path, what: Path, give_up: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _HELD:
                os.close(descriptor)
                if time.monotonic() < give_up:
                    time.sleep(_PAUSE)
                    continue
                raise UserError(f"{what} is in use by {_holder(path)}; wait for that or stop it") from None
            sys.stderr.write(f"warning: {path}: no locks here ({error.strerror}); let nothing else write there\n")
        if _lies_at(path, descriptor):
            return descriptor
        os.close(descriptor)  # its last holder has deleted it meanwhile


def _lies_at(path: Path, descriptor: int) -> bool:
    try:
        return sys.platform == "win32" or os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _me() -> bytes:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": since}).encode()


def _holder(path: Path) -> str:
    """Who holds the lock, as far as the file says."""
    try:
        said = json.loads(path.read_bytes())
        return f"process {said['process']} on {said['host']} since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
