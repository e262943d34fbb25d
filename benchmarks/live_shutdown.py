"""How fast the live server saves its matches when it has to stop: 64 rooms of free-for-alls, then SIGTERM.

    python benchmarks/live_shutdown.py
    python benchmarks/live_shutdown.py --rooms 64 --seats 16 --seconds 60 --runs 3

In each room a person plays against bots, with some inputs a second. Once all rooms have run for `--seconds`, the server
gets the signal. Printed are the seconds from then to the first and to the last replay and to the server's end, how long
the matches were, and whether each replay plays again as it was recorded; then the medians. Exit code 1 when the first
file comes after 1 s, the last one after 5 s, or a room or file is missing, or a file wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from botgame.lms.replay.verify import verify
from botgame.lms.rules import TICKS_PER_SECOND
from live_load import HELLO, metric, scrape, start_server

FIRST, LAST = 1.0, 5.0  # seconds, targets
INPUTS = 3  # of a person, a second


class Stop(NamedTuple):
    """One stop. first, last, ended: seconds from the signal; played: of a match, mean; running: rooms at the signal.

    files, good: replays, and those that play again as recorded.
    """

    first: float
    last: float
    ended: float
    played: float
    running: int
    files: int
    good: int


async def enter(url: str, number: int, seats: int) -> ClientConnection:
    """A person in a new room with bots in all other seats."""
    connection = await connect(url, compression=None, max_queue=None, ping_interval=None, open_timeout=60)
    await connection.send(HELLO)
    create = {"type": "create", "seats": seats, "bots": ["lms_re"] * (seats - 1), "duration": 600, "seed": number}
    await connection.send(json.dumps(create))
    async for frame in connection:
        if frame.startswith('{"type":"error"'):
            raise SystemExit(f"no room: {frame}")
        if frame.startswith('{"type":"room"'):
            return connection
    raise SystemExit("the server closed the connection")


async def play(connection: ClientConnection, number: int) -> None:
    """Walk and shoot at random, and read, until the server closes the connection."""
    sender = asyncio.create_task(push(connection, random.Random(number)))
    with contextlib.suppress(ConnectionClosed):
        async for _ in connection:
            pass
    sender.cancel()


async def push(connection: ClientConnection, rng: random.Random) -> None:
    """Inputs at the usual rate."""
    seq = 0
    while True:
        await asyncio.sleep(1 / INPUTS)
        seq += 1
        verb, move, aim = rng.choice((0, 0, 1, 2)), rng.randrange(9), rng.randrange(32)
        with contextlib.suppress(ConnectionClosed):
            await connection.send(f'{{"type":"input","seq":{seq},"move":{move},"verb":{verb},"aim":{aim}}}')


async def fill(address: str, arguments: Namespace, server: subprocess.Popen[str]) -> tuple[float, int]:
    """Fill the rooms one after the other, play, and send the signal; returns its time, and how many rooms ran then."""
    url, people = address.replace("http", "ws", 1) + "ws", []
    for number in range(arguments.rooms):
        connection = await enter(url, number, arguments.seats)
        people.append(asyncio.create_task(play(connection, number)))
    await asyncio.sleep(arguments.seconds)
    running = metric(await asyncio.to_thread(scrape, address), "botgame_rooms_running")
    server.send_signal(signal.SIGTERM)
    sent = time.time()
    await asyncio.gather(*people)
    return sent, round(running)


def measure(arguments: Namespace) -> Stop:
    """Start a server, fill it and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        server, address = start_server(Path(folder), arguments.rooms)
        try:
            sent, running = asyncio.run(fill(address, arguments, server))
            server.wait(120)
            ended = time.time() - sent
        finally:
            server.kill()
        paths = sorted((Path(folder) / "data-dir").rglob("*.lmsr"))
        times = [path.stat().st_mtime - sent for path in paths] or [float("inf")]
        verdicts = list(verify(paths, 16))
        for verdict in verdicts:
            if verdict.fault is not None:
                kept = shutil.copy(verdict.path, tempfile.gettempdir())
                print(f"WRONG {verdict.path.name}: {verdict.fault}; kept as {kept}", flush=True)
        good = [verdict.replay for verdict in verdicts if verdict.replay is not None and verdict.fault is None]
    played = statistics.fmean(replay.header.ticks for replay in good) / TICKS_PER_SECOND if good else 0.0
    return Stop(min(times), max(times), ended, played, running, len(paths), len(good))


def main() -> int:
    """Run and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=64)
    parser.add_argument("--seats", type=int, default=16, help="of each room, one of them a person's")
    parser.add_argument("--seconds", type=float, default=60.0, help="that all rooms run before the signal")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    stops = []
    for _ in range(arguments.runs):
        stops.append(stop := measure(arguments))
        print(
            f"first file {stop.first:.2f} s, last {stop.last:.2f} s, end {stop.ended:.2f} s; "
            f"{stop.running} matches ran, of {stop.played:.0f} s; {stop.files} replays, {stop.good} good",
            flush=True,
        )
    first, last, ended = (statistics.median(column) for column in list(zip(*stops, strict=True))[:3])
    print(f"{arguments.rooms} rooms of {arguments.seats}, medians: {first:.2f} s, {last:.2f} s, {ended:.2f} s")
    whole = all(arguments.rooms == stop.running <= stop.files == stop.good for stop in stops)
    return 0 if whole and first <= FIRST and last <= LAST else 1


if __name__ == "__main__":
    sys.exit(main())
