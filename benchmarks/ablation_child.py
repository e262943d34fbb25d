"""Runs one of our commands for as long as the harness lives: `python ablation_child.py MODULE ARGUMENTS...`.

The harness holds the other end of the standard input. When it is killed, that end closes and the command ends too, as
if killed itself: so a new sitting never meets a run that is still being written.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

ORPHANED = 75


def _end_with_the_harness() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold when the interpreter ends
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_harness, daemon=True).start()
    sys.argv = sys.argv[1:]
    sys.path[0] = ""
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
