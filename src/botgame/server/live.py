"""Serve live matches: people and bots at 30 ticks a second, over WebSocket, with a web page to play on.

    python -m botgame.server.live
    python -m botgame.server.live --bots lms_re,artifacts/alphastar/pi_rl.pt --port 9000

Open the printed address in a browser. Every match is recorded in `--data-dir`, so that training learns from people.
Stop with Ctrl-C: the running matches end where they are, and they are saved.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botgame import cli, streams
from botgame.bot_names import STYLE_HELP, in_style
from botgame.errors import UserError
from botgame.feedback import STREAM_NAME
from botgame.learning_command import DATA, FEEDBACK, REPORTS, learning_command, learning_lines, session_records
from botgame.policies import is_network, working_names
from botgame.server.hosting.origin_check import is_loopback
from botgame.wording import counted

if TYPE_CHECKING:
    from botgame.server.hosting.serving import HttpServer
    from botgame.server.options import ServerOptions

HIGHEST_PORT = 65_535
MOST_WAIT = 30  # seconds of a countdown, or that spectators are late: rooms stay open for longer than that
MOST_TOKEN = 128  # characters, as `protocol.Token` has them
DRAWN = "auto"  # as the token: the server draws one
FILLS_SEATS = "lms_re"  # the first in the list, so it fills free seats


def build_parser() -> cli.Parser:
    """The parser with the flags."""
    parser = cli.Parser("python -m botgame.server.live", "Serve live matches to play in a browser.")
    parser.flag("--port", type=cli.non_negative_int, default=8000, help="port; 0 takes a free one")
    parser.flag("--host", default="127.0.0.1", help="address to listen at; one that others can reach needs --token")
    parser.flag(
        "--token", default="", metavar="TEXT", help="secret that clients must send; 'auto' draws one and prints it"
    )
    parser.flag("--allow-origin", action="append", default=[], metavar="URL", help="another page that may connect")
    parser.flag("--max-rooms", type=cli.positive_int, default=64, help="matches at a time")
    parser.flag("--max-clients", type=cli.positive_int, default=256, help="connections at a time")
    parser.flag("--bots", metavar="A,B,...", help="bots to offer: names, files, module:factory; default: all names")
    parser.flag(
        "--countdown",
        type=cli.non_negative_float,
        default=3.0,
        metavar="S",
        help="seconds at the start of a match with people in which nobody acts",
    )
    parser.flag(
        "--watch-delay",
        type=cli.non_negative_float,
        default=10.0,
        metavar="S",
        help="how many seconds late a rated match with people is for spectators, and for players who are out while "
        "others play: nobody can help a player then",
    )
    parser.flag("--style", metavar="NAME|FILE", help=STYLE_HELP)
    parser.flag(
        "--stop-with-input", action="store_true", help="stop when standard input ends, for programs that start a server"
    )
    add_folder_flags(parser)
    return parser


def add_folder_flags(parser: cli.Parser) -> None:
    """Add the flags that `botgame play` has too."""
    parser.flag("--data-dir", type=Path, default=DATA, help="where replays go")
    parser.flag("--reports-dir", type=Path, default=REPORTS, help="where manifests go, and are read for ratings")
    parser.flag(
        "--feedback-dir",
        type=Path,
        default=FEEDBACK,
        help="where corrections and marks go",
    )
    parser.flag("--seed", type=cli.seed, default=None, help="decides the arenas of all rooms; default: drawn")


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    arguments = build_parser().parse_args(argv)
    server = make_server(_options(arguments), _greet)
    if arguments.stop_with_input:
        threading.Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    serve(server)
    return 0


def serve(server: HttpServer) -> None:
    """Serve until Ctrl-C or SIGTERM, and say how many matches were saved. Raises UserError when one was lost."""
    saved = server.run_until_stopped()
    print(f"stopped; {counted(saved, 'match')} saved")
    for line in learning_lines(_learning_command(server.options)):
        print(line)


def _learning_command(options: ServerOptions) -> str:
    """How a bot learns from this run of the server, "" where there is nothing to learn from."""
    from botgame.lms.game import lms

    records = session_records(options.reports_dir / options.run)
    networks = [name for name in options.bots if is_network(lms(), name)]
    folders = options.data_dir, options.reports_dir, options.feedback_dir
    commented = (options.feedback_dir / options.run / STREAM_NAME).is_file()
    return learning_command(records, networks, folders, commented=commented)


def _options(arguments: Namespace) -> ServerOptions:
    """The options of the flags. Raises UserError (exit code 2), naming the flag."""
    token = secrets.token_urlsafe(12) if arguments.token == DRAWN else arguments.token
    _check_address(arguments.host, arguments.port, token)
    return replace(
        folder_options(arguments, tuple(in_style(offered_bots(arguments.bots), arguments.style))),
        host=arguments.host,
        port=arguments.port,
        token=token,
        max_rooms=arguments.max_rooms,
        max_clients=arguments.max_clients,
        origins=tuple(arguments.allow_origin),
        countdown_ticks=_ticks("--countdown", arguments.countdown),
        delay_ticks=_ticks("--watch-delay", arguments.watch_delay),
    )


def _ticks(flag: str, seconds: float) -> int:
    """Seconds in ticks. Raises UserError (exit code 2), naming the flag."""
    from botgame.lms.rules import TICKS_PER_SECOND  # brings NumPy, which --help does without

    if seconds > MOST_WAIT:
        raise UserError(f"{flag} is {seconds:g}, expected 0 to {MOST_WAIT} seconds", code=2)
    return round(seconds * TICKS_PER_SECOND)


def folder_options(arguments: Namespace, bots: tuple[str, ...]) -> ServerOptions:
    """The options of `add_folder_flags`, the others at their defaults."""
    from botgame.server.options import ServerOptions  # brings NumPy

    return ServerOptions(
        bots=bots,
        data_dir=arguments.data_dir,
        reports_dir=arguments.reports_dir,
        feedback_dir=arguments.feedback_dir,
        run=time.strftime("server_%Y%m%d_%H%M%S") + f"_{os.getpid()}",
        seed=secrets.randbits(53) if arguments.seed is None else arguments.seed,
    )


def make_server(options: ServerOptions, on_start: Callable[[HttpServer], None]) -> HttpServer:
    """A server, not started yet; it calls `on_start` when it listens. Raises UserError."""
    from botgame.lms.simulation.kernel import is_cold  # brings the compiler, which --help does without

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks with few rows: more threads only delay the ticks
    try:
        from botgame.server.hosting.serving import HttpServer
    except ModuleNotFoundError as error:
        raise UserError(f"live play needs {error.name!r}: pip install 'botgame[live]'") from error
    if is_cold():
        print("compiling the simulation once, this takes about half a minute", file=sys.stderr)
    return HttpServer(options, on_start)


def _check_address(host: str, port: int, token: str) -> None:
    """Raises UserError (exit code 2), naming the flag."""
    if port > HIGHEST_PORT:
        raise UserError(f"--port is {port}, expected 0 to {HIGHEST_PORT}", code=2)
    if len(token) > MOST_TOKEN:
        raise UserError(f"--token has {len(token)} characters, expected at most {MOST_TOKEN}", code=2)
    if not token and not is_loopback(host):
        raise UserError(
            f"--host {host} can be reached by others: set a token with --token TEXT or --token auto", code=2
        )


def offered_bots(text: str | None) -> tuple[str, ...]:
    """The bots to offer, without repeats; None: all with names that can be loaded. Raises UserError (exit code 2)."""
    if text is None:
        from botgame.lms.game import lms  # brings the simulation, which --help does without

        return tuple(dict.fromkeys((FILLS_SEATS, *reversed(working_names(lms(), streams.say)))))
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UserError(f"--bots is {text!r}, expected names with commas between them", code=2)
    return tuple(dict.fromkeys(names))


def _stop_with_input(server: HttpServer) -> None:
    """Stop the server at the end of standard input: the program that started it is gone then."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):  # not through `sys.stdin`: its lock would be held when the interpreter ends
            pass
    server.should_exit = True


def _greet(server: HttpServer) -> None:
    options = server.options
    query = "?" + urlencode({"token": options.token}) if options.token else ""
    print(f"botgame live at {server.url}{query}  (seed {options.seed}; Ctrl-C stops it)", flush=True)
    if not is_loopback(options.host):
        print("from other machines: the same address with this machine's name as the host", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
