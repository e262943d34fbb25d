"""What the operator of a live server decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from botgame.lms.rules import TICKS_PER_SECOND, Rules


@dataclass(frozen=True)
class ServerOptions:
    """The options of a server. bots: names for `load_policy`, the first fills free seats; token: "" for none.

    data_dir: where replays go; reports_dir, feedback_dir: where manifests and feedback streams go, each in a folder
    called `run`. origins: more pages that may connect. seed: decides the arenas of all rooms. countdown_ticks: nobody
    acts before this tick in matches with people. delay_ticks: how late those who do not play
    see a rated match with people.
    """

    bots: tuple[str, ...]
    data_dir: Path
    reports_dir: Path
    feedback_dir: Path
    run: str
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    seed: int = 0
    max_rooms: int = 64
    max_clients: int = 256
    origins: tuple[str, ...] = ()
    countdown_ticks: int = 3 * TICKS_PER_SECOND
    delay_ticks: int = 10 * TICKS_PER_SECOND
    rules: Rules = field(default_factory=Rules)
