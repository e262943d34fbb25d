r"""A training run on up to 1,000 Ray actors, on paper: where `--engine ray` breaks first.

    python benchmarks/cluster_on_paper.py
    python benchmarks/cluster_on_paper.py --learner h200 --preset full --passes 1 --network 25

Nothing runs. From speeds that were measured one at a time (docs/LOG.md, docs/scaling.md; sizes are those of the
arena) it works out for each number of actors what they would act, what part of each resource that takes, and so which
resource is full first. "acted" is what is left then. Staleness is in updates and iterations of the learner, for a
sequence of this iteration: it began with the weights of one or two updates of the weights before. In a league the
learning players share the same actors, so each gets its share of all decisions and iterations.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from botgame import cli
from botgame.training.alphastar.learner.config import RLConfig

ACTORS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
UNROLL = RLConfig().unroll_length  # decisions of a sequence
MOST_MATCHES = 4096  # of a run: the bound of `RLConfig.matches_per_actor`
BYTES = 2200  # of a decision with its observation, as a sequence holds it
WEIGHTS = {"small": 1.46e6, "base": 5.83e6, "full": 70.7e6}  # bytes
# Decisions/s of one core: `small` measured with 32 matches, half of it the network; the others as their weights grow.
ACTING = {"small": 8000.0, "base": 3300.0, "full": 340.0}
LEARNING = {  # decisions/s: one core (`small` measured); an H200 at minibatches of 64 sequences (measured)
    "core": {"small": 23_000.0, "base": 5_750.0, "full": 480.0},
    "h200": {"small": 927_000.0, "base": 333_000.0, "full": 68_400.0},
}
RECEIVING = 3e9  # bytes/s that one thread copies into the replay buffer; 5.3e9 from a warm cache
ASKING = 0.003  # seconds of the learner's process for one rollout of 4 MB through Ray, apart from copying


@dataclass(frozen=True)
class Cluster:
    """What is given. network: bytes/s of the learner's machine; cores: actors of a machine; matches: of an actor."""

    preset: str
    learner: str
    passes: int
    batch: int
    network: float
    cores: int
    matches: int


@dataclass(frozen=True)
class Load:
    """What `actors` would do: decisions/s that they could act, and the part of each resource that this takes."""

    actors: int
    could: float
    parts: dict[str, float]
    staleness: float

    @property
    def fullest(self) -> str:
        """The resource that is full first."""
        return max(self.parts, key=lambda name: self.parts[name])

    @property
    def acted(self) -> float:
        """Decisions/s that are acted and learned from: all, or what the fullest resource lets through."""
        return self.could / max(1.0, self.parts[self.fullest])


def load(cluster: Cluster, actors: int) -> Load:
    """Every resource in seconds of work for a second of acting, 1 = full."""
    could = actors * ACTING[cluster.preset]
    rollouts = could / (cluster.matches * UNROLL)  # a second: each actor unrolls its matches once
    sequences = actors * cluster.matches  # of an iteration: a rollout of every actor
    iterations = rollouts / actors
    machines = -(-actors // cluster.cores)
    sent = iterations * machines * WEIGHTS[cluster.preset]  # each machine fetches new weights once
    learning = could * cluster.passes / LEARNING[cluster.learner][cluster.preset]
    receiving = could * BYTES / RECEIVING + rollouts * ASKING
    parts = {
        "learning": learning,
        "with receiving": learning + receiving,  # one after the other, in one process
        "network in": could * BYTES / cluster.network,
        "network out": sent / cluster.network,
        "4,096 matches": sequences / MOST_MATCHES,
    }
    return Load(actors, could, parts, cluster.passes * sequences / cluster.batch)


def lines(cluster: Cluster) -> list[str]:
    """The table, a line for each number of actors, and what breaks first."""
    loads = [load(cluster, actors) for actors in ACTORS]
    names = list(loads[0].parts)
    out = ["actors  could act/s     acted/s  updates  MB/s  " + "  ".join(f"{name:>13}" for name in names)]
    for each in loads:
        parts = "  ".join(f"{each.parts[name]:>12.0%} " for name in names)
        traffic = each.acted * BYTES / 1e6
        out.append(
            f"{each.actors:>6}  {each.could:>11,.0f}  {each.acted:>10,.0f}  {each.staleness:>7,.0f}"
            f"  {traffic:>4,.0f}  {parts}"
        )
    full = next((each for each in loads if each.parts[each.fullest] >= 1), None)
    return [*out, f"full first: {full.fullest}, by {full.actors} actors" if full else "nothing is full"]


def league_line(frozen: int, preset: str, in_memory: int) -> str:
    """What a league of so many frozen players keeps in memory."""
    store, actor = frozen * WEIGHTS[preset] / 1e9, min(frozen, in_memory) * WEIGHTS[preset] / 1e9
    return f"a league of {frozen:,} frozen players: {store:.1f} GB in object stores, {actor:.2f} GB in each actor"


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("cluster_on_paper.py", "Work out where a run in a cluster breaks first.")
    parser.flag("--preset", choices=sorted(WEIGHTS), default="small", help="size of the network")
    parser.flag("--learner", choices=sorted(LEARNING), default=None, help="who learns; both unless given")
    parser.flag("--passes", type=cli.positive_int, default=4, help="--learner-updates of the run")
    parser.flag("--batch-size", type=cli.positive_int, default=64, help="sequences in a minibatch")
    parser.flag("--network", type=cli.positive_float, default=10.0, help="Gbit/s of the learner's machine")
    parser.flag("--cores", type=cli.positive_int, default=16, help="actors of a machine")
    parser.flag("--matches", type=cli.positive_int, default=32, help="parallel matches of an actor")
    parser.flag("--frozen", type=cli.positive_int, default=1000, help="frozen players of a league")
    parser.flag("--players-in-memory", type=cli.positive_int, default=24, help="frozen networks that an actor keeps")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print a table for each learner."""
    options = build_parser().parse_args(argv)
    for learner in [options.learner] if options.learner else sorted(LEARNING):
        network = options.network * 1e9 / 8
        given = (options.preset, learner, options.passes, options.batch_size, network, options.cores, options.matches)
        print(f"{options.preset}, learner: {learner}, each decision learned {options.passes} times")
        print("\n".join(lines(Cluster(*given))), end="\n\n")
    print(league_line(options.frozen, options.preset, options.players_in_memory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
