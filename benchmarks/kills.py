r"""Never lose a run: kills training runs at random moments, and compares their ends with undisturbed runs.

    python benchmarks/kills.py
    python benchmarks/kills.py --kills 30 --threads 2 --seed 1 --commands rl,league

Imitation, RL, a league and a best response, the last three with `--engine local`, RL and the league with `--engine
pipelined` too. Runs are tiny, in the arena, and commit every iteration. Each kill is a SIGKILL of the command at a
random moment, so it may hit the start of other processes, acting, learning, a commit or an evaluation; the first one
comes before anything is logged. Afterwards the run is resumed to its end. Prints what differs from the undisturbed run:
metrics but for clock readings, matches, the league's state and payoff, results, weights; and whether the counts of a
league add up. Exits with 1 where anything is wrong, or a process outlives a kill by 5 seconds.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from botgame import cli
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.training.alphastar.checkpoint import load_checkpoint
from exploiters import EXPLOITERS
from league_sums import wrong_sums

TINY = (
    *("--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "8", "--batch-size", "8", "--cpu"),
    *("--matches-per-actor", "8", "--replay-size", "64", "--min-replay-sequences", "4", "--eval-matches", "2"),
    *("--save-every", "1"),
)
LEAGUE = (
    *("--rl-iterations-per-round", "2", "--past-matches", "2", "--past-selves", "2", "--cross-play-players", "4"),
    *("--cross-play-matches", "2", "--min-phase-steps", "150", "--scripted-players", "random"),
    *("--episode-duration", "10", "--rounds", "6", *EXPLOITERS),
)
RL = ("--iterations", "24", "--eval-every", "8", "--snapshot-every", "3")
SEARCH = ("random", "--start", "supervised", "--budget", "3000", "--eval-every", "8", "--final-matches", "4")
CLONING = (
    *("--preset", "tiny", "--epochs", "2", "--batch-size", "32", "--eval-matches", "2", "--final-matches", "2"),
    *("--save-every", "10", "--cpu"),
)
PIPELINED = ("--engine", "pipelined")
MATCHES = 12  # recorded ones, for imitation


class Command(NamedTuple):
    """What is killed: a module, its words, the flag that says where to write, the metrics file below that."""

    module: str
    words: tuple[str, ...]
    flag: str = "--output-dir"
    metrics: str = "metrics.jsonl"

    def line(self, inputs: Path, folder: Path, threads: int) -> list[str]:
        """The command line that begins the run in `folder`, or goes on with it. inputs: see `make_inputs`."""
        output = folder / "main.pt" if self.flag == "--output" else folder
        cloned = self.module == "alphastar_imitation"
        read = ("--data-dir", inputs / "data") if cloned else ("--supervised-checkpoint", inputs / "start.pt")
        line = [sys.executable, "-m", f"botgame.training.{self.module}", *self.words, *map(str, read)]
        return [*line, self.flag, str(output), "--threads", str(threads), "--resume"]


COMMANDS = {
    "imitation": Command("alphastar_imitation", CLONING, "--output", "main.metrics.jsonl"),
    "rl": Command("alphastar_rl", (*TINY, *RL), "--output", "main.metrics.jsonl"),
    "league": Command("alphastar_league", (*TINY, *LEAGUE)),
    "exploit": Command("exploit", (*SEARCH, *TINY), metrics="supervised/metrics.jsonl"),
    "rl-pipelined": Command("alphastar_rl", (*TINY, *RL, *PIPELINED), "--output", "main.metrics.jsonl"),
    "league-pipelined": Command("alphastar_league", (*TINY, *LEAGUE, *PIPELINED)),
}


class Pace(NamedTuple):
    """Seconds from the start of an undisturbed run until it logs its first line, and until its end."""

    first: float
    end: float

    def moment(self, chance: random.Random, kill: int, kills: int) -> float:
        """When to send kill number `kill`: so early that all hit the run, and the first before anything is logged."""
        start = 0.5 * self.first
        return chance.uniform(start, self.first if not kill else self.first + 1.5 * (self.end - self.first) / kills)


def train_start(output: Path, *words: str) -> Path:
    """Train the tiny checkpoint that runs begin with; `words`: further flags. Returns `output`."""
    line = [sys.executable, "-m", "botgame.training.alphastar_rl", *words, *TINY, "--scratch", "tiny"]
    line += ["--iterations", "1", "--eval-every", "0", "--threads", "1", "--output", str(output)]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return output


def make_inputs(folder: Path) -> None:
    """Write what the commands read: `start.pt`, and recorded matches in `data`."""
    train_start(folder / "start.pt")
    line = [sys.executable, "-m", "botgame.server.run_match", "--num_scripted_bots", "2", "--episode_duration", "20"]
    line += ["--record_replay", "--num_matches", str(MATCHES), "--data-dir", str(folder / "data")]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def begin(line: Sequence[str]) -> subprocess.Popen[Any]:
    """Start a command in silence."""
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def undisturbed(line: Sequence[str], metrics: Path) -> Pace:
    """Run a command to its end. Raises RuntimeError when it does not end well."""
    began, process, first = time.monotonic(), begin(line), 0.0
    while process.poll() is None:
        if not first and metrics.exists() and metrics.stat().st_size:
            first = time.monotonic() - began
        time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"the run does not end well: {' '.join(line)}")
    return Pace(first, time.monotonic() - began)


def kill(process: subprocess.Popen[Any]) -> int:
    """Kill a command; returns how many of its processes are there 5 seconds later."""
    from process_tree import descendants, is_alive

    below = descendants(process.pid)
    process.kill()
    process.wait()
    end = time.monotonic() + 5
    while (left := sum(map(is_alive, below))) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def disturbed(line: Sequence[str], pace: Pace, kills: int, chance: random.Random) -> tuple[int, int]:
    """Begin the run and kill it so often, then let it end; returns kills that hit it and processes that outlived them.

    A run that ends before it is killed is no longer hit. Raises RuntimeError when it does not end well.
    """
    hit = left = 0
    for number in range(kills):
        process = begin(line)
        time.sleep(pace.moment(chance, number, kills))
        if process.poll() is None:
            left += kill(process)
            hit += 1
    if begin(line).wait():
        raise RuntimeError(f"the run does not go on: {' '.join(line)}")
    return hit, left


def differences(folder: Path, whole: Path) -> Iterator[str]:
    """The files of a run that differ from those of the undisturbed one."""
    for path in sorted(whole.rglob("*")):
        other = folder / path.relative_to(whole)
        compared = path.suffix in (".pt", ".jsonl") or path.name in ("league_state.json", "exploit.json")
        if compared and "resume" not in path.name and not (other.exists() and _contents(path) == _contents(other)):
            yield str(path.relative_to(whole))


def _contents(path: Path) -> object:
    """What must be equal: all but clock readings."""
    if path.suffix == ".pt":
        made = load_checkpoint(path, lms())
        return made.counters, {name: tensor.numpy().tobytes() for name, tensor in made.weights.items()}
    if "metrics" in path.name:
        rows = map(json.loads, path.read_text().splitlines())
        return [{name: value for name, value in row.items() if "time_" not in name} for row in rows]
    return path.read_bytes()


def compared(name: str, inputs: Path, home: Path, options: Any, chance: random.Random) -> bool:
    """Run one command both ways and print a line about it; returns whether all is well."""
    command, whole, folder = COMMANDS[name], home / "whole", home / "killed"
    pace = undisturbed(command.line(inputs, whole, options.threads), whole / command.metrics)
    hit, left = disturbed(command.line(inputs, folder, options.threads), pace, options.kills, chance)
    found = list(differences(folder, whole))
    if (folder / "matches.jsonl").exists():
        found += wrong_sums(folder)
    lines = (folder / command.metrics).read_bytes().count(b"\n")
    print(
        f"{name}, --threads {options.threads}, undisturbed in {pace.end:.0f} s (first line after {pace.first:.0f} s): "
        f"{hit} kills; {left} processes left; {lines} lines of metrics; wrong: {', '.join(found) or 'nothing'}",
        flush=True,
    )
    return not (found or left)


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("kills.py", "Kill runs at random moments and compare their ends with undisturbed ones.")
    parser.flag("--kills", type=cli.positive_int, default=30, help="kills of each command")
    parser.flag("--threads", type=cli.positive_int, default=2, help="processes of a run")
    parser.flag("--seed", type=cli.seed, default=0, help="decides the moments")
    parser.flag("--commands", default=",".join(COMMANDS), help=f"of {','.join(COMMANDS)} (default: all)")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each command; returns the exit code."""
    options = build_parser().parse_args(argv)
    commands = options.commands.split(",")
    if unknown := [name for name in commands if name not in COMMANDS]:
        raise UserError(f"--commands: {unknown[0]!r} is none of {', '.join(COMMANDS)}", 2)
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        inputs = Path(name, "inputs")
        make_inputs(inputs)
        well = [compared(command, inputs, Path(name, command), options, chance) for command in commands]
    return 0 if all(well) else 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"{os.cpu_count()} cores")
    sys.exit(main())
