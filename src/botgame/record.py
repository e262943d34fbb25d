r"""Play matches of any game between its bots and record them: what imitation learns from.

    python -m botgame.record --game openspiel:connect_four --bots search-4,random --matches 200

writes a file a match into `--data-dir`, by default `data/GAME`: who played, the seed and every decision. Bots change
seats from match to match. The arena's own recordings, which the viewer shows, are made by `botgame.server.run_match`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli


def build_parser() -> cli.Parser:
    """The flags of `record`."""
    parser = cli.Parser("botgame.record", "Play matches of any game and record them for imitation.")
    parser.flag("--game", required=True, metavar="NAME|MODULE:FACTORY", help="the game, as every command takes it")
    text = "who plays, one for each seat: names of the game's bots, files, module:factory"
    parser.flag("--bots", required=True, metavar="A,B,...", help=text)
    parser.flag("--matches", type=cli.positive_int, default=200, help="matches to record")
    parser.flag("--seed", type=cli.seed, default=0, help="decides every match")
    parser.flag("--data-dir", type=cli.path, default=None, help="where the files go (default: data/GAME)")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play and record; returns the exit code."""
    options = build_parser().parse_args(argv)
    from botgame.recordings.command import record  # brings NumPy, which --help does without

    print(record(options))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
