"""Play matches between bots and record them: the first data for training.

    python -m botgame.server.run_match --num_scripted_bots 2 --episode_duration 120 --record_replay --seed 1001

Match i of `--num_matches N` has seed `--seed` + i and is played and recorded exactly as if it had been run alone.
By default `lms_re` plays one seat, drawn by seed; each other seat is drawn from `lms_re`, `rusher`, `kiter`, `looter`
and `camper`; schools are drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.bot_names import STYLE_HELP


def build_parser() -> cli.Parser:
    """The parser with the flags."""
    from botgame.lms.rules import SCHOOLS  # brings NumPy

    parser = cli.Parser("python -m botgame.server.run_match", "Play matches between bots and record them as replays.")
    parser.flag(
        "--num-scripted-bots",
        type=cli.positive_int,
        metavar="N",
        help="number of seats, 2-16 (default: 2, or 8 for --mode royale)",
    )
    parser.flag("--bots", metavar="A,B,...", help="bot of each seat, instead of a number: names, files, module:factory")
    parser.flag("--style", metavar="NAME|FILE", help=STYLE_HELP)
    parser.flag(
        "--mode", choices=("duel", "royale"), help="duel: 2 seats, royale: 3-16; default: by the number of seats"
    )
    parser.flag("--seat-schools", metavar="S,S,...", help=f"school of each seat, of {', '.join(SCHOOLS)}, any")
    parser.flag(
        "--episode-duration",
        type=cli.positive_float,
        default=120.0,
        metavar="S",
        help="seconds until the zone has closed",
    )
    parser.flag(
        "--num-matches", type=cli.positive_int, default=1, metavar="N", help="matches; match i has seed SEED + i"
    )
    parser.flag("--seed", type=cli.seed, default=0, help="decides arena, bots, schools and every draw")
    parser.flag("--record-replay", action="store_true", help="write a replay of each match into the data folder")
    parser.flag("--data-dir", type=cli.path, default=Path("data/processed"), help="where replays go")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    arguments = build_parser().parse_args(argv)
    from botgame.server.recording import record  # brings the simulation, which --help does without

    record(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
