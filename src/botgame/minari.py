"""`python -m botgame.minari export|import`: recorded matches as a dataset of Minari, and a dataset as demonstrations.

    python -m botgame.minari export --game openspiel:kuhn_poker --data-dir data/kuhn --dataset mine/kuhn-v0
    python -m botgame.minari import --game gymnasium:CartPole-v1 --dataset mine/cartpole-v0 --data-dir data/cartpole

Datasets lie where Minari keeps them: `MINARI_DATASETS_PATH`, else `.minari/datasets` in your home.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botgame import cli


def build_parser() -> cli.Parser:
    """The parser with its two sub-commands."""
    parser = cli.Parser("botgame.minari", "Recorded matches as datasets of Minari, out and in.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=cli.Parser)
    for name, text in (("export", "write recorded matches as a dataset"), ("import", "write a dataset's episodes")):
        command = commands.add_parser(name, description=f"{text.capitalize()}.", help=text)
        command.flag("--game", required=True, metavar="NAME|MODULE:FACTORY", help="the game, as every command takes it")
        command.flag("--dataset", required=True, metavar="ID", help="id of the dataset, as mine/duels-v0")
        command.flag("--data-dir", required=True, type=cli.path, help="folder of the recorded matches or episodes")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Export or import; returns the exit code."""
    options = build_parser().parse_args(argv)
    if options.command == "export":
        from botgame.datasets.exporting import export  # brings NumPy, which --help does without

        print(export(options))
    else:
        from botgame.datasets.importing import import_dataset

        print(import_dataset(options))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
