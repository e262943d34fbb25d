"""Export a checkpoint as one `.onnx` file that plays without torch: for servers, browsers, other languages.

    botgame export artifacts/alphastar/pi_rl.best.pt -o model.onnx

The graph is one decision step: inputs are the observation's arrays, `memory` [rows, M] (zeros at the start of a match),
`uniforms` [rows, H] in [0, 1] and `temperature` []; outputs are `actions` [rows, H], `next_memory` and `log_probs`.
Spec, rules and the stored temperature are in the file's metadata. The written file is run against the checkpoint
before the command says that it is done.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import botgame
from botgame import cli
from botgame.bots.onnx_policy import FORMAT, OUTPUTS, STATE, OnnxPolicy
from botgame.bots.policy import Observation, Policy
from botgame.bots.registry import split_style
from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.spec import Spec
from botgame.training.alphastar.checkpoint import Checkpoint, load_checkpoint
from botgame.training.alphastar.decision_step import DecisionStep
from botgame.training.alphastar.network import Network
from botgame.training.alphastar.policy import NetworkPolicy, load_policy, observation_shapes

OPSET = 20
CHECK_ROWS = 512
TIMED_CALLS = 200
TOLERANCE = 1e-3  # of a log-probability
_DTYPES = {"entity_mask": torch.bool, "legal": torch.bool, "raster": torch.uint8}


def build_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser("botgame export", "Export a checkpoint as an ONNX model of one decision step.")
    parser.add_argument("checkpoint", help="the .pt file to export; with @STYLE it plays in that style for good")
    parser.flag("--output", type=Path, default=Path("model.onnx"), help="the .onnx file to write")
    parser.add_argument("-o", dest="output", type=Path, default=Path("model.onnx"), help="the same")
    return parser


@cli.command
def main(argv: Sequence[str] | None = None) -> int:
    """Export, compare with the checkpoint, and say how fast both are."""
    args = build_parser().parse_args(argv)
    if args.output.suffix != ".onnx":
        raise UserError(f"--output {args.output} must end in .onnx: bots are told apart by their endings", 2)
    torch.set_num_threads(1)
    path, style = split_style(args.checkpoint)
    policy = load_policy(path, style=style)
    data = export(load_checkpoint(path), policy.network)
    write_atomic(args.output, data)
    print(f"{args.output}: {len(data) / 1024:.0f} KiB")
    agreement = compare(policy, OnnxPolicy(args.output))
    if agreement.error > TOLERANCE:
        raise UserError(f"{args.output} differs from its checkpoint by {agreement.error:.2g} in a log-probability")
    equal = f"{agreement.equal} of {agreement.rows} decisions as the checkpoint's"
    print(f"{equal}, log-probabilities within {agreement.error:.1g}")
    speed = f"{agreement.model_ms:.2f} ms, checkpoint {agreement.checkpoint_ms:.2f} ms"
    print(f"one decision: {speed} ({agreement.ratio:.1f} times faster)")
    return 0


def export(checkpoint: Checkpoint, network: Network) -> bytes:
    """The ONNX file of a checkpoint and the network built from it. Raises UserError without the exporter."""
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it and would only fail later
    except ImportError as error:
        raise UserError(f'exporting needs {error.name}; run: pip install "botgame[export]"') from error
    observation = random_observation(checkpoint.spec, 3, np.random.default_rng(0))
    tensors = {name: torch.from_numpy(array) for name, array in observation.items()}
    rows = {0: torch.export.Dim("rows")}
    inputs = (tensors, network.initial_memory(3).cpu(), torch.rand(3, len(checkpoint.spec.heads)), torch.tensor(1.0))
    with _quietly():
        program = torch.export.export(
            DecisionStep(network), inputs, dynamic_shapes=(dict.fromkeys(tensors, rows), rows, rows, None), strict=True
        )
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[*tensors, *STATE],
            output_names=list(OUTPUTS),
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    for traced in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        traced.ClearField("metadata_props")  # stack traces with paths of this machine
    onnx.helper.set_model_props(model, {**_metadata(checkpoint), "format": FORMAT})
    return bytes(model.SerializeToString())


def _metadata(checkpoint: Checkpoint) -> dict[str, str]:
    """What a checkpoint says of itself, as strings; all but `kind`, `version` and `temperature` are JSON."""
    structured: dict[str, Any] = {
        "spec": checkpoint.spec.to_dict(),
        "rules": checkpoint.rules,
        "network": checkpoint.network,
        "lineage": checkpoint.lineage,
        "counters": checkpoint.counters,
    }
    plain = {"kind": checkpoint.kind, "version": botgame.__version__, "temperature": repr(checkpoint.temperature)}
    return plain | {name: json.dumps(value, sort_keys=True) for name, value in structured.items()}


def random_observation(spec: Spec, rows: int, generator: np.random.Generator) -> Observation:
    """Every array that a policy of `spec` reads, filled at random; the first category of each head is legal."""
    observation: Observation = {}
    for name, shape in observation_shapes(spec).items():
        kind = _DTYPES.get(name)
        if kind is torch.uint8:
            observation[name] = generator.integers(0, 256, (rows, *shape)).astype(np.uint8)
        elif kind is torch.bool:
            observation[name] = generator.random((rows, *shape)) < 0.7
        else:
            observation[name] = generator.uniform(-1, 1, (rows, *shape)).astype(np.float32)
    observation["legal"][:, [part.start for part in spec.slices.values()]] = True
    return observation


class Agreement(NamedTuple):
    """How a model compares with its checkpoint: equal decisions, the largest error, milliseconds a decision."""

    rows: int
    equal: int
    error: float
    model_ms: float
    checkpoint_ms: float

    @property
    def ratio(self) -> float:
        """How many times faster the model decides for one seat."""
        return self.checkpoint_ms / self.model_ms


def compare(checkpoint: NetworkPolicy, model: OnnxPolicy) -> Agreement:
    """Decide for `CHECK_ROWS` random rows with both, and time single decisions."""
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


def milliseconds(policy: Policy, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> float:
    """Median processor time of a decision, after some to warm up."""
    times = []
    for _ in range(TIMED_CALLS):
        start = time.process_time()
        policy.act(observation, memory, keys)
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times[TIMED_CALLS // 10 :]))


@contextmanager
def _quietly() -> Iterator[None]:
    """The exporter warns of optional packages and of its own deprecations: nothing that a user could act on."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
