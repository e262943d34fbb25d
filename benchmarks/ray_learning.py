r"""Does a cluster learn what one process learns? Equal runs in all engines, with several seeds, and their win rates.

    python benchmarks/ray_learning.py
    python benchmarks/ray_learning.py --seeds 8 --actors 4 --iterations 30

Each run trains a tiny network from random weights in the toy game of the tests, with the real command, and meets a bot
that plays at random in held-out duels on the way. Actors act while the command learns, so their sequences are an
iteration older, as those of the pipelined engine are. Prints, after as many iterations each, the mean win rate over
seeds of each engine, and by how much others differ from the local one, with 95 % intervals from Student's t (Welch's
for the differences). Linux, and `pip install "botgame[ray]"`.
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scipy import stats

from botgame import cli
from botgame.training import alphastar_rl

RIVAL = "chance"
WORDS = (
    *("--game", "toy_game:toy", "--scratch", "tiny", "--cpu", "--save-every", "1000"),
    *("--matches-per-actor", "16", "--actor-rollouts", "4", "--unroll-length", "8", "--batch-size", "16"),
    *("--min-replay-sequences", "16", "--lr", "1e-3", "--eval-every", "6", "--eval-matches", "400"),
)


def rows_of(words: Sequence[str], seed: int, iterations: int) -> list[dict[str, float]]:
    """The lines of the metrics of one run. Raises RuntimeError where the command fails."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        output = Path(folder, "run.pt")
        run = [*WORDS, *words, "--seed", str(seed), "--iterations", str(iterations), "--output", str(output)]
        if alphastar_rl.main(run):
            raise RuntimeError(said.getvalue())
        return [json.loads(row) for row in output.with_suffix(".metrics.jsonl").read_text().splitlines()]


def rates_of(rows: Sequence[dict[str, float]]) -> dict[int, float]:
    """Win rate of each evaluation, by iteration."""
    return {int(row["step"]): row[f"eval/{RIVAL}"] for row in rows if f"eval/{RIVAL}" in row}


def mean_of(values: Sequence[float]) -> str:
    """The mean of the values and its interval."""
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    return f"{statistics.mean(values):.1%} [{low:.1%}, {high:.1%}]"


def difference_of(one: Sequence[float], other: Sequence[float]) -> str:
    """The difference of the means, other - one, and its interval."""
    found = stats.ttest_ind(other, one, equal_var=False)
    low, high = found.confidence_interval(0.95)
    return f"{statistics.mean(other) - statistics.mean(one):+.1%} [{low:+.1%}, {high:+.1%}]"


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("ray_learning.py", "Compare what a Ray cluster and one process learn.")
    parser.flag("--seeds", type=cli.positive_int, default=6, help="runs of each engine, 2 or more")
    parser.flag("--actors", type=cli.positive_int, default=2, help="Ray actors")
    parser.flag("--iterations", type=cli.positive_int, default=24, help="length of a run")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each run, then the means."""
    options = build_parser().parse_args(argv)
    engines = {
        "local": ("--threads", "1"),
        "pipelined": ("--threads", "2", "--engine", "pipelined"),
        "ray": ("--threads", "1", "--engine", "ray", "--actors", str(options.actors)),
    }
    found: dict[str, list[dict[int, float]]] = {name: [] for name in engines}
    for seed in range(options.seeds):
        for name, words in engines.items():
            rows = rows_of(words, seed, options.iterations)
            found[name].append(rates_of(rows))
            rates = "  ".join(f"{rate:.1%}" for rate in found[name][-1].values())
            age, updates = rows[-1]["staleness"], rows[-1]["updates"]
            print(f"seed {seed}, {name}: {rates}, staleness {age:.1f} at {updates} updates", flush=True)
    for step in found["local"][0]:
        arms = {name: [rates[step] for rates in runs] for name, runs in found.items()}
        means = ", ".join(f"{mean_of(rates)} {name}" for name, rates in arms.items())
        local = arms.pop("local")
        more = ", ".join(f"{name} {difference_of(local, rates)}" for name, rates in arms.items())
        print(f"after {step} iterations: {means}; less local: {more}")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    sys.exit(main())
