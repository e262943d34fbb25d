"""Load on the live server: how late are ticks while N duels of WebSocket clients are played.

    python benchmarks/live_load.py --duels 50 --seconds 60
    python benchmarks/live_load.py --duels 10 --seconds 60 --fuzz-frames 100000

Server and clients are two processes. Lateness is the server's own: from a room's deadline until its messages are with
the sockets. `--fuzz-frames` sends malformed frames meanwhile, as many as the server reads; no match may be lost. Exit
code 1 when a match was lost, or p99 is not below 10 ms while nobody sends such frames.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TARGET = 0.010  # seconds, p99
HELLO = '{"type":"hello","protocol":1,"game":"lms-arena","token":""}'


@dataclass
class Seen:
    """What the clients counted."""

    states: int = 0
    gaps: list[float] = field(default_factory=list)
    matches: int = 0
    lost: int = 0
    inputs: int = 0
    fuzzed: int = 0
    refused: Counter[str] = field(default_factory=Counter)


async def duel(url: str, number: int, arguments: argparse.Namespace, seen: Seen, ends: float) -> None:
    """Two people in one room; again when their match is over."""
    rng = random.Random(number)
    await asyncio.sleep(rng.random() * 2)
    while time.perf_counter() < ends:
        async with (
            connect(url, compression=None, max_queue=None) as one,
            connect(url, compression=None, max_queue=None) as two,
        ):
            await one.send(HELLO)
            await two.send(HELLO)
            create = {"type": "create", "seats": 2, "bots": ["lms_re"] if arguments.bots else [], "duration": 120}
            await one.send(json.dumps(create))
            room = await _room(one)
            if not arguments.bots:
                await two.send(json.dumps({"type": "join", "room": room}))
            players = [one] if arguments.bots else [one, two]
            over = await asyncio.gather(*(play(player, arguments, rng, seen, ends) for player in players))
            seen.matches += all(over)
            seen.lost += time.perf_counter() < ends and not all(over)


async def _room(connection) -> str:
    async for frame in connection:
        message = json.loads(frame)
        if message["type"] == "error":
            raise RuntimeError(message["message"])
        if message["type"] == "room":
            return str(message["room"])
    raise RuntimeError("no room")


async def play(connection, arguments: argparse.Namespace, rng: random.Random, seen: Seen, ends: float) -> bool:
    """Walk and shoot at random until the match is over. False when the connection was lost or time is up."""
    sender = asyncio.create_task(push(connection, arguments, rng, seen))
    last = 0.0
    try:
        async for frame in connection:
            if frame.startswith('{"type":"state"'):
                now = time.perf_counter()
                seen.states += 1
                if last:
                    seen.gaps.append(now - last)
                last = now
                if now > ends:
                    return False
            elif frame.startswith('{"type":"result"'):
                return True
    except ConnectionClosed:
        pass
    finally:
        sender.cancel()
    return False


async def push(connection, arguments: argparse.Namespace, rng: random.Random, seen: Seen) -> None:
    """Inputs at the asked rate."""
    seq = 0
    try:
        while True:
            await asyncio.sleep(1 / arguments.inputs)
            seq += 1
            verb = rng.choice((0, 0, 0, 0, 1, 1, 2, 3, 4))
            move, aim = rng.randrange(9), rng.randrange(32)
            await connection.send(f'{{"type":"input","seq":{seq},"move":{move},"verb":{verb},"aim":{aim}}}')
            seen.inputs += 1
    except ConnectionClosed:
        return


async def fuzz(address: str, url: str, frames: int, seen: Seen) -> None:
    """Malformed frames over one connection after the other, until the server has counted `frames` of them.

    It cuts off who sends many and reads no further, so more have to be sent.
    """
    rng = random.Random(7)
    for number in itertools.count():
        if number % 200 == 199 and await asyncio.to_thread(malformed, address) >= frames:
            return
        try:
            async with connect(url, compression=None, max_queue=None) as connection:
                if rng.random() < 0.8:
                    await connection.send(HELLO)
                for _ in range(40):
                    await connection.send(garbage(rng))
                    seen.fuzzed += 1
        except (ConnectionClosed, OSError) as error:
            seen.refused[type(error).__name__] += 1


def garbage(rng: random.Random) -> str | bytes:
    """Noise, cut JSON, wrong types, absurd numbers, deep nesting, frames that are too long."""
    kinds = ("hello", "create", "join", "input", "act", "mark", "take", "follow", "nothing")
    valid = json.dumps({"type": rng.choice(kinds), "seq": rng.choice((1, -1, 1e300, "x", None, [], 2**70))})
    return rng.choice(
        (
            rng.randbytes(rng.randrange(200)),
            valid[: rng.randrange(len(valid))],
            valid,
            "[" * rng.randrange(2000),
            "x" * rng.randrange(4096),
            '{"type":"input","seq":1,"move":9}',
            '{"type":"act","tick":1,"action":[1,2]}',
        )
    )


def start_server(folder: Path, duels: int) -> tuple[subprocess.Popen[str], str]:
    """A server of its own at a free port; its address."""
    command = [sys.executable, "-m", "botgame.server.live", "--port", "0", "--max-rooms", str(2 * duels + 8)]
    for flag in ("data-dir", "reports-dir", "feedback-dir"):
        command += [f"--{flag}", str(folder / flag)]
    command += ["--max-clients", str(4 * duels + 64), "--seed", "1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        found = re.search(r"http://[\w.]+:\d+/", line)
        if found:
            return server, found.group()
    raise SystemExit("the server did not start")


def scrape(address: str) -> str:
    """/metrics of the server."""
    with urllib.request.urlopen(address + "metrics", timeout=10) as answer:
        return str(answer.read().decode())


def malformed(address: str) -> float:
    """How many malformed frames the server has counted."""
    return metric(scrape(address), "botgame_messages_malformed_total")


def metric(text: str, name: str) -> float:
    """One number of /metrics."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


