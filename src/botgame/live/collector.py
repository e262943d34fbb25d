"""The live collector: joins matches on a match server, plays them with a bot, and records what happens.

    python lms_live_collector.py --matches 3 --bot-decision-backend lms_re
    python lms_live_collector.py --play-game --channel msedge --bot-decision-backend alphastar --gif-sec 10

Without `--server` it starts a local one. With `--play-game` it plays through the web page in a real browser, with keys
and mouse; otherwise it talks to the server itself. Either way the seat plays under the limits of bots. It plays only on
botgame servers and refuses all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from botgame import cli
from botgame.live.backend_names import BACKENDS, CHANNELS, DEFAULT_CHECKPOINT


def build_parser() -> cli.Parser:
    """The parser with the flags. None means "not given", because flags without effect are refused."""
    from botgame.lms.rules import SCHOOLS  # brings NumPy

    parser = cli.Parser("lms_live_collector.py", "Play live matches with a bot and record them for training.")
    flag = parser.flag
    flag("--server", metavar="URL", help="a running match server; default: start one for this run")
    flag("--token", default="", help="the token of the server, if it has one")
    flag("--matches", type=cli.positive_int, default=1, metavar="N", help="matches to play")
    flag("--room", metavar="NAME", help="join this waiting room instead of making rooms; for one match")
    flag("--opponents", metavar="A,B,...", help="bots of the server in the other seats (default: lms_re)")
    flag("--school", choices=(*SCHOOLS, "any"), default="any", help="school of the bot")
    flag(
        "--episode-duration",
        type=cli.positive_float,
        metavar="S",
        help="seconds until the zone has closed (default: 120)",
    )
    flag(
        "--seed", type=cli.seed, help="the seed of match i is drawn from this one and i (default: the server draws it)"
    )
    flag("--bot-decision-backend", choices=BACKENDS, default="lms_re", help="how decisions are made")
    flag("--bot-alphastar-checkpoint", metavar="FILE", help=f"a .pt or .onnx file (default: {DEFAULT_CHECKPOINT})")
    flag("--bot-alphastar-stochastic", action="store_true", help="sample actions instead of taking the likeliest")
    flag(
        "--bot-alphastar-temperature",
        type=cli.positive_float,
        help="temperature of sampling (default: the checkpoint's)",
    )
    flag("--bot-run-max-sec", type=cli.positive_float, metavar="S", help="stop after this time, also within a match")
    flag(
        "--bot-feedback-dir",
        type=cli.path,
        default=Path("reports/feedback_training/live"),
        help="where the feedback stream goes",
    )
    flag("--reports-live-dir", type=cli.path, default=Path("reports/live"), help="where manifest and pictures go")
    flag("--run", metavar="NAME", help="name of the run's folders (default: date and time)")
    flag("--data-dir", type=cli.path, help="where the local server puts replays (default: data/processed)")
    flag("--report-every-sec", type=cli.positive_float, default=10.0, metavar="S", help="time between progress lines")
    flag("--play-game", action="store_true", help="play through the web page in a browser, with keys and mouse")
    flag("--channel", choices=CHANNELS, help="which browser (default: the first of these that is installed)")
    flag("--headless", action="store_true", help="no window")
    flag("--executable-path", type=cli.path, metavar="FILE", help="the browser's program, instead of a channel")
    flag(
        "--screenshot-every-sec",
        type=cli.positive_float,
        metavar="S",
        help="keep a picture of the page every S seconds",
    )
    flag("--gif-sec", type=cli.positive_float, metavar="S", help="keep the first S seconds of every match as a GIF")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Play. Returns the exit code: 0 also when the time is up, 130 after Ctrl-C."""
    args = build_parser().parse_args(argv)
    from botgame.live.collecting import collect  # brings the simulation, which --help does without

    collect(args)
    return 0
