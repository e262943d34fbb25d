"""Imitation: clone the players of recorded matches into `pi_sup.pt`, the start and the teacher of RL.

    python -m botgame.training.alphastar_imitation --data-dir data/processed --output artifacts/alphastar/pi_sup.pt

A batch is `--batch-size` decisions in windows of `--window`; an epoch sees every chosen decision once. The network is
judged by games against the game's yardsticks, not by its loss. Beside the output lie `.best.pt`, `.epochNNNNNN.pt`,
`.resume.pt`, `.config.json`, `.metrics.jsonl` and `.tb/`, and `.good.pt` after a flagged diagnostic. A tiny run, with
a few recorded matches:

    python -m botgame.training.alphastar_imitation --preset tiny --epochs 1 --eval-matches 2 --final-matches 2 --cpu

A bot that plays like one person, who has played live: the champion, fine-tuned to that person's seats. It is installed
as the bot `ghost-of-Ann`.

    python -m botgame.training.alphastar_imitation --person Ann --start-checkpoint champion
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.training.alphastar.network.presets import SIZES
from botgame.training.rl.flags import MACHINE, add_machine_flags, add_precision_flags
from botgame.training.runs.game_flags import add_game_flag

MODULE = "botgame.training.alphastar_imitation"
DATA, TRAINING, RESULTS = "data", "training", "results"
ADVANCED, CONDITION = "advanced: training", "advanced: what the network is conditioned on"
SECTIONS = (DATA, TRAINING, RESULTS, MACHINE, ADVANCED, CONDITION)


def build_parser() -> cli.Parser:
    """The flags of imitation."""
    parser = cli.Parser(MODULE, "Clone the players of recorded matches.", SECTIONS)
    flag = parser.flag
    parser.section(DATA)
    add_game_flag(parser)
    flag("--data-dir", type=cli.path, default=Path("data/processed"), help="replays, searched recursively")
    flag(
        "--feedback-dir", type=cli.path, default=Path("reports/feedback_training"), help="feedback streams of live play"
    )
    flag("--reports-live-dir", type=cli.path, default=Path("reports/live"), help="manifests of live matches")
    flag(
        "--seats",
        default=None,
        metavar="A,B,...",
        help="names of policies, `human`, `winners`, or `all` (default: the game's yardstick bot, and human)",
    )
    text = "imitate only this person, and install the result as the bot ghost-of-NAME"
    flag("--person", metavar="NAME", help=text)
    text = "leave out matches in which no person played and which nobody commented"
    flag("--only-with-people", action="store_true", help=text)
    parser.section(TRAINING)
    flag("--epochs", type=cli.positive_int, default=10, help="passes over the data; may grow on --resume")
    flag("--batch-size", type=cli.positive_int, default=128, help="decisions an update, in windows")
    flag("--lr", type=cli.positive_float, default=3e-4, help="learning rate of Adam")
    flag("--preset", choices=sorted(SIZES), help="size of a fresh network (default: small)")
    text = "fine-tune this trained bot, a .pt file or a name as champion, instead of a fresh network"
    flag("--start-checkpoint", metavar="BOT", help=text)
    parser.section(RESULTS)
    text = "the checkpoint to write (default: artifacts/alphastar/pi_sup.pt, with --person ghost-of-NAME.pt there)"
    flag("--output", type=cli.path, help=text)
    flag("--eval-every", type=cli.non_negative_int, default=2, help="epochs between evaluations; 0: only at the end")
    flag("--eval-matches", type=cli.positive_int, default=200, help="matches of a periodic evaluation")
    text = "matches of the last evaluation, unseen seeds; 0: none"
    flag("--final-matches", type=cli.non_negative_int, default=1000, help=text)
    flag("--save-every", type=cli.positive_int, default=500, help="updates between commits and metric lines")
    flag("--keep", type=cli.non_negative_int, default=3, help="periodic checkpoints to keep; 0: all")
    parser.section(ADVANCED)
    flag("--window", type=cli.positive_int, default=8, help="consecutive decisions of one seat in a batch")
    flag("--winner-epochs", type=cli.non_negative_int, default=0, help="then passes over the seats that won; may grow")
    flag("--winner-lr", type=cli.positive_float, default=3e-5, help="learning rate of those")
    flag("--value-weight", type=cli.non_negative_float, default=0.5, help="loss weight of the critic on the outcome")
    flag("--clip-norm", type=cli.positive_float, default=10.0, help="largest norm of a gradient")
    text = "at which the result is sampled when it plays (default: that of --start-checkpoint, else 0.5)"
    flag("--temperature", type=cli.positive_float, help=text)
    flag("--capacity", type=cli.positive_int, default=400_000, help="decisions held in memory (some 2.5 KB each)")
    add_condition_flags(parser)
    add_precision_flags(parser)
    add_machine_flags(parser)
    return parser


def add_condition_flags(parser: cli.Parser) -> None:
    """Add a flag for each block of the condition; at 0 the network has no such input."""
    parser.section(CONDITION)
    flag, probability = parser.flag, cli.probability
    text = "statistic z: how often a seat's opening is given to the network (AlphaStar's code: 0.8; 0: no such input)"
    flag("--z-opening", type=probability, default=0.0, help=text)
    text = "statistic z: the same for the totals of its match (AlphaStar's code: 0.5)"
    flag("--z-totals", type=probability, default=0.0, help=text)
    text = "how often a seat's rating is given to the network (0.9 is usual; 0: no such input); at play it is the top"
    flag("--rating-input", type=probability, default=0.0, help=text)
    text = "how often the network sees the name of who played (0: no such input); BOT@NAME then plays like that player"
    flag("--player-input", type=probability, default=0.0, help=text)


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    options = build_parser().parse_args(argv)
    from botgame.training.imitation.command import train  # brings torch, which --help does without

    return train(options, MODULE, argv)


if __name__ == "__main__":
    sys.exit(main())
