"""How strong is a policy? Any policy against any others over mirrored matches, with intervals.

    python -m botgame.training.evaluate artifacts/alphastar/pi_rl.pt lms_re random --matches 1000 --seed 7

The first policy meets each of the others. Each seed is played twice with seats and factions exchanged. Win rate =
(wins + draws/2)/matches with its 95 % Wilson interval.

    python -m botgame.training.evaluate reports/league/players/main1.v1.pt reports/league/main.pt rusher --round-robin

lets everybody meet everybody and the game's yardstick (`lms_re`), and adds ratings with it at 0 and the Nash mixture.

    python -m botgame.training.evaluate main.pt main.best.pt --versus pi_rl.pt lms_re rusher kiter

lets the first set meet the second and gives their relative population performance.

    python -m botgame.training.evaluate main.pt lms_re --seats 8

plays free-for-alls: one seat of the first policy among seven of another, and how often it finishes first. A tiny run:

    python -m botgame.training.evaluate legacy random --matches 10
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.bot_names import STYLE_HELP
from botgame.training.evaluation import PARALLEL_MATCHES
from botgame.training.runs.game_flags import add_game_flag


def build_parser() -> cli.Parser:
    """The flags of `evaluate`."""
    parser = cli.Parser("botgame.training.evaluate", "Play policies against each other over mirrored matches.")
    parser.add_argument(
        "policies", nargs="+", metavar="POLICY", help="a bot's name, a .pt, .onnx or .bot.json file, my_module:factory"
    )
    add_game_flag(parser)
    text = "matches a pair, rounded up to a multiple of the seats"
    parser.flag("--matches", type=cli.positive_int, default=1000, help=text)
    text = "2: duels, if the game has them; more: one seat of the first policy, the others all of its opponent"
    parser.flag("--seats", type=cli.positive_int, default=None, help=text)
    text = (
        "let a policy that was trained in one faction play all of them, which it never learned; else it plays its own"
    )
    parser.flag("--any-faction", action="store_true", help=text)
    parser.flag("--seed", type=cli.seed, default=0, help="decides maps, factions and every sampled action")
    parser.flag(
        "--round-robin",
        action="store_true",
        help="everybody against everybody and the game's yardstick bot (rating 0): ratings and the Nash mixture",
    )
    parser.flag(
        "--versus",
        nargs="+",
        default=[],
        metavar="POLICY",
        help="a second set: every policy against each of these, and the first set's relative population performance",
    )
    parser.flag("--style", metavar="NAME|FILE", help=STYLE_HELP)
    text = "longest match, in game seconds (default: the game's)"
    parser.flag("--episode-duration", type=cli.positive_float, default=None, help=text)
    parser.flag("--json", type=cli.path, default=None, help="also write the figures to this file")
    parser.flag("--parallel", type=cli.positive_int, default=PARALLEL_MATCHES, help="matches played in one batch")
    parser.flag("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="where networks run")
    parser.flag("--threads", type=cli.non_negative_int, default=0, help="CPU threads of a network, 0 = one a core")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play, print the tables and write the JSON. Raises nothing; returns the exit code."""
    args = build_parser().parse_args(argv)
    from botgame.training.evaluation.command import evaluate  # brings what takes long to import

    return evaluate(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
