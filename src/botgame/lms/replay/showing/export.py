"""Exports a recorded match as one self-contained web page: the viewer with the film inside."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

from botgame import files
from botgame.lms.replay.format import Replay
from botgame.lms.replay.showing.bundle import inline_page
from botgame.lms.replay.showing.film import film_json
from botgame.policy_readout import PolicyReadout


def page(replay: Replay, readout: PolicyReadout | None = None) -> str:
    """The whole page. Raises ReplayError when the match does not go as recorded."""
    packed = base64.b64encode(zlib.compress(film_json(replay, readout), 9)).decode()
    return inline_page("replay.html", {"film": packed})


def export(replay: Replay, target: Path, readout: PolicyReadout | None = None) -> int:
    """Write the page to `target`, all or nothing; returns its size in bytes. Raises UserError."""
    data = page(replay, readout).encode()
    files.write_atomic(target, data)
    return len(data)
