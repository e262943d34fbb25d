r"""How training scales with --threads: decisions/s of acting, of learning and of the whole loop, of the real commands.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --threads 1,2 --rounds 3 --against ../before/src

Each arm is a process of its own that trains the champion on with the command's defaults, for --seconds after its first
iterations; rounds go through all arms in turn, so that a machine that is busy for a while is so for all of them.
`--against` gives the `src` folder of another version, which is measured at the same numbers of threads. On 16 cores the
defaults take 7 minutes. Figures are medians over iterations; decisions of acting count once, of learning as often as
they are learned from. "busiest" is the CPU time of the process that needs most of it (Linux): on a machine that does
other work it says better than the clock how long an iteration takes where each process has a core of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from botgame import cli
from botgame.lms.game import lms
from exploiters import EXPLOITERS

SKIPPED = 2  # first iterations of an arm: caches fill, and nothing is replayed yet
LIMIT = 120.0  # seconds that an arm may take to get so far, and from one iteration to the next
START = ("--supervised-checkpoint", str(lms().checkpoints["champion"]), "--cpu", "--save-every", "1000000")
COMMANDS = {
    "rl": ("alphastar_rl", "--output", "run.pt", "run.metrics.jsonl", ("--iterations", "1000000", "--eval-every", "0")),
    "league": (
        *("alphastar_league", "--output-dir", ".", "metrics.jsonl"),
        ("--rl-iterations-per-round", "1000000", *EXPLOITERS, "--matchmaking", "pseudocode"),
    ),
}


class Arm(NamedTuple):
    """A command at a number of threads; source: the `src` folder whose code runs, None for the installed one."""

    command: str
    threads: int
    source: Path | None

    def __str__(self) -> str:
        return f"{self.command}, --threads {self.threads}" + (f", {self.source}" if self.source else "")


class Measured(NamedTuple):
    """What each iteration after the first ones took, and the CPU seconds that the busiest process needs for one."""

    rows: list[dict[str, float]]
    busiest: float


def measured(arm: Arm, seconds: float) -> Measured:
    """Train for so many seconds. Raises RuntimeError where the command fails."""
    module, flag, output, log, words = COMMANDS[arm.command]
    environment = {**os.environ, **({"PYTHONPATH": str(arm.source.resolve())} if arm.source else {})}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        line = [sys.executable, "-m", f"botgame.training.{module}", *START, *words, flag, output]
        line += ["--threads", str(arm.threads)]
        with subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                first = _wait(process, Path(folder, log), SKIPPED + 1)
                before = cpu_seconds(process.pid)
                time.sleep(seconds)
                last = _wait(process, Path(folder, log), _lines(Path(folder, log)) + 1)
                after = cpu_seconds(process.pid)
            finally:
                process.kill()
        rows = [json.loads(row) for row in Path(folder, log).read_text().splitlines()]
    busiest = max((after[one] - before.get(one, 0.0) for one in after), default=float("nan"))
    return Measured([_times(row) for row in rows[SKIPPED:]], busiest / (last - first))


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _wait(process: subprocess.Popen[Any], log: Path, lines: int) -> int:
    """Until the log has so many lines; returns how many it has. Raises RuntimeError."""
    end = time.monotonic() + LIMIT
    while (found := _lines(log)) < lines:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"no {lines} iterations in {LIMIT:.0f} s, or the command has failed: see above")
        time.sleep(0.02)
    return found


def cpu_seconds(process: int) -> dict[int, float]:
    """CPU time so far of a process and of all below it, by their ids; {} where /proc does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return {}
    found = {process: (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")}
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            found |= cpu_seconds(int(child))
    return found


def _times(row: dict[str, float]) -> dict[str, float]:
    """Seconds and decisions of an iteration, of all learning players together."""
    prefixes = [name.removesuffix("time_acting") for name in row if name.endswith("time_acting")]
    out = dict.fromkeys(("acting", "learning", "acted", "learned"), 0.0)
    for prefix in prefixes:
        for part, count in (("acting", "acted"), ("learning", "learned")):
            took = row[f"{prefix}time_{part}"]
            out[part] += took
            out[count] += took * row[f"{prefix}time_{part}_decisions_per_second"]
    return out


def summary(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians: seconds of an iteration, and decisions/s acting, learning and of the whole loop."""
    whole = [row["acting"] + row["learning"] for row in rows]
    rates = {
        "acting": [row["acted"] / row["acting"] for row in rows],
        "learning": [row["learned"] / row["learning"] for row in rows],
        "whole": [row["acted"] / seconds for row, seconds in zip(rows, whole, strict=True)],
    }
    return {"seconds": statistics.median(whole)} | {name: statistics.median(rate) for name, rate in rates.items()}


def line_of(name: object, found: dict[str, float], busiest: float, iterations: int, reference: float) -> str:
    """One line of the table. reference: decisions/s of the whole loop of the first arm."""
    rates = ", ".join(f"{part} {found[part]:,.0f}" for part in ("acting", "learning", "whole"))
    took = f"{found['seconds']:.2f} s an iteration, busiest {busiest:.2f}, {iterations} iterations"
    return f"{name}: {rates} decisions/s ({found['whole'] / reference:.2f} x); {took}"


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("scaling.py", "Measure training at several numbers of threads.")
    text = "numbers of threads, as far as there are cores (default 1,2,4,8,16)"
    parser.flag("--threads", default="1,2,4,8,16", metavar="N,...", help=text)
    parser.flag("--commands", default="rl", help=f"of {','.join(COMMANDS)} (default rl)")
    parser.flag("--seconds", type=cli.positive_float, default=60.0, help="measuring time of an arm in a round")
    parser.flag("--rounds", type=cli.positive_int, default=1, help="how often each arm is measured")
    parser.flag("--against", type=cli.path, default=None, help="src folder of another version to measure too")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each arm."""
    options = build_parser().parse_args(argv)
    cores = os.cpu_count() or 1
    numbers = [number for number in map(int, options.threads.split(",")) if number <= cores]
    sources = [options.against, None] if options.against else [None]
    arms = [
        Arm(name, number, source) for name in options.commands.split(",") for number in numbers for source in sources
    ]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{cores} cores, load {load:.1f}; {options.rounds} x {options.seconds:.0f} s an arm", flush=True)
    found: dict[Arm, list[Measured]] = {arm: [] for arm in arms}
    for _ in range(options.rounds):
        for arm in arms:
            found[arm].append(measured(arm, options.seconds))
    reference = None
    for arm, rounds in found.items():
        rows = [row for each in rounds for row in each.rows]
        figures, busiest = summary(rows), statistics.median(each.busiest for each in rounds)
        reference = reference or figures["whole"]
        print(line_of(arm, figures, busiest, len(rows), reference), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
