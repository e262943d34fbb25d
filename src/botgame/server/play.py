"""Play a duel against a bot: start a server on this machine and open the duel in the browser.

botgame play
botgame play --level 4
botgame play artifacts/alphastar/pi_rl.pt --duration 90
"""

from __future__ import annotations

import sys
import webbrowser
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botgame import cli
from botgame.bot_names import STYLE_HELP, in_style, level_name, level_of
from botgame.errors import UserError
from botgame.levels import find_level, levels_path, read_levels
from botgame.lms.champion import CHAMPION, CHAMPION_FILE
from botgame.policies import built_in_names
from botgame.ports import free_port
from botgame.server.live import FILLS_SEATS, add_folder_flags, folder_options, make_server, offered_bots, serve

if TYPE_CHECKING:
    from botgame.server.hosting.serving import HttpServer
    from botgame.server.options import ServerOptions


def build_parser() -> cli.Parser:
    """The parser with the flags."""
    parser = cli.Parser("botgame play", "Play a duel against a bot in the browser.")
    text = "a name, a file, or module:factory; default: the champion, or the expert without PyTorch"
    parser.add_argument("bot", nargs="?", help=text)
    parser.flag("--level", type=cli.positive_int, metavar="N", help=_level_help())
    parser.flag("--style", metavar="NAME|FILE", help=STYLE_HELP)
    parser.flag(
        "--duration", type=cli.positive_float, default=120.0, metavar="S", help="seconds until the zone has closed"
    )
    parser.flag("--port", type=cli.non_negative_int, default=8000, help="port; if it is taken, a free one is used")
    parser.flag("--no-browser", action="store_true", help="only print the address")
    add_folder_flags(parser)
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `--help`."""
    arguments = build_parser().parse_args(argv)
    ticks = _ticks(arguments.duration)
    bot = _opponent(arguments)
    server = make_server(_options(arguments, bot), lambda server: _open(server, bot, ticks, arguments))
    serve(server)
    return 0


def _level_help() -> str:
    """What `--level` means, with the ratings of the levels that come with the game."""
    levels = read_levels(levels_path(CHAMPION_FILE))
    rated = ", ".join(f"{level.level} ({level.rating:+.0f})" for level in levels.levels)
    own = "with a bot of your own: a level that `botgame levels` has measured"
    return f"a weaker version of the champion, rated where {levels.yardstick} has 0: {rated}; needs PyTorch; {own}"


def _opponent(arguments: Namespace) -> str:
    """The bot to play against. Raises UserError (code 2) for flags that do not go together."""
    if arguments.level is None:
        return in_style([arguments.bot or _strongest_bot()], arguments.style)[0]
    if arguments.style is not None:
        raise UserError("--level and --style do not go together: levels are measured as the bot was trained", 2)
    return level_of(arguments.bot or "", arguments.level)


def _ticks(seconds: float) -> int:
    """`--duration` in ticks. Raises UserError (code 2)."""
    from botgame.lms.rules import MAX_SECONDS, MIN_SECONDS, TICKS_PER_SECOND  # brings NumPy

    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        message = f"--duration is {seconds:g}, expected {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds"
        raise UserError(message, code=2)
    return round(seconds * TICKS_PER_SECOND)


def _strongest_bot() -> str:
    """The champion; the expert where there is no PyTorch for it."""
    from botgame.lms.game import lms  # brings the simulation, which --help does without

    return CHAMPION if CHAMPION in built_in_names(lms()) else FILLS_SEATS


def _options(arguments: Namespace, bot: str) -> ServerOptions:
    """A small server on this machine, at a free port if the wanted one is taken."""
    bots = tuple(dict.fromkeys((bot, *offered_bots(None))))
    options = folder_options(arguments, bots)
    port = free_port(options.host, arguments.port)
    return replace(options, port=port, max_rooms=16, max_clients=32)


def _open(server: HttpServer, bot: str, ticks: int, arguments: Namespace) -> None:
    """Make the room for a duel of `ticks`, whose free seat waits for the user, and open it in the browser."""
    room = server.lobby.open_duel(bot, ticks)
    address = f"{server.url}play?room={room}"
    print(f"you against {bot}{_strength(bot)}: {address}  (Ctrl-C ends it)", flush=True)
    if not arguments.no_browser:
        webbrowser.open(address)


def _strength(bot: str) -> str:
    """What a level is, in brackets; "" for another bot."""
    from botgame.lms.game import lms

    game, name = lms(), level_name(bot)
    if name is None:
        return ""
    level = find_level(game, name)
    return f" (rated {level.rating:+.0f}; {level.facts(game.spec.ticks_per_second)})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
