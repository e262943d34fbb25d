r"""Does a cluster learn what one process learns? Equal runs in both engines, with several seeds, and their win rates.

    python benchmarks/ray_learning.py
    python benchmarks/ray_learning.py --seeds 8 --actors 4 --iterations 30

Each run trains a tiny network from random weights in the toy game of the tests, with the real command, and ends with
held-out duels against a bot that plays at random. Sequences of actors are older, and come in another order, so runs
differ; what must not is what they learn on average. Prints the mean win rate over seeds of each engine and the
difference, with 95 % intervals from Student's t (Welch's for the difference). Linux, `pip install "botgame[ray]"`.
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
    *("--game", "toy_game:toy", "--scratch", "tiny", "--cpu", "--threads", "1", "--save-every", "1000"),
    *("--matches-per-actor", "16", "--actor-rollouts", "4", "--unroll-length", "8", "--batch-size", "16"),
    *("--min-replay-sequences", "16", "--lr", "2e-3", "--eval-every", "1000", "--eval-matches", "400"),
)


def last_row(words: Sequence[str], seed: int, iterations: int) -> dict[str, float]:
    """The last line of the metrics of one run. Raises RuntimeError where the command fails."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        output = Path(folder, "run.pt")
        run = [*WORDS, *words, "--seed", str(seed), "--iterations", str(iterations), "--output", str(output)]
        if alphastar_rl.main(run):
            raise RuntimeError(said.getvalue())
        row: dict[str, float] = json.loads(output.with_suffix(".metrics.jsonl").read_text().splitlines()[-1])
        return row


def mean_line(name: str, values: Sequence[float]) -> str:
    """The mean of the values and its interval."""
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    return f"{name}: {statistics.mean(values):.1%} [{low:.1%}, {high:.1%}] over {len(values)} seeds"


def difference_line(one: Sequence[float], other: Sequence[float]) -> str:
    """The difference of the means, other - one, and its interval."""
    found = stats.ttest_ind(other, one, equal_var=False)
    low, high = found.confidence_interval(0.95)
    return f"difference: {statistics.mean(other) - statistics.mean(one):+.1%} [{low:+.1%}, {high:+.1%}]"


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("ray_learning.py", "Compare what a Ray cluster and one process learn.")
    parser.flag("--seeds", type=cli.positive_int, default=6, help="runs of each engine, 2 or more")
    parser.flag("--actors", type=cli.positive_int, default=2, help="Ray actors")
    parser.flag("--iterations", type=cli.positive_int, default=20, help="length of a run")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each run, then the means."""
    options = build_parser().parse_args(argv)
    engines = {"local": (), "ray": ("--engine", "ray", "--actors", str(options.actors))}
    found: dict[str, list[float]] = {name: [] for name in engines}
    for seed in range(options.seeds):
        for name, words in engines.items():
            row = last_row(words, seed, options.iterations)
            found[name].append(row[f"eval/{RIVAL}"])
            age, updates = row["staleness"], row["updates"]
            print(f"seed {seed}, {name}: {found[name][-1]:.1%}, staleness {age:.1f} at {updates} updates", flush=True)
    for name, rates in found.items():
        print(mean_line(name, rates))
    print(difference_line(*found.values()))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    sys.exit(main())
