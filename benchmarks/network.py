"""Speed of the network on one core or a GPU: `python benchmarks/network.py [--preset small|all] [--device cuda]`.

Prints parameters, acting decisions/s at several batch sizes and learning decisions/s (teacher-forced forward, all
losses of reinforcement learning, backward, Adam step) on sequences of 64 x 16, full and ragged. Observations are
random but as full as a duel's: a few valid entities, most categories legal. `--precision` and `--compile` are those of
the trainers and concern learning.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from botgame.lms.spec import ARENA_SPEC
from botgame.spec import Spec
from botgame.training.alphastar.learner.config import PRECISIONS
from botgame.training.alphastar.learner.losses import LossInputs, LossWeights, reinforcement_losses
from botgame.training.alphastar.network.acting import acting_step
from botgame.training.alphastar.network.action_distribution import head_log_probs
from botgame.training.alphastar.network.compiled import compiled_twin
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.precision import autocast, mixed
from botgame.training.alphastar.network.presets import PRESETS

UNROLL, SEQUENCES = 64, 16


def random_observation(spec: Spec, shape: tuple[int, ...], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """An observation of `shape` rows with every array of the spec; 1 to 6 valid entities a row."""

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*shape, *size, generator=generator).clamp(-1, 1)

    counts = torch.randint(1, 7, shape, generator=generator)
    legal = torch.rand(*shape, spec.logits, generator=generator) < 0.8
    legal[..., [part.start for part in spec.slices.values()]] = True
    side = spec.raster_size
    raster = torch.randint(0, 256, (*shape, len(spec.raster_channels), side, side), generator=generator)
    return {
        "scalars": normal(len(spec.scalars)),
        "vectors": torch.nn.functional.normalize(normal(len(spec.vectors), 2), dim=-1),
        "entities": normal(spec.max_entities, len(spec.entity_columns)),
        "entity_mask": torch.arange(spec.max_entities) < counts[..., None],
        "raster": raster.to(torch.uint8),
        "legal": legal,
        "privileged": normal(len(spec.privileged)),
    }


def rate(work: Callable[[], None], decisions: int, seconds: float, device: torch.device) -> float:
    """Decisions a second in `work`, which makes `decisions` a call; the median of repeated calls.

    On a CPU of processor time: that of one thread is wall time on an idle machine, and other programs disturb it less.
    """
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    work()
    wait()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = clock()
        work()
        wait()
        times.append(clock() - start)
    return decisions / sorted(times)[len(times) // 2]


def to(device: torch.device, observation: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The observation on the device."""
    return {name: column.to(device) for name, column in observation.items()}


def acting(network: Network, batch: int, seconds: float, device: torch.device) -> float:
    """Decisions/s as actors make them: arrays in, arrays out."""
    generator = torch.Generator().manual_seed(0)
    observation = {
        name: column.numpy() for name, column in random_observation(network.spec, (batch,), generator).items()
    }
    uniforms = torch.rand(batch, len(network.spec.heads), generator=generator).numpy()
    memory, step = network.initial_memory(batch).cpu().numpy(), acting_step(network)

    def work() -> None:
        nonlocal memory
        memory = step(observation, memory, uniforms, 1.0).memory

    return rate(work, batch, seconds, device)


@torch.no_grad()
def recorded(
    network: Network, observation: dict[str, torch.Tensor], generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Actions, their behaviour log-probabilities and a teacher's log-probabilities for [T, B] observations."""
    shape = observation["legal"].shape[:2]
    flat = {key: value.flatten(0, 1) for key, value in observation.items()}
    uniforms = torch.rand(shape.numel(), len(network.spec.heads), generator=generator).to(flat["legal"].device)
    acted = network.act(flat, network.initial_memory(shape.numel()), uniforms)
    behaviour = head_log_probs(network.spec, acted.log_probs, acted.actions)
    return tuple(value.view(*shape, -1) for value in (acted.actions, behaviour, acted.log_probs))


def learning(network: Network, ragged: bool, seconds: float, device: torch.device, in_bfloat16: bool) -> float:
    """Decisions/s of forward, losses, backward and Adam step on UNROLL x SEQUENCES."""
    generator = torch.Generator().manual_seed(0)
    shape = (UNROLL, SEQUENCES)
    observation = to(device, random_observation(network.spec, shape, generator))
    lengths = torch.randint(1, UNROLL + 1, (SEQUENCES,), generator=generator) if ragged else torch.tensor([UNROLL])
    valid = (torch.arange(UNROLL)[:, None] < lengths[None, :]).expand(shape).contiguous().to(device)
    actions, behaviour, teacher = recorded(network, observation, generator)
    discounts = torch.ones(shape, device=device)
    rewards = torch.randn(*shape, len(network.spec.rewards), generator=generator).to(device)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    memory = network.initial_memory(SEQUENCES)

    def work() -> None:
        with autocast(in_bfloat16, device):
            result = network.unroll(observation, memory, actions, valid)
        values = torch.cat([result.values, result.values[-1:].detach()])
        inputs = LossInputs(result.log_probs, values, actions, behaviour, teacher, rewards, discounts, valid)
        losses = reinforcement_losses(network.spec, inputs, LossWeights())
        optimizer.zero_grad()
        losses["total"].backward()
        optimizer.step()

    return rate(work, int(valid.sum()), seconds, device)


def report(preset: str, options: argparse.Namespace) -> None:
    """Measure one preset and print it."""
    device, seconds = torch.device(options.device), options.seconds
    network = Network(ARENA_SPEC, PRESETS[preset]).to(device)
    in_bfloat16 = mixed(options.precision, device, network)
    kind = ("bfloat16" if in_bfloat16 else "float32") + (", compiled" if options.compile else "")
    print(f"{preset}: {sum(p.numel() for p in network.parameters()):,} parameters")
    for batch in (1, 32, 128, 512):
        print(f"acting, batch {batch:4d}: {acting(network, batch, seconds, device):10,.0f} decisions/s")
    learner = compiled_twin(network) if options.compile else network
    for ragged in (False, True):
        name = "ragged" if ragged else "full"
        found = learning(learner, ragged, seconds, device, in_bfloat16)
        print(f"learning, {name:>6} sequences: {found:10,.0f} decisions/s ({kind})")


def main() -> None:
    """Print the figures of one preset or of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=("all", *PRESETS), default="small")
    parser.add_argument("--seconds", type=float, default=3.0, help="measuring time of each line")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for preset in PRESETS if options.preset == "all" else (options.preset,):
        report(preset, options)


if __name__ == "__main__":
    main()
