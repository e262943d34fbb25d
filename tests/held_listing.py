"""Listings of recorded matches that wait until a test lets them go on."""

import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from botgame.lms.replay.format import scan
from botgame.server.records import replay_list


class HeldListing(NamedTuple):
    """`begun` is set once a listing has begun; it goes on when the test sets `go_on`."""

    begun: threading.Event
    go_on: threading.Event


def hold_listings(monkeypatch: pytest.MonkeyPatch) -> HeldListing:
    held = HeldListing(threading.Event(), threading.Event())

    def slow_scan(folder: Path) -> list[Path]:
        held.begun.set()
        assert held.go_on.wait(10)
        return scan(folder)

    monkeypatch.setattr(replay_list, "scan", slow_scan)
    return held
