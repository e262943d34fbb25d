"""Speed of the arena on one core: stepping, observing, one match at a time, and the cost of compiling.

    python benchmarks/simulation.py --seconds 2

Actions are random and kept out of the measured time; CPU time is measured, so a busy machine disturbs it less. Seats
are observed as they come due, between ticks that have pushed the other matches' state out of the processor's caches;
"again" observes the same seats once more, which is what the kernel itself costs. What to reach: 6 M agent-ticks/s
(8 seats), 0.8 M observations/s, one duel 5 microseconds a tick and 5 to observe both seats, a cold compile of 30 s or
less, a warm start of 1 s or less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

from botgame import cli
from botgame.game import Due
from botgame.lms.arena import Arena
from botgame.lms.spec import ARENA_SPEC

SEATS = (2, 8, 16)
DURATION_TICKS = 3600
SIZES = np.array([head.size for head in ARENA_SPEC.heads])
START = (
    "import numpy as np; from botgame.lms.arena import Arena; a = Arena(1, 2); a.reset(0, 1, (0, 1), 900);"
    "due = a.advance(); a.observe(due); a.act(due, np.zeros((2, 6), np.int64)); a.advance()"
)


def start(arena: Arena, match: int, seed: int) -> None:
    """A new match with mixed schools."""
    arena.reset(match, seed, [(seed + seat) % 3 for seat in range(arena.seats)], DURATION_TICKS)


def timed(call: Callable[[], object]) -> tuple[object, float]:
    """Result and CPU seconds of a call."""
    begin = time.process_time()
    return call(), time.process_time() - begin


def measure(matches: int, seats: int, seconds: float) -> dict[str, float]:
    """Play random actions for some CPU seconds of stepping and deciding; observe now and then."""
    arena, random = Arena(matches, seats), np.random.default_rng(0)
    for match in range(matches):
        start(arena, match, match)
    arena.observe(arena.advance())
    total = dict.fromkeys(("step", "act", "observe", "again", "all", "agent_ticks", "ticks", "observed", "calls"), 0.0)
    everybody = Due(*(each.ravel().astype(np.int32) for each in np.indices((matches, seats))))
    timer = float(np.median([timed(lambda: None)[1] for _ in range(1001)]))  # what measuring itself takes
    seed = matches
    while total["step"] + total["act"] < seconds:
        before, alive = arena.state.matches["tick"].copy(), arena.state.matches["alive"].copy()
        due, spent = timed(arena.advance)
        assert isinstance(due, Due)
        ticks = arena.state.matches["tick"] - before
        total["step"] += spent
        total["ticks"] += float(ticks.sum())
        total["agent_ticks"] += float((ticks * alive).sum())
        if total["observe"] < seconds / 2:
            for way, seen in (("observe", due), ("again", due), ("all", everybody)):
                total[way] += timed(lambda: arena.observe(seen))[1] - timer  # noqa: B023 - called at once
            total["observed"] += len(due.slot)
            total["calls"] += 1
        actions = (random.random((len(due.slot), len(SIZES))) * SIZES).astype(np.int64)
        total["act"] += timed(lambda: arena.act(due, actions))[1]  # noqa: B023 - called at once
        for match in np.flatnonzero(arena.done):
            start(arena, int(match), seed)
            seed += 1
    return total


def report_batch(seats: int, seconds: float) -> str:
    """One line for a batch of 64 matches; only living mages count as agents."""
    total = measure(64, seats, seconds)
    rate = total["agent_ticks"] / total["step"] / 1e6
    acting = total["agent_ticks"] / (total["step"] + total["act"]) / 1e6
    observed, again = (total["observed"] / total[way] / 1e6 for way in ("observe", "again"))
    stepping = f"{rate:6.2f} M agent-ticks/s ({acting:5.2f} with decisions)"
    return f"{seats:2d} seats: {stepping}, {observed:5.2f} M observations/s ({again:5.2f} again)"


def report_single(seats: int, seconds: float) -> str:
    """One line for one match at a time, as a live server runs it."""
    total = measure(1, seats, seconds)
    tick = (total["step"] + total["act"]) / total["ticks"] * 1e6
    observe = total["all"] / total["calls"] * 1e6
    one = total["observe"] / total["observed"] * 1e6
    seen = f"{observe:6.2f} to observe all seats, {one:6.2f} one of them"
    return f"{seats:2d} seats: {tick:6.2f} microseconds a tick, {seen}"


def report_start() -> str:
    """Seconds of a fresh process until the first observations and decisions, cold and warm; in brackets CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        spent = []
        for _ in range(2):
            begin, cpu = time.perf_counter(), os.times()
            subprocess.run([sys.executable, "-c", START], env=environment, check=True)
            end = os.times()
            used = end.children_user + end.children_system - cpu.children_user - cpu.children_system
            spent.append(f"{time.perf_counter() - begin:.2f} s ({used:.2f} s)")
    return f"cold start, which compiles arena and observation: {spent[0]}; warm start: {spent[1]}"


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("simulation.py", "Measure the speed of the arena on one core.")
    parser.flag("--seconds", type=cli.positive_float, default=2.0, help="CPU seconds for each line (default 2)")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print all figures."""
    seconds = build_parser().parse_args(argv).seconds
    print("batches of 64 matches:")
    for seats in SEATS:
        print("  " + report_batch(seats, seconds), flush=True)
    print("one match at a time:")
    for seats in SEATS:
        print("  " + report_single(seats, seconds), flush=True)
    print(report_start())
    return 0


if __name__ == "__main__":
    sys.exit(main())
