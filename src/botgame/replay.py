"""`python -m botgame.replay verify|show|export|style PATH...`: check recorded matches, look at one, or use its style.

    python -m botgame.replay verify data/processed
    python -m botgame.replay show data/processed/duel_s1001_a9ca56f8fc8a.lmsr --svg match.svg
    python -m botgame.replay export data/processed/duel_s1001_a9ca56f8fc8a.lmsr -o match.html
    python -m botgame.replay style data/processed/duel_s1001_a9ca56f8fc8a.lmsr --seat 1 -o style.json

Exit codes: 0 every file is good, 1 a file is bad, 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli


def build_parser() -> cli.Parser:
    """The parser with its sub-commands."""
    parser = cli.Parser("python -m botgame.replay", "Check recorded matches or look at them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="verify|show|export|style")
    check = commands.add_parser(
        "verify",
        help="check files and play their matches again",
        description="Check every file and play its match again: it must go exactly as recorded. Exit code 1 if not.",
    )
    look = commands.add_parser(
        "show",
        help="print a summary, or draw a match",
        description="Print what a replay holds; with --svg also draw the match as a picture for any browser.",
    )
    page = commands.add_parser(
        "export",
        help="make a web page of a match",
        description="Write one self-contained page that plays the match in any browser, also without a network.",
    )
    page.add_argument("path", type=cli.path, metavar="REPLAY", help="a replay file")
    page.add_argument("-o", "--output", type=cli.path, required=True, metavar="OUT", help="write the page to this file")
    page.flag(
        "--thoughts", type=cli.path, metavar="FILE", help="policy readout to show; default: the one beside the replay"
    )
    style = commands.add_parser(
        "style",
        help="print or write how a seat played",
        description="Measure how one seat played; the file makes a trained bot play like it: pi_sup.pt@style.json.",
    )
    style.add_argument("path", type=cli.path, metavar="REPLAY", help="a replay file")
    style.flag("--seat", type=cli.non_negative_int, default=0, help="whose style")
    style.add_argument("-o", "--output", type=cli.path, default=None, metavar="OUT", help="write it to this file")
    for command in (check, look):
        command.add_argument("paths", nargs="+", type=cli.path, metavar="PATH", help="replay files, or folders of them")
    check.flag("--matches", type=cli.positive_int, default=64, help="matches that are played again at once")
    look.flag("--svg", type=cli.path, metavar="OUT", help="write a picture of the match (one replay) to this file")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    arguments = build_parser().parse_args(argv)
    from botgame.lms.replay.command import run  # brings the simulation, which --help does without

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
