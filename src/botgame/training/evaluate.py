"""How strong is a policy? Any policy against any others over mirrored matches, with intervals.

    python -m botgame.training.evaluate artifacts/alphastar/pi_rl.pt lms_re random --matches 1000 --seed 7

The first policy meets each of the others; `--round-robin` lets everybody meet everybody. Each seed is played twice
with seats and schools exchanged. Win rate = (wins + draws/2)/matches with its 95 % Wilson interval. A tiny run:

    python -m botgame.training.evaluate legacy random --matches 10
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from botgame import cli
from botgame.bots.policy import Policy
from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.game.rules import TICKS_PER_SECOND, VERBS, Rules
from botgame.training.mirrored import PARALLEL_MATCHES, Tally, mirrored_results

Pair = tuple[int, int]


def build_parser() -> cli.Parser:
    """The flags of `evaluate`."""
    parser = cli.Parser("botgame.training.evaluate", "Play policies against each other over mirrored matches.")
    parser.add_argument(
        "policies", nargs="+", metavar="POLICY", help="a bot's name, a checkpoint (.pt) or my_module:factory"
    )
    parser.flag("--matches", type=cli.positive_int, default=1000, help="duels a pair, rounded up to an even number")
    parser.flag("--seed", type=cli.seed, default=0, help="decides maps, schools and every sampled action")
    parser.flag("--round-robin", action="store_true", help="everybody against everybody, not only the first")
    parser.flag("--episode-duration", type=cli.positive_float, default=120.0, help="longest match, in game seconds")
    parser.flag("--json", type=Path, default=None, help="also write the figures to this file")
    parser.flag("--parallel", type=cli.positive_int, default=PARALLEL_MATCHES, help="matches played in one batch")
    parser.flag("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="where networks run")
    parser.flag("--threads", type=cli.non_negative_int, default=0, help="CPU threads of a network, 0 = one a core")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play, print two tables and write the JSON. Raises nothing; returns the exit code."""
    args = build_parser().parse_args(argv)
    names: list[str] = args.policies
    if len(names) < 2:
        raise UserError("evaluate needs two or more policies: the one to judge, then its opponents", 2)
    policies = _load(names, args.device, args.threads)
    pairs = list(itertools.combinations(range(len(names)), 2)) if args.round_robin else _first_against(len(names))
    tallies = _play(pairs, names, policies, args)
    console = Console()
    console.print(results_table(names, tallies))
    console.print(verbs_table(names, tallies))
    if args.json is not None:
        write_atomic(args.json, json.dumps(_report(names, tallies, args), indent=2).encode() + b"\n")
        console.print(f"written to {args.json}")
    return 0


def _first_against(count: int) -> list[Pair]:
    return [(0, rival) for rival in range(1, count)]


def _load(names: Sequence[str], device: str, threads: int) -> list[Policy]:
    if any(name.endswith(".pt") for name in names):
        from botgame.training.run import choose_device  # brings torch, which scripted bots do without

        device = str(choose_device(device, cpu=False, threads=threads))
    return [load_policy(name, device="cpu" if device == "auto" else device) for name in names]


def _play(pairs: Sequence[Pair], names: Sequence[str], policies: Sequence[Policy], args: Any) -> dict[Pair, Tally]:
    tallies = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for a, b in pairs:
            task = progress.add_task(f"{names[a]} - {names[b]}", total=args.matches + args.matches % 2)
            tallies[a, b] = mirrored_results(
                policies[a],
                policies[b],
                args.matches,
                args.seed,
                duration_ticks=max(1, round(args.episode_duration * TICKS_PER_SECOND)),
                parallel=args.parallel,
                on_match=functools.partial(progress.advance, task),
            )
            progress.remove_task(task)
    return tallies


def results_table(names: Sequence[str], tallies: dict[Pair, Tally]) -> Table:
    """One row a pair: results, win rate with interval, mean length."""
    table = Table(title="win rate = (wins + draws/2)/matches, with its 95 % Wilson interval")
    for heading in ("policy", "against"):
        table.add_column(heading, overflow="fold")
    for heading in ("won", "drawn", "lost", "win rate", "interval", "length"):
        table.add_column(heading, justify="right", no_wrap=True)
    for (a, b), tally in tallies.items():
        low, high = tally.interval
        counts = (str(number) for number in (tally.wins, tally.draws, tally.losses))
        rate, interval = f"{tally.win_rate:.1%}", f"{100 * low:.1f}-{high:.1%}"
        table.add_row(names[a], names[b], *counts, rate, interval, f"{tally.mean_seconds:.1f} s")
    return table


def verbs_table(names: Sequence[str], tallies: dict[Pair, Tally]) -> Table:
    """Share of each verb other than none in all that a policy did, over all its matches."""
    counts = [[0] * len(VERBS) for _ in names]
    for (a, b), tally in tallies.items():
        for verb in range(len(VERBS)):
            counts[a][verb] += tally.verbs[verb]
            counts[b][verb] += tally.rival_verbs[verb]
    table = Table(title="share of each verb")
    table.add_column("policy", overflow="fold")
    for heading in VERBS[1:]:
        table.add_column(heading, justify="right")
    for name, row in zip(names, counts, strict=True):
        table.add_row(name, *(f"{count / max(1, sum(row[1:])):.1%}" for count in row[1:]))
    return table


def _report(names: Sequence[str], tallies: dict[Pair, Tally], args: Any) -> dict[str, Any]:
    return {
        "seed": args.seed,
        "episode_duration": args.episode_duration,
        "rules": Rules().digest(),
        "policies": list(names),
        "pairs": [{"a": names[a], "b": names[b], **tally.to_dict()} for (a, b), tally in tallies.items()],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
