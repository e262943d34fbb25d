"""Ports of this machine to listen at."""

from __future__ import annotations

import os
import socket


def listening(host: str, wanted: int) -> socket.socket:
    """A socket that listens at `wanted`, or, where that is taken, at a port that the system chooses. Raises OSError."""
    try:
        return _listening_at(host, wanted)
    except (OSError, OverflowError):
        return _listening_at(host, 0)


def free_port(host: str, wanted: int) -> int:
    """`wanted` where nothing listens there yet, else 0, for which the system chooses one."""
    try:
        _listening_at(host, wanted).close()
    except (OSError, OverflowError):
        return 0
    return wanted


def _listening_at(host: str, port: int) -> socket.socket:
    """It listens at once: two sockets may be bound to one port, but only one of them listens there."""
    found = socket.socket()
    try:
        if os.name == "posix":  # what a server that has just ended left is no server; Windows means more by it
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen()
    except (OSError, OverflowError):
        found.close()
        raise
    return found