async def load(address: str, arguments: argparse.Namespace) -> Seen:
    """All clients at once, until the time is up."""
    seen, url = Seen(), address.replace("http", "ws", 1) + "ws"
    ends = time.perf_counter() + arguments.seconds
    tasks = [duel(url, number, arguments, seen, ends) for number in range(arguments.duels)]
    if arguments.fuzz_frames:
        tasks.append(fuzz(address, url, arguments.fuzz_frames, seen))
    await asyncio.gather(*tasks)
    return seen


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duels", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--inputs", type=float, default=15.0, help="inputs a second of each client")
    parser.add_argument("--bots", action="store_true", help="each client against lms_re instead of against another")
    parser.add_argument("--fuzz-frames", type=int, default=0, help="malformed frames to send meanwhile")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, address = start_server(Path(folder), arguments.duels)
        try:
            arguments.start_cpu = metric(scrape(address), "botgame_process_cpu_seconds")
            seen = asyncio.run(load(address, arguments))
            text = scrape(address)
        finally:
            server.terminate()
            server.wait(60)
    return report(seen, text, arguments)


def report(seen: Seen, text: str, arguments: argparse.Namespace) -> int:
    """Print the figures; the exit code."""
    quantile = 'botgame_tick_lateness_recent_seconds{{quantile="{}"}}'
    late = {q: metric(text, quantile.format(q)) for q in ("0.5", "0.9", "0.99", "0.999")}
    gaps = sorted(seen.gaps) or [0.0]
    at = {share: gaps[int(share * (len(gaps) - 1))] for share in (0.5, 0.99)}
    spent = os.times()
    used, ticks = metric(text, "botgame_process_cpu_seconds"), metric(text, "botgame_ticks_total")
    used -= arguments.start_cpu
    print(f"{arguments.duels} duels, {arguments.seconds:g} s, {seen.states} states received, {seen.inputs} inputs sent")
    print("tick lateness, ms: " + ", ".join(f"p{float(q) * 100:g} {value * 1000:.2f}" for q, value in late.items()))
    print(f"ticks {ticks:.0f}, skipped {metric(text, 'botgame_ticks_skipped_total'):.0f}")
    print(f"time between states at the clients, ms: p50 {at[0.5] * 1000:.1f}, p99 {at[0.99] * 1000:.1f}")
    share = f"{used / max(ticks, 1) * 1e6:.0f} microseconds a tick of a room"
    print(f"processor: server {used:.1f} s ({share}), clients {spent.user + spent.system:.1f} s")
    bots = metric(text, "botgame_bot_decisions_total"), metric(text, "botgame_bot_decisions_late_total")
    print(f"bot decisions {bots[0]:.0f}, late {bots[1]:.0f}; matches over {seen.matches}, lost {seen.lost}")
    if arguments.fuzz_frames:
        print(f"malformed frames sent {seen.fuzzed}, counted {metric(text, 'botgame_messages_malformed_total'):.0f}")
    is_late = late["0.99"] >= TARGET and not arguments.fuzz_frames
    return 1 if seen.lost or is_late else 0


if __name__ == "__main__":
    sys.exit(main())
