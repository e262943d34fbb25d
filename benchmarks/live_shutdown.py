"""How fast the live server saves its matches when it is told to stop: 64 rooms of free-for-alls, then SIGTERM.

    python benchmarks/live_shutdown.py
    python benchmarks/live_shutdown.py --rooms 64 --seats 8 --played 60 --runs 3

A person in each room plays against bots, with ten inputs a second, until the rooms have played `--played` seconds.
Printed are the seconds from the signal to the first and to the last replay, and to the server's end, the median of the
runs, and whether each replay plays again as it was recorded. Exit code 1 when the first file comes after 1 s, the last
one after 5 s, or one is missing or wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from botgame.lms.replay.verify import verify
from live_load import HELLO, start_server

FIRST, LAST = 1.0, 5.0  # seconds, targets
TICKS = 30  # a second


async def person(url: str, number: int, arguments: Namespace, gate: asyncio.Event) -> None:
    """One person in a room of bots, until the server closes the connection; `gate` opens once it has played enough."""
    rng = random.Random(number)
    async with connect(url, compression=None, max_queue=None) as connection:
        await connection.send(HELLO)
        bots = ["lms_re"] * (arguments.seats - 1)
        create = {"type": "create", "seats": arguments.seats, "bots": bots, "duration": 600, "seed": number}
        await connection.send(json.dumps(create))
        sender = asyncio.create_task(push(connection, rng))
        try:
            async for frame in connection:
                if frame.startswith('{"type":"error"'):
                    raise SystemExit(frame)
                if frame.startswith('{"type":"state"') and json.loads(frame)["tick"] >= arguments.played * TICKS:
                    gate.set()
        except ConnectionClosed:
            pass
        finally:
            sender.cancel()


async def push(connection: ClientConnection, rng: random.Random) -> None:
    """Inputs ten times a second."""
    seq = 0
    while True:
        await asyncio.sleep(0.1)
        seq += 1
        verb = rng.choice((0, 0, 0, 1, 2))
        text = f'{{"type":"input","seq":{seq},"move":{rng.randrange(9)},"verb":{verb},"aim":{rng.randrange(32)}}}'
        await connection.send(text)


async def fill(url: str, arguments: Namespace, server: subprocess.Popen[str]) -> float:
    """Fill the rooms, play, and send the signal; returns its time."""
    gates = [asyncio.Event() for _ in range(arguments.rooms)]
    people = [asyncio.create_task(person(url, number, arguments, gate)) for number, gate in enumerate(gates)]
    await asyncio.wait_for(asyncio.gather(*(gate.wait() for gate in gates)), 60 + 4 * arguments.played)
    server.send_signal(signal.SIGTERM)
    sent = time.time()
    await asyncio.gather(*people, return_exceptions=True)
    return sent


def measure(arguments: Namespace) -> tuple[float, float, float, int]:
    """Seconds to the first file, to the last and to the server's end; how many replays are missing or wrong."""
    with tempfile.TemporaryDirectory() as folder:
        server, address = start_server(Path(folder), arguments.rooms)
        try:
            sent = asyncio.run(fill(address.replace("http", "ws", 1) + "ws", arguments, server))
            server.wait(120)
            ended = time.time()
        finally:
            server.kill()
        paths = sorted((Path(folder) / "data-dir").rglob("*.lmsr"))
        times = [path.stat().st_mtime - sent for path in paths] or [float("inf")]
        good = sum(verdict.fault is None for verdict in verify(paths, 64))
        return min(times), max(times), ended - sent, arguments.rooms - good


def main() -> int:
    """Run and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=64)
    parser.add_argument("--seats", type=int, default=8, help="of each room, one of them a person's")
    parser.add_argument("--played", type=float, default=60.0, help="seconds that each match has been played")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.runs):
        runs.append(measure(arguments))
        print(
            "first file {:.2f} s, last {:.2f} s, server ended {:.2f} s; missing or wrong: {}".format(*runs[-1]),
            flush=True,
        )
    first, last, ended = (statistics.median(run[column] for run in runs) for column in range(3))
    print(f"{arguments.rooms} rooms, median of {arguments.runs}: {first:.2f} s, {last:.2f} s, {ended:.2f} s")
    return 1 if first > FIRST or last > LAST or any(run[3] for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
