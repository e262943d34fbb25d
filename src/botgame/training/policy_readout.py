"""What a network thinks in a recorded match: probabilities of each head and the expected result, for the viewer.

    botgame thoughts data/processed/duel_s1001_a9ca56f8fc8a.lmsr artifacts/alphastar/pi_rl.pt
    botgame thoughts data/processed/duel_s1001_a9ca56f8fc8a.lmsr champion
    botgame replay export data/processed/duel_s1001_a9ca56f8fc8a.lmsr -o match.html

Without a checkpoint, each seat is asked that was played by one which is still at its place. The match is played again
and the network is shown what the seat saw and what it chose, so for its own seat the memory is that of the match. The
file goes beside the replay, where the viewer and `replay export` find it, or to `--output`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli
from botgame.training.runs.game_flags import add_game_flag


def build_parser() -> cli.Parser:
    """The flags of `thoughts`."""
    parser = cli.Parser("botgame thoughts", "Write down what a network thinks in a recorded match.")
    parser.add_argument("replay", type=cli.path, help="the file of a recorded match")
    parser.add_argument("checkpoint", nargs="?", metavar="CHECKPOINT", help="the network to ask; default: who played")
    add_game_flag(parser)
    parser.flag("--seats", metavar="A,B,...", help="seats to ask it about; default: all")
    parser.add_argument("-o", "--output", type=cli.path, help="where to write; default: beside the replay")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    args = build_parser().parse_args(argv)
    from botgame.training.reading_out import read_out  # brings torch, which --help does without

    return read_out(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
