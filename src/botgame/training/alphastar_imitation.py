"""Imitation: clone the players of recorded matches into `pi_sup.pt`, the start and the teacher of RL.

    python -m botgame.training.alphastar_imitation --data-dir data/processed --output artifacts/alphastar/pi_sup.pt

A batch is `--batch-size` decisions in windows of `--window`; an epoch sees every chosen decision once. The network is
judged by games against the game's yardsticks, not by its loss. Beside the output lie `.best.pt`, `.epochNNNNNN.pt`,
`.resume.pt`, `.config.json`, `.metrics.jsonl` and `.tb/`, and after an alarm `.good.pt`. A tiny run, with a few
recorded matches:

    python -m botgame.training.alphastar_imitation --preset tiny --epochs 1 --eval-matches 2 --final-matches 2 --cpu
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from botgame import cli
from botgame.errors import UserError
from botgame.feedback import name_replays, read_manifests, read_streams
from botgame.game import Game
from botgame.games import load_game
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.alphastar.statistic_z.condition import Conditioning
from botgame.training.alphastar.statistic_z.conditioning import Briefing
from botgame.training.imitation.conditioning import brief
from botgame.training.imitation.conditioning import describe as describe_briefing
from botgame.training.imitation.run import EXTENDS, ImitationRun
from botgame.training.imitation.source import ReplaySource
from botgame.training.rl.flags import add_machine_flags, add_precision_flags, flag_values
from botgame.training.runs.game_flags import add_game_flag
from botgame.training.runs.run import RunPaths, begin, choose_device, resume_command, stop_on_interrupt

MODULE = "botgame.training.alphastar_imitation"
LARGEST_BATCH = 16_384


def build_parser() -> cli.Parser:
    """The flags of imitation."""
    parser = cli.Parser(MODULE, "Clone the players of recorded matches.")
    flag = parser.flag
    add_game_flag(parser)
    flag("--data-dir", type=Path, default=Path("data/processed"), help="replays, searched recursively")
    flag("--feedback-dir", type=Path, default=Path("reports/feedback_training"), help="feedback streams of live play")
    flag("--reports-live-dir", type=Path, default=Path("reports/live"), help="manifests of live matches")
    flag("--output", type=Path, default=Path("artifacts/alphastar/pi_sup.pt"), help="the checkpoint to write")
    flag("--epochs", type=cli.positive_int, default=10, help="passes over the data; may grow on --resume")
    flag("--batch-size", type=cli.positive_int, default=128, help="decisions an update, in windows")
    flag("--lr", type=cli.positive_float, default=3e-4, help="learning rate of Adam")
    flag("--window", type=cli.positive_int, default=8, help="consecutive decisions of one seat in a batch")
    flag(
        "--seats",
        default=None,
        metavar="A,B,...",
        help="names of policies, `human`, `winners`, or `all`; unless given the game's yardstick bot and human",
    )
    flag("--winner-epochs", type=cli.non_negative_int, default=0, help="then passes over the seats that won; may grow")
    flag("--winner-lr", type=cli.positive_float, default=3e-5, help="learning rate of those")
    flag("--value-weight", type=cli.non_negative_float, default=0.5, help="loss weight of the critic on the outcome")
    flag("--clip-norm", type=cli.positive_float, default=10.0, help="largest norm of a gradient")
    flag("--temperature", type=cli.positive_float, default=0.5, help="at which the result is sampled when it plays")
    flag("--preset", choices=sorted(SIZES), default="small", help="size of the network")
    flag("--capacity", type=cli.positive_int, default=400_000, help="decisions held in memory (some 2.5 KB each)")
    flag("--eval-every", type=cli.non_negative_int, default=2, help="epochs between evaluations; 0: only at the end")
    flag("--eval-matches", type=cli.positive_int, default=200, help="matches of a periodic evaluation")
    flag("--final-matches", type=cli.positive_int, default=1000, help="matches of the last evaluation, unseen seeds")
    flag("--save-every", type=cli.positive_int, default=500, help="updates between commits and metric lines")
    flag("--keep", type=cli.non_negative_int, default=3, help="periodic checkpoints to keep; 0: all")
    add_told_flags(parser)
    add_precision_flags(parser)
    add_machine_flags(parser)
    return parser


def add_told_flags(parser: cli.Parser) -> None:
    """What the network is told of a seat; at 0 there is no such input."""
    flag, probability = parser.flag, cli.probability
    text = "statistic z: how often a seat's opening is given to the network (AlphaStar's code: 0.8; 0: no such input)"
    flag("--z-opening", type=probability, default=0.0, help=text)
    text = "statistic z: the same for the totals of its match (AlphaStar's code: 0.5)"
    flag("--z-totals", type=probability, default=0.0, help=text)
    text = "how often a seat's rating is given to the network (0.9 is usual; 0: no such input); at play it is the top"
    flag("--rating-input", type=probability, default=0.0, help=text)


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code (130 after Ctrl-C, with the command that goes on)."""
    args = build_parser().parse_args(argv)
    if args.batch_size > LARGEST_BATCH:
        raise UserError(f"--batch-size {args.batch_size} is absurd: many small updates clone best; try 128", 2)
    device = choose_device(
        args.device, cpu=args.cpu, threads=args.threads, precision=args.precision, compiled=args.compile
    )
    console = Console(stderr=True)
    game = load_game(args.game)
    source = open_source(args, game, console)
    config = flag_values(args, leave_out=("command",))
    paths = RunPaths.beside(args.output)
    state = begin(paths, config, resume=args.resume, extends=EXTENDS)
    if state is not None:
        source.restrict(state["names"])
    briefing = open_briefing(args, source, console)
    run = ImitationRun(args, config, paths, source, device, state, briefing)
    console.print(f"seed {args.seed}, device {device}, {run.parameters:,} parameters, output {args.output}")
    offset, step = (state["metrics_offset"], state["cloner"]["updates"] + 1) if state else (0, 0)
    with (
        MetricsWriter(paths.metrics, paths.tensorboard, offset=offset, step=step) as metrics,
        stop_on_interrupt() as stop,
        Progress(*_columns(), console=console, transient=True) as progress,
    ):
        decisions = args.epochs * source.usage.decisions + args.winner_epochs * source.winning_decisions
        task = progress.add_task("imitation", total=max(1, decisions), completed=run.seen)
        for event in run.train(metrics, stop):
            progress.update(task, completed=event.seen, description=event.text)
            if event.line:
                progress.console.print(event.line, soft_wrap=True)
    if run.stopped:
        console.print(f"stopped and saved; go on with:\n{resume_command(argv, MODULE)}", soft_wrap=True)
        return 130
    console.print(f"written to {args.output}", soft_wrap=True)
    return 0


