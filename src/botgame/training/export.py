"""Export a checkpoint as one `.onnx` file that plays without torch: for servers, browsers, other languages.

    botgame export artifacts/alphastar/pi_rl.best.pt -o model.onnx
    botgame export champion -o champion.onnx --web page

The graph is one decision step: inputs are the observation's arrays, `memory` [rows, M] (zeros at the start of a match),
`uniforms` [rows, H] in [0, 1] and `temperature` []; outputs are `actions` [rows, H], `next_memory` and `log_probs`.
docs/embed.md describes them. Spec, rules and the stored temperature are in the file's metadata. `model.golden.json`
beside it holds decisions by which another program checks that it runs the model right. The written file is run against
the checkpoint before the command says that it is done.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.training.runs.game_flags import add_game_flag


def build_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser("botgame export", "Export a checkpoint as an ONNX model of one decision step.")
    parser.add_argument(
        "checkpoint", help="what to export: a .pt file, with @STYLE it plays in that style for good, or champion"
    )
    add_game_flag(parser)
    parser.flag("--output", type=cli.path, default=Path("model.onnx"), help="the .onnx file to write")
    parser.add_argument("-o", dest="output", type=cli.path, default=Path("model.onnx"), help="the same")
    text = "also write a folder with the model, a web page that plays it, and the runtime of browsers, fetched by npm"
    parser.flag("--web", type=cli.path, default=None, metavar="DIR", help=text)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Export, compare with the checkpoint, and say how fast both are."""
    args = build_parser().parse_args(argv)
    from botgame.training.exporting import export_checkpoint  # brings torch, which --help does without

    return export_checkpoint(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
