r"""Speed and correctness of training on a GPU, in at most six minutes: acting, learning, the whole loop, a short run.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --presets full --parts acting,learning --seconds 5 --precision bfloat16

Parts: `parity`, losses and gradient of a minibatch against the CPU in float32; `acting` and `learning`, decisions/s by
batch, with CUDA graphs and as torch starts each operation ("plain"); `loop`, iterations of the command `alphastar_rl`
that learn from each decision once; `run`, the same command with its own defaults from the champion for about
--run-seconds, then its win rate. Acting counts decisions as actors make them, arrays in and arrays out. Without a CUDA
device it says so and ends. To try it anywhere:

    python benchmarks/gpu.py --device cpu --seconds 0.1 --presets tiny --parts parity,acting,learning
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from botgame import cli
from botgame.lms.game import lms
from botgame.lms.spec import ARENA_SPEC
from botgame.training import alphastar_rl
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from botgame.training.alphastar.learner.config import PRECISIONS, RLConfig
from botgame.training.alphastar.learner.gradient import GradientOptions, Metrics, backward
from botgame.training.alphastar.learner.learner import Learner, loss_weights
from botgame.training.alphastar.learner.replay_buffer import ReplayBuffer
from botgame.training.alphastar.learner.sequences import gather
from botgame.training.alphastar.network.acting import TorchStep, acting_step
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.precision import mixed
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.runs.paths import RunPaths
from network import random_observation, rate

CPU = torch.device("cpu")
CHAMPION = lms().checkpoints["champion"]
PARTS = ("parity", "acting", "learning", "loop", "run")
LEARNING = (16, 64, 256)  # sequences in a minibatch
ACTING = (32, 256, 1024, 4096)  # rows
STILL = {"lr": 1e-30, "critic_lr": 1e-30, "max_grad_norm": 1e9}  # an update that clips and changes nothing
LOOP = (
    *("--matches-per-actor", "2048", "--actor-rollouts", "1", "--learner-updates", "1", "--replay-size", "4096"),
    *("--batch-size", "128", "--value-iterations", "0", "--fresh-share", "1"),
)
UNJUDGED = ("--eval-every", "0", "--eval-matches", "2", "--save-every", "100000")
WARM_UP, COUNTED = 1, 2  # iterations of the loop


class Bench:
    """What all parts share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device = torch.device(options.device)
        self.presets: list[str] = options.presets.split(",")
        self.seconds, self.precision, self.run_seconds = options.seconds, options.precision, options.run_seconds
        self.machine = ("--device", options.device, "--precision", options.precision)

    def network(self, preset: str) -> Network:
        """A network of that size whose last layers are no longer 0, as after a little training."""
        network = Network(ARENA_SPEC, PRESETS[preset])
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            for parameter in network.parameters():
                if not parameter.any():
                    parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
        return network.to(self.device)


def filled(network: Network, config: RLConfig, sequences: int) -> ReplayBuffer:
    """Sequences of random observations, as full as a duel's; one in four is short."""
    buffer = ReplayBuffer(ARENA_SPEC, network.memory_size, config.unroll_length, sequences)
    columns, random, generator = buffer.columns, np.random.default_rng(0), torch.Generator().manual_seed(0)
    for name, column in random_observation(ARENA_SPEC, columns["scalars"].shape[:2], generator).items():
        columns[name][:] = column.numpy()
    columns["actions"][:] = random.integers(0, [head.size for head in ARENA_SPEC.heads], columns["actions"].shape)
    columns["rewards"][:] = random.normal(0, 0.1, columns["rewards"].shape)
    columns["teacher"][:] = -2.0
    columns["behaviour"][:] = -2.0
    columns["truncated"][:] = random.random(sequences) < 0.9
    short = random.integers(1, config.unroll_length, sequences)
    columns["length"][:] = np.where(np.arange(sequences) % 4, config.unroll_length, short)
    buffer.count = sequences
    return buffer