def open_source(args: Any, game: Game, console: Console) -> ReplaySource:
    """Find and choose what to learn from, and say what there is. Raises UserError when that is nothing."""
    for flag, folder in (("--feedback-dir", args.feedback_dir), ("--reports-live-dir", args.reports_live_dir)):
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{flag} {folder} is a file, expected a folder", 2)
    seats = f"{game.yardstick},human" if args.seats is None else args.seats
    words = [word.strip() for word in seats.split(",") if word.strip()]
    manifests = read_manifests(args.reports_live_dir)
    streams = name_replays(read_streams(args.feedback_dir), manifests)
    source = ReplaySource(
        game, args.data_dir, words, manifests, streams, lambda line: console.print(line, soft_wrap=True)
    )
    usage = source.usage
    if not usage.replays:
        raise UserError(
            f"--data-dir {args.data_dir} holds no usable replay; record some with "
            "python -m botgame.server.run_match --num_matches 200 --num_scripted_bots 2 --record_replay"
        )
    if not usage.decisions:
        raise UserError(f"--seats {seats} matches no seat of {usage.replays} replays; try --seats all", 2)
    if args.winner_epochs and not source.winning_decisions:
        raise UserError(f"--winner-epochs {args.winner_epochs}: no seat of --seats {seats} has won a match", 2)
    for line in describe(usage):
        console.print(line, soft_wrap=True)
    return source


def open_briefing(args: Any, source: ReplaySource, console: Console) -> Briefing | None:
    """Measure what the network shall be told, and say it. None when it is told nothing."""
    if not (args.z_opening or args.z_totals or args.rating_input):
        return None
    statistic = source.game.statistic_z
    if statistic is None:
        raise UserError(f"--z-opening, --z-totals, --rating-input: game {source.game.name} measures no statistic z", 2)
    told = Conditioning(statistic.style, args.z_opening > 0, args.z_totals > 0, args.rating_input > 0)
    briefing = brief(source, told)
    for line in describe_briefing(briefing, source):
        console.print(line, soft_wrap=True)
    return briefing


def describe(usage: Any) -> list[str]:
    """What is used, in sentences for the console."""
    return [
        f"data: {usage.replays} replays ({usage.skipped} skipped), {usage.seats} seats, {usage.decisions:,} decisions",
        f"feedback: {usage.corrections} corrections and {usage.marks} marks used, "
        f"{usage.corrections_unmatched} and {usage.marks_unmatched} match no decision",
        f"live reports: {usage.live_matches} matches used for {usage.outcomes} outcomes and {usage.ratings} ratings, "
        f"{usage.live_matches_unmatched} without a replay",
    ]


def _columns() -> tuple[Any, ...]:
    text = TextColumn("{task.description}")
    return (text, BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("ETA"), TimeRemainingColumn())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
