"""Let a bot learn from what people did in live play, and find out whether it became better.

    python -m botgame.training.learn_from_live --bot champion

Fine-tunes the bot on its own seats and on those who won, in the matches that people played in or commented: what
people decided in seats that they took over replaces what the bot did, and marks count (`alphastar_imitation`). Then it
plays the bot as it was before, and both play the game's yardstick, over mirrored duels on seeds that neither has seen.
A result that is better is installed as a bot of its own; in any case the bot that learned stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.learning_command import DATA, MODULE, REPORTS
from botgame.training.rl.flags import MACHINE, add_machine_flags
from botgame.training.runs.game_flags import add_game_flag

WHAT, TRAINING, JUDGING = "bot and data", "training", "comparison"


def build_parser() -> cli.Parser:
    """The flags of this command."""
    parser = cli.Parser(MODULE, "Let a bot learn from live play.", (WHAT, TRAINING, JUDGING, MACHINE))
    flag = parser.flag
    parser.section(WHAT)
    add_game_flag(parser)
    flag("--bot", default="champion", help="the bot that learns: a name as champion, or a .pt file")
    flag("--name", help="name of the new bot (default: BOT-learned)")
    flag("--data-dir", type=cli.path, default=DATA, help="replays, searched recursively")
    text = "feedback streams of live play, searched recursively"
    flag("--feedback-dir", type=cli.path, default=Path("reports/feedback_training"), help=text)
    text = "manifests of live matches, searched recursively"
    flag("--reports-live-dir", type=cli.path, default=REPORTS, help=text)
    parser.section(TRAINING)
    flag("--epochs", type=cli.positive_int, default=4, help="passes over the data")
    flag("--lr", type=cli.positive_float, default=1e-4, help="learning rate of Adam")
    parser.section(JUDGING)
    flag("--matches", type=cli.positive_int, default=1000, help="mirrored duels of each of the three comparisons")
    add_machine_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Train and compare; returns the exit code, 0 also where the bot did not become better."""
    options = build_parser().parse_args(argv)
    from botgame.training.live_learning.command import learn  # brings torch, which --help does without

    return learn(options, argv)


if __name__ == "__main__":
    sys.exit(main())
