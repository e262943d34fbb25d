"""Runs one of our commands for as long as the harness lives: `python ablation_child.py MODULE ARGUMENTS...`.

The harness holds the other end of the standard input. When it is killed, that end closes and the command ends too, as
if killed itself: so a new sitting never meets a run that is still being written. Where the environment names a file
in `ABLATION_CPU`, a command that ends leaves the CPU seconds it took there, after those of earlier sittings.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time
from pathlib import Path

ORPHANED = 75
CPU_FILE = "ABLATION_CPU"


def _end_with_the_harness() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold when the interpreter ends
        pass
    os._exit(ORPHANED)


def _note_cpu() -> None:
    """Add the CPU seconds of this process; its arms have one process each."""
    if path := os.environ.get(CPU_FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{time.process_time():.1f}\n")


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_harness, daemon=True).start()
    sys.argv = sys.argv[1:]
    sys.path[0] = ""
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    finally:
        _note_cpu()
