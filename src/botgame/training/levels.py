"""Make levels of a trained bot: weaker opponents down to a first match, each with a measured rating.

    python -m botgame levels artifacts/alphastar/pi_rl.pt
    python -m botgame play artifacts/alphastar/pi_rl.pt --level 4

Level 10 is the bot as it was trained; the others are the same network under handicaps of the game: a higher
temperature, a slower reaction, a lower cap on its actions, a share of its decisions at random. All of them and the
game's yardstick, whose rating is 0, meet each other in mirrored matches. The levels and their ratings go into a file
beside the bot's, `pi_rl.levels.json`; then `pi_rl.pt@level-4` is a bot's name everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.training.runs.game_flags import add_game_flag


def build_parser() -> cli.Parser:
    """The flags of `levels`."""
    parser = cli.Parser("botgame levels", "Measure weaker versions of a trained bot as opponents of rising strength.")
    parser.add_argument("bot", metavar="BOT", help="a checkpoint (.pt), an exported model (.onnx) or champion")
    add_game_flag(parser)
    text = "matches a pair, rounded up to a multiple of the seats"
    parser.flag("--matches", type=cli.positive_int, default=100, help=text)
    parser.flag("--seed", type=cli.seed, default=0, help="decides maps, factions and every sampled action")
    text = "where the levels go; bots are called by them only from beside the bot, as NAME.levels.json (the default)"
    parser.flag("--output", type=cli.path, default=None, help=text)
    parser.flag("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="where the network runs")
    parser.flag("--threads", type=cli.non_negative_int, default=0, help="CPU threads of the network, 0 = one a core")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play, print the table and write the file. Raises nothing; returns the exit code."""
    args = build_parser().parse_args(argv)
    from botgame.training.evaluation.measuring_levels import measure  # brings what takes long to import

    return measure(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
