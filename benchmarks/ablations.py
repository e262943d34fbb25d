r"""Does every part of the recipe earn its place? The ablations of AlphaStar's Fig. 3 on our own game.

    python benchmarks/ablations.py --list
    python benchmarks/ablations.py --data-dir data/processed --jobs 2 --minutes 120
    python benchmarks/ablations.py --report

The second line makes runs, all arms with the first seed before the next seed, and may be stopped (Ctrl-C, a kill, the
end of its minutes) and given again: what is finished stays, what was begun goes on. `--report` plays each panel's
final agents against each other and writes its tables in `docs/ablations.md` and its plot; panels of which fewer than
two arms have runs stay.
On Windows a sitting runs but Ctrl-C does not make it commit: what is in progress then goes on from its last commit.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ablation_arms import BY_NAME, Plan, chosen, measuring, training
from ablation_page import picture, plot, replaced, section
from ablation_panels import PANELS, collect
from ablation_runs import Job, Sitting
from botgame import cli
from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.training.runs.same_flags import then_and_now
from botgame.wording import counted

ROOT = Path(__file__).resolve().parent.parent
SIZES_FILE = "sizes.json"
_SIZES = ("budget", "response_budget", "epochs", "matches", "extra")


def build_parser() -> cli.Parser:
    """The flags of the ablations."""
    parser = cli.Parser("ablations", "Train the arms of the ablations, or report on them.")
    parser.flag("--list", action="store_true", help="print the arms with their commands for the first seed, and end")
    parser.flag("--report", action="store_true", help="write the panels and plots of what is finished, and end")
    parser.flag("--arms", default="", help="comma-separated; what they start from is made too; '' for all")
    parser.flag("--seeds", default="0,1,2", help="comma-separated")
    parser.flag("--budget", type=cli.positive_int, default=Plan.budget, help="decisions of a run of price 1")
    parser.flag(
        "--response-budget", type=cli.positive_int, default=Plan.response_budget, help="those of each best response"
    )
    parser.flag("--epochs", type=cli.positive_int, default=Plan.epochs, help="epochs of imitation")
    parser.flag("--matches", type=cli.positive_int, default=Plan.matches, help="duels of each measure")
    parser.flag("--head-matches", type=cli.positive_int, default=40, help="duels of each pair of a panel's agents")
    parser.flag("--jobs", type=cli.positive_int, default=2, help="runs side by side, one core each")
    parser.flag("--minutes", type=cli.positive_float, default=None, help="start no further run after so long")
    parser.flag("--data-dir", type=Path, default=Path("data/processed"), help="replays to imitate")
    parser.flag("--output-dir", type=Path, default=Path("reports/ablations"), help="runs and results")
    parser.flag("--docs-dir", type=Path, default=ROOT / "docs", help="where --report writes")
    parser.flag("--extra", default="", help="further flags of every trainer, quoted: for tiny runs")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 when everything asked for is done, 1 when runs failed or are left, 130 when stopped."""
    options = build_parser().parse_args(argv)
    plan, seeds = plan_of(options), seeds_of(options.seeds)
    names = [name.strip() for name in options.arms.split(",") if name.strip()]
    if unknown := [name for name in names if name not in BY_NAME]:
        raise UserError(f"--arms {', '.join(unknown)}: unknown; --list names them", 2)
    if options.list:
        print("\n\n".join(described(arm.name, seeds[0], plan) for arm in chosen(names)))
        return 0
    if options.report:
        return report(made_plan(plan), seeds, options.head_matches, options.docs_dir, options.jobs)
    keep_sizes(plan)
    jobs = [Job(arm, seed) for seed in seeds for arm in chosen(names)]
    sitting = Sitting(plan, jobs, workers=options.jobs, minutes=options.minutes)
    done = sitting.work()
    if sitting.failed:
        print(f"failed: {'; '.join(sitting.failed)}; the same command tries them again", file=sys.stderr)
    elif not done:
        print("not all runs are made: the same command goes on")
    return 130 if sitting.stopped else 0 if done else 1


def plan_of(options: argparse.Namespace) -> Plan:
    """Sizes and folders that parsed flags describe."""
    return Plan(
        folder=options.output_dir,
        data=options.data_dir,
        budget=options.budget,
        response_budget=options.response_budget,
        epochs=options.epochs,
        matches=options.matches,
        extra=tuple(shlex.split(options.extra)),
    )


def seeds_of(text: str) -> list[int]:
    """`0,1,2` to numbers. Raises UserError (code 2)."""
    try:
        return [cli.seed(word) for word in text.split(",")]
    except argparse.ArgumentTypeError as error:
        raise UserError(f"--seeds {text!r}: {error}", 2) from error


def keep_sizes(plan: Plan) -> None:
    """Note the sizes of the first sitting. Raises UserError (code 2) when they are others now: runs must be equal."""
    path = plan.folder / SIZES_FILE
    sizes = {name: getattr(plan, name) for name in _SIZES} | {"extra": list(plan.extra)}
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(sizes, indent=2).encode() + b"\n")
        return
    before = json.loads(path.read_text())
    if changed := [name for name in sizes if sizes[name] != before[name]]:
        said = then_and_now(changed, _as_flags(before), _as_flags(sizes))
        raise UserError(f"{path}: runs were made with {said}; give those again, or another --output-dir", 2)


def _as_flags(sizes: dict[str, Any]) -> dict[str, Any]:
    """Sizes as flags have them: further flags are one word there."""
    return {**sizes, "extra": shlex.quote(shlex.join(sizes["extra"]))}


def made_plan(plan: Plan) -> Plan:
    """`plan` with the sizes of the runs in its folder, if there are any."""
    path = plan.folder / SIZES_FILE
    if not path.exists():
        return plan
    made = json.loads(path.read_text())
    return replace(plan, **{**made, "extra": tuple(made["extra"])})


def described(name: str, seed: int, plan: Plan) -> str:
    """An arm with its exact commands. Its own past selves join the second one when they exist."""
    arm = BY_NAME[name]
    commands = [command for command in (training(arm, seed, plan), measuring(arm, seed, plan)) if command]
    return "\n".join([f"# {name}: {arm.text}", *(f"python -m {shlex.join(command)}" for command in commands)])


def report(plan: Plan, seeds: Sequence[int], matches: int, docs: Path, jobs: int) -> int:
    """Play the panels, write the page and the plot. Raises UserError before two arms of a panel are finished."""

    def play(checkpoints: list[str], matches: int, path: Path) -> None:
        print(f"playing {path.stem}: {counted(len(checkpoints), 'agent')}", flush=True)
        words = [*checkpoints, "--round-robin", "--matches", str(matches), "--threads", "1", "--json", str(path)]
        command = [sys.executable, "-m", "botgame.training.evaluate", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)

    with ThreadPoolExecutor(jobs) as pool:
        collected = pool.map(lambda panel: collect(panel, plan, seeds, matches, play), PANELS)
        found = [one for one in collected if one]
    if not found:
        raise UserError(f"{plan.folder}: no panel has two finished arms yet; run the arms first")
    page = docs / "ablations.md"
    text = page.read_text(encoding="utf-8")
    for one in found:
        text = replaced(text, one.panel, section(one, plan, seeds))
        write_atomic(docs / "images" / picture(one.panel), plot(one).encode())
    write_atomic(page, text.encode())
    print(f"written to {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
