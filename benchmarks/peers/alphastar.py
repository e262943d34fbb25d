"""Our own learner, as the command `alphastar_rl --scratch small-fast` runs it."""

from __future__ import annotations

import _thread
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from botgame.game import Game
from botgame.training.alphastar.checkpoint import load_checkpoint
from botgame.training.alphastar.policy import load_policy
from botgame.training.alphastar_rl import main
from peers.marks import DUELS, Mark, judged

FLAGS = [
    "--scratch", "small-fast", "--eval-every", "0", "--save-every", "5", "--threads", "1",
]  # fmt: skip
INTERRUPTED = 130  # its exit code
GLANCE = 0.05  # seconds between two looks at the clock


def train(
    folder: Path, minutes: Sequence[float], game: Game, more: Sequence[str] = (), duels: int = DUELS
) -> list[Mark]:
    """Run the command in this process, keep the checkpoint that it has after each of `minutes`, and measure those.

    It is interrupted after the last of them; a mark that it does not last for is measured at its end. more: further
    flags.
    """
    latest, start = folder / "pi.pt", time.process_time()
    spent: dict[Path, float] = {}
    ended = threading.Event()

    def watch() -> None:
        for mark in sorted(minutes):
            while time.process_time() - start < 60 * mark or not latest.exists():
                if ended.wait(GLANCE):
                    break
            kept = folder / f"after_{mark:g}.pt"
            shutil.copy(latest, kept)
            spent[kept] = (time.process_time() - start) / 60
        if not ended.is_set():
            _thread.interrupt_main()  # as Ctrl-C: the command commits and ends

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert main([*FLAGS, *more, "--output", str(latest)]) in (0, INTERRUPTED)
    finally:
        ended.set()
        watcher.join()
    return [_mark(kept, at, game, duels) for kept, at in spent.items()]


def _mark(path: Path, minutes: float, game: Game, duels: int) -> Mark:
    decisions = int(load_checkpoint(path, game).counters["decisions"])
    return Mark(minutes, decisions, judged(game, load_policy(game, str(path)), duels))
