"""Ports of this machine to listen at."""

from __future__ import annotations

import socket


def free_port(host: str, wanted: int) -> int:
    """`wanted` where nothing listens there yet, else 0, for which the system chooses one."""
    with socket.socket() as probe:
        try:
            probe.bind((host, wanted))
        except (OSError, OverflowError):
            return 0
    return wanted
