"""Watch a run: one page beside TensorBoard that renews itself while the run goes on, and stays when it is over.

    python -m botgame dashboard reports/league
    python -m botgame dashboard artifacts/alphastar/pi_rl.pt

RUN is what the run writes: the checkpoint of RL or imitation, the folder of a league or of a search for a best
response. Win rates, ratings, who plays whom, exploitability where it is known, decisions a second, time left. It may be
opened before the run begins. The page is served on this machine alone and fetches nothing from elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.errors import UserError


def build_parser() -> cli.Parser:
    """The flags of `dashboard`."""
    parser = cli.Parser("botgame dashboard", "Watch a training run in the browser.")
    text = "what the run writes: a checkpoint (.pt), or the folder of a league or of a search"
    parser.add_argument("run", metavar="RUN", type=cli.path, help=text)
    text = "results of botgame.training.exploit, searched recursively; may be missing"
    parser.flag("--exploit-dir", type=cli.path, default=Path("reports/exploit"), help=text)
    parser.flag("--port", type=cli.non_negative_int, default=8010, help="port; if it is taken, a free one is used")
    parser.flag("--no-browser", action="store_true", help="only print the address")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C. Raises nothing; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        from botgame.training.run_page.serving import PageServer  # brings what takes long to import
    except ModuleNotFoundError as error:
        raise UserError(f"the dashboard needs {error.name!r}: pip install 'botgame[live,train]'") from error
    from botgame.training.run_page.view import RunView

    view = RunView(args.run, args.exploit_dir, time.monotonic)
    PageServer(view, args.port, browser=not args.no_browser, name=str(args.run)).run_until_stopped()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
