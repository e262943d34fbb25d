r"""Never lose a league on a cluster: kills machines of a Ray cluster and its head at random moments, and adds up.

    python benchmarks/ray_kills.py
    python benchmarks/ray_kills.py --node-kills 20 --head-kills 5 --nodes 3 --seed 1

The cluster is several Ray nodes on this machine (`ray.cluster_utils`), each with processes of its own: a head, where
the learner is, and nodes of one CPU for the actors. A kill ends all processes of a node with SIGKILL while the league
trains; another node takes its place. With the head the command goes too, and is resumed in a new cluster. At the end
Ctrl-C stops the league, and what it wrote must add up: matches are numbered without a gap, none is there twice, and
lines of the match file, the trainers' episodes, the league's games and its payoff count the same. Exits with 1 where
anything does not. Linux, and `pip install "botgame[ray]"`.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botgame import cli
from exploiters import EXPLOITERS
from kills import TINY, train_start
from league_sums import wrong_sums

GAME = ("--game", "toy_game:toy")  # of the tests: many short matches
LEAGUE = (
    *("--rl-iterations-per-round", "4", "--past-matches", "2", "--past-selves", "2", "--cross-play-players", "4"),
    *("--cross-play-matches", "2", "--min-phase-steps", "400", "--rounds", "100000"),
    *EXPLOITERS,
)
STARTS = 8  # tries to start a node: Ray gives up after 30 s, and the machine may be busy
PATIENCE = 300.0  # seconds in which an iteration must end, the start of a cluster included
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_worker_niceness": "0"}  # loopback alone, no low priority
os.environ |= {"RAY_gcs_rpc_server_reconnect_timeout_s": "15"}  # seconds after which a command without a head ends
STORE = 128 * 2**20  # bytes of a node's object store


class League:
    """The command in `folder`, and the cluster that it acts in."""

    def __init__(self, start: Path, folder: Path, nodes: int) -> None:
        self._folder, self._size = folder, nodes
        self.cluster = started(_cluster)
        self._nodes = [self._node() for _ in range(nodes)]
        line = [sys.executable, "-m", "botgame.training.alphastar_league", "--supervised-checkpoint", str(start)]
        line += [*GAME, *TINY, *LEAGUE, "--output-dir", str(folder), "--resume", "--threads", "1"]
        line += ["--engine", "ray", "--ray-address", self.cluster.address, "--actors", str(nodes)]
        self._said = folder.with_suffix(".txt")
        with self._said.open("w") as said:
            self.process = subprocess.Popen(line, stdout=said, stderr=subprocess.STDOUT)

    def wait(self, iterations: int) -> None:
        """Until so many more iterations are logged. Raises RuntimeError when they do not come."""
        goal, end = self._logged() + iterations, time.monotonic() + PATIENCE
        while self._logged() < goal:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the league does not go on:\n{self.end(signal.SIGKILL)}")
            time.sleep(0.05)

    def kill_node(self, chance: random.Random) -> None:
        """End one node at once, and put a new one in its place."""
        node = self._nodes.pop(chance.randrange(self._size))
        self.cluster.remove_node(node, allow_graceful=False)
        self._nodes.append(self._node())

    def kill_head(self) -> str:
        """End the head at once; returns what the command said, which ends without it."""
        self.cluster.remove_node(self.cluster.head_node, allow_graceful=False)
        return self.end(None)

    def end(self, number: int | None) -> str:
        """Send the command a signal, wait for its end, end the cluster; returns what the command said."""
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(PATIENCE)
        self.cluster.shutdown()
        return self._said.read_text()

    def _node(self) -> Any:
        return started(lambda: self.cluster.add_node(num_cpus=1, object_store_memory=STORE))

    def _logged(self) -> int:
        log = self._folder / "metrics.jsonl"
        return log.read_bytes().count(b"\n") if log.exists() else 0


def started(start: Callable[[], Any]) -> Any:
    """What `start` returns; it is called again where Ray gives up."""
    for _ in range(STARTS - 1):
        try:
            return start()
        except Exception as error:
            print(f"a node did not start: {error}", flush=True)
    return start()


def _cluster() -> Any:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
    return Cluster(initialize_head=True, head_node_args=head)


def disturbed(start: Path, folder: Path, options: Any) -> tuple[int, int]:
    """Train with all kills; returns how many actors were lost and how often the league was resumed."""
    chance = random.Random(options.seed)
    phases = options.head_kills + 1
    lost = 0
    for phase in range(phases):
        began = time.monotonic()
        league = League(start, folder, options.nodes)
        league.wait(2)
        kills = options.node_kills * (phase + 1) // phases - options.node_kills * phase // phases
        for _ in range(kills):
            time.sleep(chance.uniform(0, 3))
            league.kill_node(chance)
            league.wait(2)
        time.sleep(chance.uniform(0, 3))
        said = league.kill_head() if phase < options.head_kills else league.end(signal.SIGINT)
        lost += said.count(" was lost")
        print(
            f"phase {phase + 1}: {kills} kills of nodes, exit code {league.process.returncode}, "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
    if league.process.returncode != 130:
        raise RuntimeError(f"the league did not stop well:\n{said}")
    return lost, phases - 1


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("ray_kills.py", "Kill machines of a cluster and its head while a league trains, and add up.")
    parser.flag("--node-kills", type=cli.non_negative_int, default=6, help="kills of machines with actors")
    parser.flag("--head-kills", type=cli.non_negative_int, default=2, help="kills of the head")
    parser.flag("--nodes", type=cli.positive_int, default=2, help="machines of one actor each")
    parser.flag("--seed", type=cli.seed, default=0, help="decides the moments")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each part; returns the exit code."""
    options = build_parser().parse_args(argv)
    tests = str(Path(__file__).resolve().parent.parent / "tests")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        start, folder = train_start(Path(name, "start", "start.pt"), *GAME), Path(name, "league")
        lost, resumed = disturbed(start, folder, options)
        print(f"{options.node_kills} kills of nodes, {lost} shares of matches void; the head killed {resumed} times")
        wrong = list(wrong_sums(folder))
    print("\n".join(wrong) or "everything adds up")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