def parity(bench: Bench, preset: str) -> Iterator[str]:
    """How far losses and gradient are from the CPU's in float32: plain, with a CUDA graph, and in bfloat16."""
    network, config = bench.network(preset), RLConfig(batch_size=LEARNING[0], upgo_cost=1.0)
    buffer, places = filled(network, config, LEARNING[0]), np.arange(LEARNING[0])
    decisions = int(buffer.columns["length"].sum())
    options = GradientOptions(loss_weights(ARENA_SPEC, config), decisions, config.discount, config.temperature, False)
    reference = copy.deepcopy(network).to(CPU)
    expected = backward(ARENA_SPEC, reference, gather(buffer.columns, places), options), gradient(reference)
    for precision in ("float32", "bfloat16"):
        asked = options._replace(mixed=precision == "bfloat16")
        plain = backward(ARENA_SPEC, network, gather(buffer.columns, places, bench.device), asked), gradient(network)
        yield difference(f"{preset}, plain, {precision}", plain, expected)
        still = dataclasses.replace(config, precision=precision, **STILL)
        learner = Learner(ARENA_SPEC, copy.deepcopy(network), still, device=bench.device)
        learner.capture(buffer)
        found = learner.update(buffer.columns, places), gradient(learner.network)
        yield difference(f"{preset}, captured, {precision}", found, expected)


def gradient(network: Network) -> torch.Tensor:
    """All of it as one vector on the CPU."""
    return torch.cat([parameter.grad.detach().flatten().cpu() for parameter in network.parameters()])


def difference(name: str, found: tuple[Metrics, torch.Tensor], expected: tuple[Metrics, torch.Tensor]) -> str:
    """One line: the largest error of a loss term, relative where that is above 1, and the gradient's by its norm."""
    worst = max(abs(found[0][term] - value) / max(1.0, abs(value)) for term, value in expected[0].items())
    away = float((found[1] - expected[1]).norm() / expected[1].norm())
    return f"{name}: losses within {worst:.1e}, gradient within {away:.1e} of its norm"


def acting(bench: Bench, preset: str) -> Iterator[str]:
    """Decisions/s by number of rows."""
    network = bench.network(preset)
    steps = {"": acting_step(network), " (plain)": TorchStep(network)}
    for rows in ACTING:
        found = [f"{acting_rate(step, network, rows, bench):10,.0f}{name}" for name, step in steps.items()]
        yield f"{preset}, {rows:4d} rows: " + ", ".join(found) + " decisions/s"


def acting_rate(step: Callable[..., object], network: Network, rows: int, bench: Bench) -> float:
    """Decisions/s of an acting step."""
    generator = torch.Generator().manual_seed(0)
    observation = {name: column.numpy() for name, column in random_observation(ARENA_SPEC, (rows,), generator).items()}
    uniforms = torch.rand(rows, len(ARENA_SPEC.heads), generator=generator).numpy()
    memory = np.zeros((rows, network.memory_size), np.float32)

    def work() -> None:
        step(observation, memory, uniforms, 0.5)

    return rate(work, rows, bench.seconds, bench.device)


def learning(bench: Bench, preset: str) -> Iterator[str]:
    """Decisions/s of whole updates (minibatch, losses, gradient, Adam) by sequences in a minibatch."""
    for sequences in LEARNING:
        found = []
        for name in ("", " (plain)"):
            network, config = bench.network(preset), RLConfig(batch_size=sequences, precision=bench.precision)
            learner = Learner(ARENA_SPEC, network, config, device=bench.device)
            buffer = filled(network, config, 2 * sequences)
            if not name:
                learner.capture(buffer)
            found.append(f"{update_rate(learner, buffer, sequences, bench):10,.0f}{name}")
        kind = "bfloat16" if mixed(bench.precision, bench.device, network) else "float32"
        yield f"{preset}, {sequences:3d} sequences: " + ", ".join(found) + f" decisions/s ({kind})"


def update_rate(learner: Learner, buffer: ReplayBuffer, sequences: int, bench: Bench) -> float:
    """Decisions/s of updates on one half of the buffer and the other in turn."""
    halves = [np.arange(sequences), np.arange(sequences, 2 * sequences)]
    decisions = int(buffer.columns["length"].sum()) // 2

    def work() -> None:
        halves.reverse()
        learner.update(buffer.columns, halves[0])

    return rate(work, decisions, bench.seconds, bench.device)


def loop(bench: Bench, preset: str) -> Iterator[str]:
    """Decisions/s of iterations of `alphastar_rl`, each decision learned from once.

    It starts from the champion if that has this size, whose matches last as long as in a real run, else from random
    weights.
    """
    with tempfile.TemporaryDirectory() as name:
        start = CHAMPION
        if load_checkpoint(start, lms()).network["name"] != preset:
            start = Path(name) / "start.pt"
            network = bench.network(preset).cpu()
            saved = Checkpoint("lms", "imitation", ARENA_SPEC, network.config.to_dict(), network.state_dict())
            save_checkpoint(start, dataclasses.replace(saved, rules=dict(lms().rules)))
        lines = train(Path(name), start, (*LOOP, *UNJUDGED, *bench.machine, "--iterations", str(WARM_UP + COUNTED)))
        yield loop_line(preset, [line for line in lines if "time_acting" in line][WARM_UP - 1 :])


