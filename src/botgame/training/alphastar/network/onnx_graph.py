"""A network's decision step as an ONNX graph: traced once for a kind of network, then filled with any weights.

Tracing takes seconds, filling milliseconds. So what was traced is kept on disk, without weights, under a hash of the
source that it was made from; it holds for every network of the same spec and sizes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from botgame import source_cache
from botgame.errors import UserError
from botgame.files import write_atomic
from botgame.onnx_session import OUTPUTS, STATE
from botgame.spec import Spec
from botgame.training.alphastar.network.decision_step import DecisionStep
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.observations import random_observation
from botgame.training.alphastar.network.presets import NetworkConfig

if TYPE_CHECKING:
    import onnx

OPSET = 20
_LIBRARIES = ("torch", "onnx", "onnxscript")
_ROWS = 3  # of the example that is traced


def graph(network: Network) -> bytes:
    """The decision step with the present weights of `network`, not optimised: the runtime does that when it loads it.

    A network that is told something has `condition` [rows, C] among its inputs. Raises UserError without the exporter.
    """
    skeleton = _skeleton(network.spec, network.config)
    model = type(skeleton)()
    model.CopyFrom(skeleton)
    tensors = _tensors(network)
    for initializer in model.graph.initializer:
        if initializer.name in tensors:
            initializer.raw_data = tensors[initializer.name].detach().cpu().numpy().tobytes()
    return bytes(model.SerializeToString())


@functools.cache
def has_graph(spec: Spec, config: NetworkConfig) -> bool:
    """Whether such networks can be traced here; says so once where they cannot."""
    try:
        _skeleton(spec, config)
    except Exception as error:  # whatever the exporter raises where it does not support this machine
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        print(f"warning: networks act by torch, which is slower: they cannot be traced ({reason})", file=sys.stderr)
        return False
    return True


def traced(network: Network, *, told: bool, optimize: bool) -> onnx.ModelProto:
    """The decision step of `network`; `told`: with `condition` as an input, else what it is told is in the graph."""
    try:
        import onnxscript  # noqa: F401 - torch's exporter needs it and would only fail later
    except ImportError as error:
        raise UserError(f'exporting needs {error.name}; run: pip install "botgame[train]"') from error
    generator = np.random.default_rng(0)
    observation = random_observation(network.spec, _ROWS, generator)
    if told:
        observation["condition"] = generator.random((_ROWS, network.config.condition), np.float32)
    tensors = {name: torch.from_numpy(array) for name, array in observation.items()}
    rows = {0: torch.export.Dim("rows")}
    uniforms = torch.rand(_ROWS, len(network.spec.heads), generator=torch.Generator().manual_seed(0))
    inputs = (tensors, network.initial_memory(_ROWS).cpu(), uniforms, torch.tensor(1.0))
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
            optimize=optimize,
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")  # stack traces with paths of this machine
    return model


@functools.lru_cache(maxsize=8)
def _skeleton(spec: Spec, config: NetworkConfig) -> onnx.ModelProto:
    """The graph of such networks without weights."""
    versions = [importlib.metadata.version(library) for library in _LIBRARIES]
    kind = json.dumps([spec.digest(), config.to_dict(), versions], sort_keys=True)
    path = source_cache.root() / "graphs" / f"{source_cache.digest(Path(__file__).resolve(), kind)}.onnx"
    if (kept := _kept(path)) is not None:
        return kept
    print("preparing the network's fast path (once for each kind of network, some seconds)", file=sys.stderr)
    network = Network(spec, config)
    model = traced(network, told=bool(config.condition), optimize=False)
    for initializer in model.graph.initializer:
        if initializer.name in _tensors(network):
            initializer.ClearField("raw_data")
    with contextlib.suppress(UserError):  # a cache that cannot be written only costs time
        write_atomic(path, model.SerializeToString())
    return model


def _kept(path: Path) -> onnx.ModelProto | None:
    """What lies there, if it can be read."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load_model_from_string(path.read_bytes())
    except (OSError, DecodeError):
        return None


def _tensors(network: Network) -> dict[str, torch.Tensor]:
    """Parameters and buffers by their names in the graph."""
    return {f"network.{name}": tensor for name, tensor in chain(network.named_parameters(), network.named_buffers())}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter warns of optional packages and of its own deprecations: nothing that a user could act on."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
