r"""Never lose a run: kills RL and league runs at random moments, and compares their ends with undisturbed runs.

    python benchmarks/kills.py
    python benchmarks/kills.py --kills 30 --threads 2 --seed 1

Runs are tiny, in the arena, and commit every iteration. Each kill is a SIGKILL of the command between its start and
some seconds later, so it may hit the start of other processes, acting, learning, a commit or an evaluation. Afterwards
the run is resumed to its end. Prints what differs from the undisturbed run: metrics but for clock readings, matches,
the league's state and payoff, weights. Exits with 1 where anything does, or a process outlives a kill by 5 seconds.
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
from typing import Any

import torch

from botgame import cli
from botgame.errors import UserError
from botgame.lms.game import lms
from botgame.training.alphastar.checkpoint import load_checkpoint

TINY = (
    *("--actor-rollouts", "2", "--learner-updates", "1", "--unroll-length", "8", "--batch-size", "8", "--cpu"),
    *("--matches-per-actor", "8", "--replay-size", "64", "--min-replay-sequences", "4", "--eval-matches", "2"),
    *("--save-every", "1"),
)
LEAGUE = (
    *("--rl-iterations-per-round", "2", "--past-matches", "2", "--past-selves", "2", "--cross-play-players", "4"),
    *("--cross-play-matches", "2", "--min-phase-steps", "150", "--scripted-players", "random"),
    *("--episode-duration", "10"),
)
COMMANDS = {
    "rl": ("alphastar_rl", ("--iterations", "40", "--eval-every", "10", "--snapshot-every", "3"), "--output"),
    "league": ("alphastar_league", (*LEAGUE, "--rounds", "8"), "--output-dir"),
}
LEAST, MOST = 2.0, 12.0  # seconds from the start of a command to its end


def line_of(name: str, start: Path, folder: Path, threads: int) -> list[str]:
    """The command that begins the run in `folder`, or goes on with it."""
    module, words, flag = COMMANDS[name]
    output = folder / "main.pt" if flag == "--output" else folder
    line = [sys.executable, "-m", f"botgame.training.{module}", "--supervised-checkpoint", str(start)]
    return [*line, *TINY, *words, flag, str(output), "--threads", str(threads), "--resume"]


def train_start(output: Path, *words: str) -> Path:
    """Train the tiny checkpoint that runs begin with; `words`: further flags. Returns `output`."""
    line = [sys.executable, "-m", "botgame.training.alphastar_rl", *words, *TINY, "--scratch", "tiny"]
    line += ["--iterations", "1", "--eval-every", "0", "--threads", "1", "--output", str(output)]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return output


def begin(line: Sequence[str]) -> subprocess.Popen[Any]:
    """Start a command in silence."""
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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


def differences(folder: Path, whole: Path) -> Iterator[str]:
    """The files of a run that differ from those of the undisturbed one."""
    for path in sorted(whole.rglob("*")):
        other = folder / path.relative_to(whole)
        compared = path.suffix in (".pt", ".jsonl") or path.name == "league_state.json"
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


def disturbed(line: Sequence[str], kills: int, chance: random.Random) -> tuple[int, int]:
    """Begin the run and kill it so often, then let it end; returns kills that hit it and processes that outlived them.

    A run that ends before it is killed is no longer hit. Raises RuntimeError when it does not end well.
    """
    hit = left = 0
    for _ in range(kills):
        process = begin(line)
        time.sleep(chance.uniform(LEAST, MOST))
        if process.poll() is None:
            left += kill(process)
            hit += 1
    if begin(line).wait():
        raise RuntimeError(f"the run does not go on: {' '.join(line)}")
    return hit, left


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
    chance, wrong = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        start = train_start(Path(name, "start", "start.pt"))
        for command in commands:
            whole, folder = Path(name, command, "whole"), Path(name, command, "killed")
            began = time.monotonic()
            if begin(line_of(command, start, whole, options.threads)).wait():
                raise RuntimeError(f"{command} does not run")
            alone = time.monotonic() - began
            hit, left = disturbed(line_of(command, start, folder, options.threads), options.kills, chance)
            found = list(differences(folder, whole))
            wrong += bool(found or left)
            print(
                f"{command}, --threads {options.threads}, undisturbed in {alone:.0f} s: {hit} kills; "
                f"{left} processes left; differs: {', '.join(found) or 'nothing'}",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"{os.cpu_count()} cores")
    sys.exit(main())
