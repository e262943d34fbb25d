"""Find the holes of a bot: how do people beat it? Lists, groups, and makes opponents of what they did.

    python -m botgame.training.find_holes champion
    python -m botgame.training.find_holes champion --clone

Takes every recorded match in which a person met the bot. Those that people won are grouped by how they played
(statistic z of the whole match), and each group is compared with everything else that people tried against the bot.
Writes `holes.json` and the page `holes.html`. With `--clone` it also trains an opponent of each group, which plays as
people did there, installs it as the bot `hole-1-of-champion`, measures it against the bot, and says how to train
against it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.learning_command import DATA
from botgame.training.rl.flags import MACHINE, add_machine_flags
from botgame.training.runs.game_flags import add_game_flag

MODULE = "botgame.training.find_holes"
WHAT, OPPONENTS = "bot and matches", "opponents"


def build_parser() -> cli.Parser:
    """The flags of this command."""
    parser = cli.Parser(MODULE, "Find out how people beat a bot.", (WHAT, OPPONENTS, MACHINE))
    flag = parser.flag
    parser.add_argument(
        "bot", metavar="BOT", help="the bot as the matches name it: champion, or the path of a .pt file"
    )
    parser.section(WHAT)
    add_game_flag(parser)
    flag("--data-dir", type=cli.path, default=DATA, help="replays, searched recursively")
    flag("--output-dir", type=cli.path, help="where the page goes (default: reports/holes/GAME/BOT)")
    text = "address of a live server, to whose viewer the page's list of matches links"
    flag("--viewer", default="http://127.0.0.1:8000", metavar="URL", help=text)
    parser.section(OPPONENTS)
    flag("--clone", action="store_true", help="train an opponent of each group and install it; BOT must be trained")
    flag("--epochs", type=cli.positive_int, default=20, help="passes over a group's matches")
    flag("--lr", type=cli.positive_float, default=3e-4, help="learning rate of Adam")
    flag("--matches", type=cli.positive_int, default=400, help="mirrored duels of each opponent against the bot")
    add_machine_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Report; returns the exit code."""
    options = build_parser().parse_args(argv)
    from botgame.training.holes.command import report_holes  # brings what takes long to import

    return report_holes(options, MODULE, argv)


if __name__ == "__main__":
    sys.exit(main())