def loop_line(preset: str, lines: Sequence[dict[str, float]]) -> str:
    """What the log says of all iterations after the first of these."""
    acting, learning = (sum(line[f"time_{part}"] for line in lines[1:]) for part in ("acting", "learning"))
    decisions = lines[-1]["decisions"] - lines[0]["decisions"]
    return (
        f"{preset}: {decisions / (acting + learning):,.0f} decisions/s; acting {decisions / acting:,.0f}, which takes "
        f"{acting / (acting + learning):.0%} of the time, learning {decisions / learning:,.0f}"
    )


def train(folder: Path, start: Path, words: Sequence[str]) -> list[dict[str, float]]:
    """Run `alphastar_rl` from a checkpoint; returns its log. Raises RuntimeError when it fails."""
    output = folder / "run.pt"
    with contextlib.redirect_stdout(sys.stderr):
        code = alphastar_rl.main(["--supervised-checkpoint", str(start), "--output", str(output), *words])
    if code:
        raise RuntimeError(f"alphastar_rl ended with exit code {code}")
    return [json.loads(line) for line in RunPaths.beside(output, "rl").metrics.read_text().splitlines()]


def run(bench: Bench, _preset: str) -> Iterator[str]:
    """The champion goes on learning for about --run-seconds with the defaults, then 1,000 duels against `lms_re`."""
    with tempfile.TemporaryDirectory() as name:
        lines = train(Path(name), CHAMPION, (*UNJUDGED, *bench.machine, "--iterations", "3"))
        seconds = sum(lines[-1][f"time_{part}"] for part in ("acting", "learning"))
        iterations = max(1, round(bench.run_seconds / seconds))
    with tempfile.TemporaryDirectory() as name:
        begin = time.perf_counter()
        judged = ("--eval-every", "0", "--eval-matches", "1000", "--save-every", "100000")
        lines = train(Path(name), CHAMPION, (*judged, *bench.machine, "--iterations", str(iterations)))
        yield run_line(lines, time.perf_counter() - begin)


def run_line(lines: Sequence[dict[str, float]], seconds: float) -> str:
    """What the log of a run says of it."""
    last = lines[-1]
    trained = sum(line.get("time_acting", 0.0) + line.get("time_learning", 0.0) for line in lines)
    won = f"{last['eval/lms_re']:.1%} [{last['eval_low/lms_re']:.1%}, {last['eval_high/lms_re']:.1%}]"
    return (
        f"{last['decisions']:,} decisions in {trained:.0f} s of training ({seconds:.0f} s in all), "
        f"{last['learner_steps']:,} updates; {won} against lms_re"
    )


def build_parser() -> cli.Parser:
    """The parser of this program."""
    parser = cli.Parser("gpu.py", "Measure training on a GPU.")
    parser.flag("--device", choices=("cuda", "cpu"), default="cuda", help="where networks run (default cuda)")
    parser.flag("--presets", default="small,base,full", help="sizes of networks (default small,base,full)")
    parser.flag("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)} (default: all)")
    parser.flag("--seconds", type=cli.positive_float, default=0.5, help="measuring time of each figure")
    parser.flag("--run-seconds", type=cli.positive_float, default=120.0, help="training time of the run (default 120)")
    parser.flag("--precision", choices=PRECISIONS, default="auto", help="what the learner computes in")
    return parser


def machine(device: torch.device) -> str:
    """The card, the number of cores and the version of torch."""
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"{card}, {os.cpu_count()} cores, torch {torch.__version__}"


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Print all figures; the run is made once."""
    options = build_parser().parse_args(argv)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("skipped: no CUDA device")
        return 0
    torch.set_num_threads(1)
    bench = Bench(options)
    print(machine(bench.device), flush=True)
    measure = {"parity": parity, "acting": acting, "learning": learning, "loop": loop, "run": run}
    for part in options.parts.split(","):
        for preset in bench.presets[:1] if part == "run" else bench.presets:
            for line in measure[part](bench, preset):
                print(f"{part}: {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
