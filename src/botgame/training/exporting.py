"""A checkpoint as an ONNX file, and how the file compares with its checkpoint."""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import botgame
from botgame.bot_names import files_of, is_weaker, split_style
from botgame.errors import UserError
from botgame.files import check_writable, write_atomic
from botgame.game import Observation, Policy
from botgame.games import load_game
from botgame.onnx_policy import FORMAT, OnnxPolicy
from botgame.outputs import check_own, check_result, file_with, json_of
from botgame.seals import sealed
from botgame.trained_bots import checkpoint_path
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint
from botgame.training.alphastar.network.acting import TorchStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import random_observation
from botgame.training.alphastar.network.onnx_export import export_file
from botgame.training.alphastar.policy import NetworkPolicy, load_policy
from botgame.training.golden import FORMAT as GOLDEN
from botgame.training.golden import TOLERANCE, golden_json, golden_path
from botgame.training.web_page import check_page, prepare_page, write_page

CHECK_ROWS = 512
TIMED_CALLS = 200
SHOW = "python -m http.server 8080 --bind 127.0.0.1 -d"


def export_checkpoint(args: argparse.Namespace) -> int:
    """The whole command: export, compare with the checkpoint, and say how fast both are. Raises UserError."""
    _check_whole(args.checkpoint)
    _check_places(args)
    torch.set_num_threads(1)
    game = load_game(args.game)
    name, style = split_style(args.checkpoint)
    path = str(checkpoint_path(game, name))
    policy = load_policy(game, path, style=style, make_step=TorchStep)  # the graph to act by would be a second export
    check_writable(args.output)
    runtime = prepare_page(args.web) if args.web is not None else {}
    data = export(load_checkpoint(path, game), policy.network)
    vectors = _write(args.output, data)
    _say_agreement(args.output, compare(policy, OnnxPolicy(args.output)))
    if args.web is not None:
        write_page(args.web, data, vectors, runtime)
        print(f"{args.web}: a page that plays it; show it with: {SHOW} {args.web}")
    return 0


def _check_whole(bot: str) -> None:
    """Raise UserError (code 2) for a weaker version of a bot, which is no network of its own."""
    if is_weaker(bot):
        raise UserError(f"{bot} is a weaker version of a bot, which a model does not hold; export the bot itself", 2)


def _check_places(args: argparse.Namespace) -> None:
    """Raise UserError (code 2) where something else is in the place of a result."""
    files = [("CHECKPOINT", path) for path in files_of(args.checkpoint)]
    check_result("--output", args.output, ".onnx", files, file_with(FORMAT))
    check_own({golden_path(args.output): json_of(GOLDEN)})
    if args.web is not None:
        check_page(args.web)


def _write(path: Path, data: bytes) -> str:
    """Write a model and its golden vectors; returns these. Raises UserError."""
    write_atomic(path, data)
    vectors = golden_json(OnnxPolicy(path), data)
    write_atomic(golden_path(path), vectors.encode())
    print(f"{path}: {len(data) / 1024:.0f} KiB, and golden vectors in {golden_path(path).name}")
    return vectors


def _say_agreement(path: Path, agreement: Agreement) -> None:
    """Print how the model compares with its checkpoint. Raises UserError where it differs."""
    if agreement.error > TOLERANCE:
        raise UserError(f"{path} differs from its checkpoint by {agreement.error:.2g} in a log-probability")
    equal = f"{agreement.equal} of {agreement.rows} decisions as the checkpoint's"
    print(f"{equal}, log-probabilities within {agreement.error:.1g}")
    speed = f"{agreement.model_ms:.2f} ms, in torch {agreement.torch_ms:.2f} ms"
    print(f"one decision: {speed} ({agreement.ratio:.1f} times faster)")


def export(checkpoint: Checkpoint, network: Network) -> bytes:
    """The ONNX file of a checkpoint and the network built from it. Raises UserError without the exporter."""
    model = export_file(network)
    for name, value in _metadata(checkpoint).items():
        model.metadata_props.add(key=name, value=value)
    return sealed(model.SerializeToString())


def _metadata(checkpoint: Checkpoint) -> dict[str, str]:
    """What a checkpoint says of itself, as strings; what is structured is JSON."""
    structured: dict[str, Any] = {
        "spec": checkpoint.spec.to_dict(),
        "rules": checkpoint.rules,
        "network": checkpoint.network,
        "lineage": checkpoint.lineage,
        "counters": checkpoint.counters,
    }
    plain = {
        "format": FORMAT,
        "game": checkpoint.game,
        "kind": checkpoint.kind,
        "version": botgame.__version__,
        "temperature": repr(checkpoint.temperature),
        "faction": checkpoint.faction,
        **{name: str(limit) for name, limit in checkpoint.limits._asdict().items()},
    }
    return plain | {name: json.dumps(value, sort_keys=True) for name, value in structured.items()}


class Agreement(NamedTuple):
    """How a model compares with its checkpoint: equal decisions, the largest error, milliseconds a decision."""

    rows: int
    equal: int
    error: float
    model_ms: float
    torch_ms: float

    @property
    def ratio(self) -> float:
        """How many times faster the model decides for one seat."""
        return self.torch_ms / self.model_ms


def compare(checkpoint: NetworkPolicy, model: OnnxPolicy) -> Agreement:
    """Decide for `CHECK_ROWS` random rows with both, the checkpoint as torch computes it, and time single decisions."""
    checkpoint = in_torch(checkpoint)
    generator = np.random.default_rng(1)
    observation = random_observation(model.spec, CHECK_ROWS, generator)
    memory = generator.normal(size=(CHECK_ROWS, model.memory_size)).astype(np.float32)
    keys = generator.integers(0, 2**63, CHECK_ROWS).astype(np.uint64)
    expected, found = (policy.act_full(observation, memory, keys) for policy in (checkpoint, model))
    legal = observation["legal"]
    error = float(np.abs(expected[2] - found[2])[legal].max())
    equal = int((expected[0] == found[0]).all(axis=1).sum())
    one = {name: array[:1] for name, array in observation.items()}
    alone = one, memory[:1], keys[:1]
    return Agreement(CHECK_ROWS, equal, error, milliseconds(model, *alone), milliseconds(checkpoint, *alone))


def in_torch(policy: NetworkPolicy) -> NetworkPolicy:
    """The policy without the graph that it acts by on a CPU."""
    policy = copy.copy(policy)
    policy.step = TorchStep(policy.network)
    return policy


def milliseconds(policy: Policy, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> float:
    """Median processor time of a decision, after some to warm up."""
    times = []
    for _ in range(TIMED_CALLS):
        start = time.process_time()
        policy.act(observation, memory, keys)
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times[TIMED_CALLS // 10 :]))
