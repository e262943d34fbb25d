"""What the collector does with its flags: it plays its matches on a server and keeps what happens."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from botgame import rng
from botgame.errors import UserError
from botgame.learning_command import DATA, learning_command, learning_lines, session_records
from botgame.live.backend_names import CHANNELS, DEFAULT_CHECKPOINT, TRAINED
from botgame.live.backends import Backend, PolicyRunner
from botgame.live.browser_play import BrowserPlay, BrowserSettings
from botgame.live.journal import Journal, free_run
from botgame.live.local_server import LocalServer
from botgame.live.progress import Progress
from botgame.live.seat import SeatPlayer
from botgame.live.session import Session
from botgame.live.socket_play import SocketPlay, socket_address
from botgame.lms.game import lms
from botgame.lms.rules import MAX_SECONDS, MIN_SECONDS
from botgame.lms.simulation.kernel import is_cold
from botgame.policies import is_network
from botgame.server import protocol

_BROWSER_FLAGS = ("channel", "headless", "executable_path", "screenshot_every_sec", "gif_sec")
_TRAINED_FLAGS = ("bot_alphastar_checkpoint", "bot_alphastar_stochastic", "bot_alphastar_temperature")
_LOCAL_SERVER_FLAGS = ("data_dir",)
_ROOM_FLAGS = ("opponents", "episode_duration", "seed")


def collect(args: Namespace) -> None:
    """Play all matches. Raises UserError, also where flags contradict each other."""
    check(args)
    backend = backend_of(args)
    if is_cold():
        write("compiling the simulation once, this takes about half a minute")
    runner = PolicyRunner(backend.load())
    runner.warm_up()
    with ExitStack() as stack:
        address = (
            socket_address(args.server)
            if args.server
            else stack.enter_context(LocalServer(local_server_flags(args))).address
        )
        run = free_run(args.reports_live_dir, args.bot_feedback_dir, args.run or time.strftime("%Y%m%d-%H%M%S"))
        journal = stack.enter_context(Journal(args.reports_live_dir, args.bot_feedback_dir, run))
        player = SeatPlayer(backend, runner, journal, paced=args.play_game, warn=write)
        progress = Progress(
            player.totals, args.matches, args.report_every_sec, args.bot_run_max_sec, time.monotonic, write
        )
        write(f"run {run}: {backend.player} on {address}")
        try:
            play(args, address, player, progress.tick)
        finally:  # also after Ctrl-C: what was played is on disk already
            write(progress.line())
            if player.totals.decisions:
                write(f"written to {journal.manifest.path} and {journal.stream.path}")
            for line in learning_lines(session_command(args, journal)):
                write(line)


def session_command(args: Namespace, journal: Journal) -> str:
    """How a bot learns from this run, "" where no people took part."""
    records = session_records(journal.manifest.path.parent)
    names = {seat.policy for record in records for seat in record.seats}
    networks = [name for name in names if name.isprintable() and is_network(lms(), name)]  # others named them
    folders = args.data_dir or DATA, args.reports_live_dir, args.bot_feedback_dir
    return learning_command(records, networks, folders, commented=False)


def play(args: Namespace, address: str, player: SeatPlayer, tick: Callable[[], bool]) -> None:
    """Play all matches, through the page or over a WebSocket."""
    if args.play_game:
        settings = BrowserSettings(
            channels=(args.channel,) if args.channel else CHANNELS,
            headless=args.headless,
            executable=args.executable_path,
            screenshot_every=args.screenshot_every_sec,
            gif_seconds=args.gif_sec,
            folder=player.journal.manifest.path.parent,
        )
        BrowserPlay(address, entries(args), player, args.token, settings, tick).run()
    else:
        SocketPlay(address, Session(entries(args), player, args.token, address), tick).run()


def local_server_flags(args: Namespace) -> list[str]:
    """The flags of the local server of this run."""
    folders = {
        "--data-dir": args.data_dir or DATA,
        "--reports-dir": args.reports_live_dir,
        "--feedback-dir": args.bot_feedback_dir,
    }
    bots = ",".join(dict.fromkeys(["lms_re", *opponents(args)]))
    return ["--bots", bots, *(word for flag, folder in folders.items() for word in (flag, str(folder)))]


def write(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def check(args: Namespace) -> None:
    """Refuse flags that contradict each other or have no effect. Raises UserError (code 2)."""
    for needed, flags in (
        ("--play-game", _BROWSER_FLAGS if not args.play_game else ()),
        (f"--bot-decision-backend {TRAINED}", _TRAINED_FLAGS if args.bot_decision_backend != TRAINED else ()),
        ("a local server, that is, no --server", _LOCAL_SERVER_FLAGS if args.server else ()),
        ("new rooms, that is, no --room", _ROOM_FLAGS if args.room else ()),
    ):
        for name in flags:
            if getattr(args, name) not in (None, False):
                raise UserError(f"--{name.replace('_', '-')} needs {needed}", 2)
    if args.bot_alphastar_temperature is not None and not args.bot_alphastar_stochastic:
        raise UserError(
            "--bot-alphastar-temperature needs --bot-alphastar-stochastic: only sampling has a temperature", 2
        )
    if args.episode_duration is not None and not MIN_SECONDS <= args.episode_duration <= MAX_SECONDS:
        expected = f"expected {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds"
        raise UserError(f"--episode-duration is {args.episode_duration:g}, {expected}", 2)
    if args.room and (args.matches != 1 or not args.server):
        raise UserError("--room joins one match on a running server: give --server and no --matches", 2)
    if not 1 <= len(opponents(args)) <= 15:
        raise UserError(f"--opponents names {len(opponents(args))} bots, expected 1 to 15", 2)


def opponents(args: Namespace) -> list[str]:
    """The bots of the other seats."""
    return [name.strip() for name in (args.opponents or "lms_re").split(",") if name.strip()]


def backend_of(args: Namespace) -> Backend:
    """The decision backend of the flags."""
    return Backend(
        args.bot_decision_backend,
        args.bot_alphastar_checkpoint or DEFAULT_CHECKPOINT,
        args.bot_alphastar_stochastic,
        args.bot_alphastar_temperature,
    )


def entries(args: Namespace) -> Iterator[protocol.Create | protocol.Join]:
    """How to enter each match."""
    name = backend_of(args).nickname
    if args.room:
        yield protocol.Join(args.room, name=name, school=args.school, observe=True)
        return
    for number in range(args.matches):
        yield protocol.Create(
            seats=1 + len(opponents(args)),
            bots=opponents(args),
            school=args.school,
            name=name,
            duration=args.episode_duration or 120.0,
            observe=True,
            seed=None if args.seed is None else rng.derive(args.seed, number) % 2**53,
        )
