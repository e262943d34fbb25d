"""From the flags of `exploit` to its searches, and what they found as a table."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from botgame.bot_names import files_of, split_style
from botgame.games import load_game
from botgame.locks import locked
from botgame.outputs import check_apart, check_folder
from botgame.policies import load_policy
from botgame.training.best_response.results import Exploit, Point, folder_of
from botgame.training.best_response.search import SCRATCH, SUPERVISED, Task, files_in, fresh_origins, prepare, search
from botgame.training.console import plain_console
from botgame.training.rl.command import inputs
from botgame.training.rl.flags import engine_choice, flag_values, thread_count, training_config
from botgame.training.rl.setting import Schedule
from botgame.training.runs.game_flags import rules_digest
from botgame.training.runs.run import choose_device, resume_command

REPORTS = Path("reports/exploit")


def exploit(options: argparse.Namespace, module: str, argv: Sequence[str] | None) -> int:
    """The whole command. Returns the exit code; raises UserError. module: how --resume is told to start it."""
    game = load_game(options.game)
    device = choose_device(
        options.device, cpu=options.cpu, threads=1, precision=options.precision, compiled=options.compile
    )
    folder = options.output_dir or REPORTS / folder_of(game.name, options.target)
    check_folder("--output-dir", folder)
    check_apart("--output-dir", files_in(folder), inputs(options, "TARGET", [options.target]))
    results = Exploit(game.name, options.target, _digest(options.target), rules_digest(game))
    task = Task(
        game=game,
        config=training_config(options, game),
        target=load_policy(game, options.target, str(device)),
        folder=folder,
        supervised=options.supervised_checkpoint,
        preset=options.preset,
        critic=options.critic,
        budget=options.budget,
        schedule=Schedule(options.eval_every, options.save_every, evaluate_ends=True),
        matches=options.eval_matches,
        final_matches=options.final_matches,
        flags=flag_values(options),
        resume=options.resume,
        seed=options.seed,
        threads=thread_count(options),
        device=device,
        engine=engine_choice(options),
    )
    starts = (SUPERVISED, SCRATCH) if options.start == "both" else (options.start,)
    origins = fresh_origins(task, starts, results.identity)
    with locked(folder / "exploit.lock", folder):
        prepare(task, starts, origins, results)
        for start in starts:
            print(f"best response against {options.target}, start: {start}")
            if not search(task, start, origins.get(start), results, resume_command(argv, module)):
                return 130
    plain_console().print(curves_table(results))
    worst = results.worst()
    if worst:
        print(f"exploitability of {options.target}: the best response ({worst[0]} start) wins {worst[1]}")
    print(f"written to {task.folder}")
    return 0


def curves_table(results: Exploit) -> Table:
    """Win rate over time of every search; its last row is the best version on unseen seeds."""
    table = Table(title=f"best responses against {results.target}: win rate with its 95 % Wilson interval")
    table.add_column("start", overflow="fold")
    for heading in ("decisions", "won", "drawn", "lost", "win rate", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for start, search_of in results.searches.items():
        for point in search_of.curve:
            table.add_row(start, *_cells(point))
        if search_of.final:
            table.add_row(f"{start}, best", *_cells(search_of.final), style="bold", end_section=True)
    return table


def _cells(point: Point) -> tuple[str, ...]:
    counts = (f"{number:,}" for number in (point.decisions, point.wins, point.draws, point.losses))
    return (*counts, f"{point.win_rate:.1%}", f"{100 * point.low:.1f}-{point.high:.1%}")


def _digest(target: str) -> str:
    """SHA-256 of the files behind a target, so that --resume meets the same weights; "" for a bot without one.

    What is no file, as the name of a style, counts as it is written.
    """
    if not files_of(target):
        return ""
    parts = [Path(part) for part in split_style(target)]
    return hashlib.sha256(b"".join(p.read_bytes() if p.is_file() else bytes(p) for p in parts)).hexdigest()
