"""The whole pipeline at a size of a few minutes: matches, imitation, RL, a short league, the report, win rates.

Each step is the command a user would type, run as its own process and printed before it runs. Stopped half way, the
same command goes on where it was.

    python -m botgame quickstart
    python -m botgame quickstart --scale 0.1 --folder demo
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.errors import UserError
from botgame.signals import Terminated

SEED_OF_EVALUATION = "900000"


def build_parser() -> cli.Parser:
    """The flags of `botgame quickstart`."""
    parser = cli.Parser("botgame quickstart", "Record matches, imitate, fine-tune, play a short league, report.")
    parser.flag(
        "--folder", type=cli.path, default=Path("quickstart"), help="where everything is kept, some 600 MB at --scale 1"
    )
    parser.flag("--scale", type=cli.positive_float, default=1.0, help="size of every step; 1 takes some minutes")
    parser.flag("--seed", type=cli.seed, default=0, help="seed of every step")
    parser.flag("--threads", type=cli.non_negative_int, default=0, help="CPU threads of the trainers; 0: one a core")
    parser.flag("--preset", default="small-fast", help="size of the network")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the steps in order; the first that fails ends the command with its exit code."""
    options = build_parser().parse_args(argv)
    for title, module, words in steps(options.folder, options.scale, options.seed, options.threads, options.preset):
        print(f"\n== {title}\n   {cli.command_line(['python', '-m', module, *words])}", flush=True)
        code = run_step([sys.executable, "-m", module, *words])
        if code == 130:
            raise KeyboardInterrupt
        if code:
            raise UserError(
                f"step '{title}' failed with exit code {code}: correct what it said, then run this again", code
            )
    print(f"\nReport: {options.folder / 'league' / 'summary.html'}")
    print(f"Play against it: python -m botgame play {options.folder / 'pi_rl.pt'}")
    print("Next: the runbook's full sizes, docs/runbook.md")
    return 0


def run_step(words: Sequence[str]) -> int:
    """The exit code of a step. It is asked to end when we are and then waited for, since it commits first.

    Ctrl-C reaches it without us, from the terminal.
    """
    with subprocess.Popen(words) as process:
        while True:
            try:
                return process.wait()
            except Terminated:
                if os.name != "nt":  # there Ctrl-Break has reached it, and this would end it at once
                    process.terminate()
            except KeyboardInterrupt:
                continue


def steps(folder: Path, scale: float, seed: int, threads: int, preset: str) -> list[tuple[str, str, list[str]]]:
    """(title, module, arguments) of every step, sized by `scale`."""

    def size(number: int) -> str:
        return str(max(1, round(number * scale)))

    data, league = folder / "data", folder / "league"
    supervised, tuned = folder / "pi_sup.pt", folder / "pi_rl.pt"
    train = ["--resume", "--seed", str(seed), "--threads", str(threads)]
    start = ["--supervised-checkpoint", str(supervised)]
    record = ["--num-matches", size(200), "--seed", "1001", "--record-replay", "--data-dir", str(data)]
    imitate = ["--data-dir", str(data), "--output", str(supervised), "--epochs", size(4), "--preset", preset]
    imitate += ["--eval-every", "0", "--final-matches", size(200)]  # its duels would take as long as two epochs
    engine = ["--engine", "pipelined"] if (threads or os.cpu_count() or 1) > 1 else []
    tune = [*start, "--output", str(tuned), "--small-steps", "--iterations", size(130), "--eval-every", "0", *engine]
    tune += ["--matchmaking", "fixed"]  # so short a run gains nothing by meeting the expert less
    play = [*start, "--output-dir", str(league), "--rounds", "2", "--rl-iterations-per-round", size(6)]
    play += ["--matches-per-actor", "32", "--lr-fall", "linear"]  # a short run learns little once its rates are low
    files = ["--league-state", str(league / "league_state.json"), "--matches", str(league / "matches.jsonl")]
    return [
        ("record matches", "botgame.server.run_match", record),
        ("imitate", "botgame.training.alphastar_imitation", [*imitate, *train]),
        ("fine-tune with RL", "botgame.training.alphastar_rl", [*tune, *train]),
        ("play a short league", "botgame.training.alphastar_league", [*play, *train]),
        ("report the league", "botgame.training.report_league", [*files, "--output", str(league / "summary.json")]),
        (
            "win rates on unseen seeds",
            "botgame.training.evaluate",
            [str(tuned), "lms_re", "legacy", str(supervised), "--matches", size(400), "--seed", SEED_OF_EVALUATION],
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
